// Traced and screening runs: what our Python sees inside of pytest and unittest, and that nothing of it decides alone.
#include <catch2/catch.hpp>

#include "agent/search/watched_run.h"
#include "tests/agent/search/project.h"

using namespace wright;
using namespace wright::agent;
using namespace wright::agent::search;

namespace {

const std::map<std::string, std::string> kShop{
    {"shop.py", "def unused(a):\n    return a\n\ndef tax(price):\n    return price * 2\n\ndef total(prices):\n    out = 0\n    for price in prices:\n        out = price\n    return out\n"},
    {"test_shop.py",
     "import unittest\nimport shop\n\nclass Shop(unittest.TestCase):\n    def test_a_tax(self):\n        self.assertEqual(shop.tax(2), 4)\n"
     "    def test_b_one(self):\n        self.assertEqual(shop.total([3]), 3)\n    def test_c_two(self):\n        self.assertEqual(shop.total([3, 4]), 7)\n"}};

bool have_pytest() {
  if (!have("python3")) return false;
  if (std::system("python3 -m pytest --version >/dev/null 2>&1") == 0) return true;
  WARN("skipped: no pytest");
  return false;
}

TrialResult run_in(const FixRequest& request, TrialRun run) {
  auto trials = Trials::open(request);
  REQUIRE(trials.ok());
  auto result = (*trials)->run(Context(), run);
  REQUIRE(result.ok());
  return std::move(*result);
}

void check_runner(const std::string& command, const std::string& prefix) {
  const Project project(kShop);
  const FixRequest request = request_in(project.path, command);
  const RanLines ran = read_traces(run_in(request, tracing_run(request, std::chrono::seconds(20))));
  REQUIRE(ran.lines.count("shop.py"));
  CHECK(ran.lines.at("shop.py").count(10));
  CHECK_FALSE(ran.lines.at("shop.py").count(2));  // nobody calls it
  REQUIRE(ran.runner.size() == 3);
  CHECK(ran.runner[2].id == prefix + "test_c_two");
  CHECK_FALSE(ran.runner[2].ok);
  CHECK(ran.runner[0].ok);
  CHECK(ran.startup > 0);

  const Screen screen = plan_screen(ran, {}, 0.5, false);
  CHECK(screen.on);
  CHECK(screen.first == std::vector<std::string>{prefix + "test_c_two"});
  const auto outcome = [&](const std::string& shop) {
    TrialRun run = screening_run(request, screen, std::chrono::seconds(20));
    run.files.emplace_back("shop.py", shop);
    const TrialResult result = run_in(request, run);
    return std::pair(read_outcome(result.command, result.root), ended_as_slow(result));
  };
  const std::string shop = kShop.at("shop.py");
  const auto replaced = [&](const std::string& old, const std::string& fresh) { return std::string(shop).replace(shop.find(old), old.size(), fresh); };
  const auto right = outcome(replaced("out = price\n", "out += price\n"));
  CHECK(right.first.ok);
  CHECK(right.first.passed == 3);
  const auto wrong = outcome(shop);
  CHECK_FALSE(wrong.first.ok);
  CHECK(wrong.first.passed == 0);  // the one that failed before came first, and the run ended with it
  const auto half = outcome(replaced("out = price\n    return out", "out = 7\n    return out"));
  CHECK_FALSE(half.first.ok);
  CHECK(half.first.passed >= 1);
  const auto loop = outcome(replaced("        out = price\n", "        while True: out = price\n"));
  CHECK_FALSE(loop.first.ok);
  CHECK(loop.second);
}

}  // namespace

TEST_CASE("fix: unittest from inside, traced and screened") {
  if (have("python3")) check_runner("python3 -m unittest", "test_shop.Shop.");
}

TEST_CASE("fix: pytest from inside, traced and screened") {
  if (have_pytest()) check_runner("python3 -m pytest -q", "test_shop.py::Shop::");
}

TEST_CASE("fix: only functions that ran are looked at, a plain run confirms what the screening passed") {
  if (!have("python3")) return;
  const Project project(kShop);
  int passes_at = 0;
  const auto report = fix(Context(), request_in(project.path, "python3 -m unittest"), [&](const FixProgress& note) {
    if (note.kind == FixProgress::Kind::passed && passes_at == 0) passes_at = note.runs;
  });
  REQUIRE(report.ok());
  CHECK(report->verified);
  REQUIRE(report->looked_at.size() >= 2);
  CHECK(report->looked_at[0] == "shop.py:7 total()");
  for (const std::string& place : report->looked_at) CHECK(place.find("unused") == std::string::npos);
  CHECK(report->patch.tests_after == "3 passed");
  CHECK(report->first_pass == passes_at);
  CHECK(report->runs > report->candidates + 2);  // baseline, trace, and a run more for what passed
}

TEST_CASE("fix: tests that trace themselves") {
  if (!have("python3")) return;
  std::map<std::string, std::string> files = kShop;
  files["test_shop.py"] = "import sys\nsys.settrace(None)\nimport threading\nthreading.settrace(None)\n" + files["test_shop.py"];
  files["check.sh"] = "exec python3 -c 'import sys; sys.settrace(None); import unittest; unittest.main(\"test_shop\")'\n";
  const Project project(files);
  const auto report = fix(Context(), request_in(project.path, "sh check.sh"), [](const FixProgress&) {});
  REQUIRE(report.ok());
  CHECK(report->verified);
}

// A program that behaves while it is watched passes no search: the plain run decides.
TEST_CASE("fix: what passes only under the screening is not verified") {
  if (!have("python3")) return;
  const Project project({{"seen.py", "import sys\n\ndef seen():\n    return False\n\ndef hooked():\n    return 'wright_runner_hooks' in sys.modules\n"},
                         {"test_seen.py", "import unittest\nimport seen\n\nclass T(unittest.TestCase):\n    def test_it(self):\n        self.assertTrue(seen.seen() and seen.hooked())\n"}});
  FixRequest request = request_in(project.path, "python3 -m unittest");
  request.max_runs = 40;
  request.files = {"seen.py"};
  const auto report = fix(Context(), request, [](const FixProgress&) {});
  REQUIRE(report.ok());
  for (const auto& [name, text] : report->patch.files) CHECK(text.find("return 'wright_runner_hooks' in sys.modules\n") == std::string::npos);
}
