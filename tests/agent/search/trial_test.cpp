// Trials and attempts: copies where overlays do not work, death in the middle of a search, edits that are not needed.
#include <signal.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>

#include "agent/search/attempt.h"
#include "tests/agent/search/project.h"

using namespace wright;
using namespace wright::agent;
using namespace wright::agent::search;

namespace {

const std::map<std::string, std::string> kCount{
    {"count.py", "def count(xs):\n    n = 1\n    for x in xs:\n        n += 2\n    return n\n"},
    {"test_count.py", "import time\nfrom count import count\ntime.sleep(0.1)\nopen('left_by_the_test', 'w').write('x')\nassert count([]) == 0\nassert count([5, 6]) == 2\n"}};

int scratch_of(int process) {
  int count = 0;
  const std::string prefix = "wright-fix-" + std::to_string(::getuid()) + "-" + std::to_string(process) + "-";
  for (const char* folder : {"/dev/shm", "/tmp", "/var/tmp"})
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      if (entry.path().filename().string().starts_with(prefix)) ++count;
  return count;
}

}  // namespace

TEST_CASE("fix: in copies, the user's tree untouched and each candidate in a clean one") {
  if (!have("python3")) return;
  const Project project({{"area.py", "def area(w, h):\n    return w + h\n"},
                         {"test_area.py", "import os\nassert not os.path.exists('left')\nopen('left', 'w').write('x')\nos.remove('left')\nfrom area import area\nassert area(2, 3) == 6\nassert area(5, 4) == 20\n"}});
  const auto before = project.tree();
  FixRequest request = request_in(project.path, "python3 test_area.py");
  request.copies = true;
  const auto report = fix(Context(), request, [](const FixProgress&) {});
  REQUIRE(report.ok());
  CHECK(report->verified);
  REQUIRE(report->patch.files.size() == 1);
  CHECK(report->patch.files[0].second == "def area(w, h):\n    return w * h\n");
  CHECK(project.tree() == before);
  CHECK(scratch_of(::getpid()) == 0);
}

TEST_CASE("fix: killed in the middle, the tree is as it was and the next search clears up") {
  if (!have("python3")) return;
  const Project project(kCount);
  const auto before = project.tree();
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    (void)fix(Context(), request_in(project.path, "python3 test_count.py"), [](const FixProgress&) {});
    ::_exit(0);
  }
  for (int i = 0; i < 500 && scratch_of(child) == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status));
  CHECK(project.tree() == before);
  const auto passing = fix(Context(), request_in(project.path, "true"), [](const FixProgress&) {});
  REQUIRE(passing.ok());
  CHECK(scratch_of(child) == 0);
  CHECK(project.tree() == before);
}

TEST_CASE("fix: two edits where one alone helps nothing; an edit that is not needed is left out") {
  if (!have("python3")) return;
  const Project project(kCount);
  const FixRequest request = request_in(project.path, "python3 test_count.py");
  const auto report = fix(Context(), request, [](const FixProgress&) {});
  REQUIRE(report.ok());
  CHECK(report->verified);

  auto trials = Trials::open(request);
  REQUIRE(trials.ok());
  std::vector<Source> sources;
  auto source = read_source("count.py", kCount.at("count.py"), tools::Language::python);
  REQUIRE(source.ok());
  sources.push_back(std::move(*source));
  const std::string& text = sources[0].text();
  const auto at = [&](const char* words) { return text.find(words); };
  Passed passed;
  passed.candidate.edits = {{at("n = 1") + 4, at("n = 1") + 5, "0"}, {at("for x") + 4, at("for x") + 5, "y"}, {at("+= 2") + 3, at("+= 2") + 4, "1"}};
  FixReport into;
  const Outcome failed{.ok = false};
  const TestTexts tests;
  const Progress quiet = [](const FixProgress&) {};
  const Context context;
  Attempts attempts(context, request, **trials, sources, into, failed, tests, quiet, {}, {std::chrono::seconds(20), std::chrono::seconds(20), 1, 1});
  REQUIRE(attempts.minimise(passed).ok());
  CHECK(apply_edits(text, passed.candidate.edits) == "def count(xs):\n    n = 0\n    for x in xs:\n        n += 1\n    return n\n");
  CHECK(into.runs == 3);
}
