// fix() end to end, in overlays, on small projects written here and on the examples that ship.
#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>

#include "agent/search/locate.h"
#include "agent/search/search.h"
#include "agent/search/tamper.h"
#include "base/file.h"
#include "tests/agent/search/project.h"

using namespace wright;
using namespace wright::agent;

namespace {

const std::map<std::string, std::string> kPython{{"area.py", "def area(w, h):\n    # in metres\n    return w + h\n"},
                                                 {"test_area.py", "from area import area\nassert area(2, 3) == 6\nassert area(5, 4) == 20\n"}};

int scratch_folders() {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm"))
    if (entry.path().filename().string().find("wright-fix-" + std::to_string(::getuid()) + "-" + std::to_string(::getpid()) + "-") == 0) ++count;
  return count;
}

}  // namespace

TEST_CASE("fix: a verified patch, layout kept, the user's tree untouched") {
  if (!have("python3")) return;
  const Project project(kPython);
  const auto before = project.tree();
  std::vector<FixProgress> notes;
  const auto report = fix(Context(), request_in(project.path, "python3 test_area.py"), [&](const FixProgress& note) { notes.push_back(note); });
  REQUIRE(report.ok());
  CHECK(report->verified);
  REQUIRE(report->patch.files.size() == 1);
  CHECK(report->patch.files[0].second == "def area(w, h):\n    # in metres\n    return w * h\n");
  CHECK(report->patch.diff.find("--- a/area.py") != std::string::npos);
  CHECK(report->runs >= 3);
  CHECK(report->runs <= 200);
  CHECK(report->tests_before == "exit 1");
  CHECK(project.tree() == before);
  CHECK(scratch_folders() == 0);
  CHECK(std::any_of(notes.begin(), notes.end(), [](const FixProgress& n) { return n.kind == FixProgress::Kind::passed && n.file == "area.py" && n.line == 3; }));
  REQUIRE_FALSE(report->looked_at.empty());
  CHECK(report->looked_at[0] == "area.py:1 area()");
}

TEST_CASE("fix: the examples that ship") {
  for (const auto& [example, test, program, file, after] :
       {std::tuple{"buggy-python", "python3 -m unittest", "python3", "library.py", "6 passed"}, {"buggy-javascript", "node --test", "node", "src/cart.js", "4 passed"}}) {
    if (!have(program)) continue;
    const Project project{std::string(example)};
    const auto report = fix(Context(), request_in(project.path, test), [](const FixProgress&) {});
    REQUIRE(report.ok());
    CHECK(report->verified);
    REQUIRE(report->patch.files.size() == 1);
    CHECK(report->patch.files[0].first == file);
    CHECK(report->patch.tests_after == after);
  }
}

TEST_CASE("fix: passing already, not runnable, nothing that may change, out of runs") {
  if (!have("python3")) return;
  const Project project(kPython);
  const auto quiet = [](const FixProgress&) {};
  auto passing = fix(Context(), request_in(project.path, "true"), quiet);
  REQUIRE(passing.ok());
  CHECK(passing->already_passing);
  CHECK_FALSE(passing->verified);
  CHECK(passing->runs == 1);
  for (const char* command : {"no-such-program-here", "python3 no_such_file.py", "python3 -m no_such_module", "./area.py"}) {
    const auto broken = fix(Context(), request_in(project.path, command), quiet);
    INFO(command);
    REQUIRE_FALSE(broken.ok());
    CHECK(broken.error().kind == ErrorKind::usage);
  }
  FixRequest only = request_in(project.path, "python3 test_area.py");
  only.files = {"lib/*.py"};
  const auto none = fix(Context(), only, quiet);
  REQUIRE(none.ok());
  CHECK_FALSE(none->verified);
  CHECK(none->why_none.find("--files") != std::string::npos);
  FixRequest few = request_in(project.path, "python3 -c 'import area; assert area.area(1, 1) == 77123'");
  few.max_runs = 7;
  const auto spent = fix(Context(), few, quiet);
  REQUIRE(spent.ok());
  CHECK_FALSE(spent->verified);
  CHECK(spent->runs <= 7);
  CHECK(spent->why_none == "all runs are used");
}

TEST_CASE("fix: an endless loop in the program, and cancelling at once") {
  if (!have("python3")) return;
  const Project project({{"count.py", "def count(n):\n    total = 0\n    while n > 0:\n        total += n\n        n += 1\n    return total\n"},
                         {"test_count.py", "from count import count\nassert count(3) == 6\nassert count(0) == 0\n"}});
  FixRequest request = request_in(project.path, "python3 test_count.py");
  request.test_timeout = std::chrono::milliseconds(1500);
  const auto report = fix(Context(), request, [](const FixProgress&) {});
  REQUIRE(report.ok());
  CHECK(report->verified);
  CHECK(report->patch.files.at(0).second.find("        n += 1\n") == std::string::npos);
  CHECK(report->tests_before.find("timed out") == 0);

  const Context context;
  std::thread user([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    context.cancel();
  });
  const auto before = project.tree();
  request.test_timeout = std::chrono::seconds(60);
  const auto cancelled = fix(context, request, [](const FixProgress&) {});
  user.join();
  REQUIRE_FALSE(cancelled.ok());
  CHECK(cancelled.error().kind == ErrorKind::cancelled);
  CHECK(project.tree() == before);
  CHECK(scratch_folders() == 0);
}

TEST_CASE("fix: counts of passed and failed tests, as programs print them") {
  using namespace wright::agent::search;
  struct Row { const char* text; int passed, failed; };
  for (const Row& row : {Row{"==== 2 failed in 0.1s ====\n", 0, 2}, {"2 failed, 1 warning in 0.1s\n", 0, 2}, {"1 failed, 3 passed in 1s\n", 3, 1}, {"4 passed in 0.1s\n", 4, 0},
                         {"1 error in 0.1s\n", 0, 1}, {"2 errors in 0.1s\n", 0, 2}, {"Tests: 1 failed, 2 total\n", 0, 1}, {"2 failed\n", -1, 2}, {"0 failed\n", -1, 0},
                         {"Ran 3 tests in 0.01s\n\nFAILED (failures=1)\n", 2, 1}, {"  3 passing\n  1 failing\n", 3, 1}, {"hello\n", -1, -1}}) {
    INFO(row.text);
    tools::CommandResult result;
    result.exit_status = 1;
    result.output = row.text;
    const Outcome outcome = read_outcome(result, "/w");
    CHECK(outcome.passed == row.passed);
    CHECK(outcome.failed == row.failed);
  }
}

TEST_CASE("fix: what a command runs is a test, what it compiles is not") {
  using namespace wright::agent::search;
  CHECK(is_protected("check.js", "node check.js"));
  CHECK(is_protected("check.py", "cd x && python3 ./check.py"));
  CHECK(is_protected("a/Check.java", "javac a/*.java && java -cp a Check"));
  CHECK(is_protected("a/Check.java", "java -cp out a.Check"));
  CHECK_FALSE(is_protected("heap.c", "gcc -o t heap.c main.c && ./t"));
  CHECK_FALSE(is_protected("Gcd.java", "javac Gcd.java && java Check"));
  CHECK_FALSE(is_protected("check.js", "node other.js"));
  CHECK(is_protected("test_heap.c", "gcc test_heap.c"));
  CHECK(is_protected("python_testcases/x.py", "python3 -m pytest"));
}

TEST_CASE("fix: tampering is refused with a reason") {
  using namespace wright::agent::search;
  const std::string source = "def f(x):\n    return x\n";
  const auto reason = [&](const std::string& line, const std::string& tests = "", Outcome before = {}, Outcome after = {}) {
    return tampering(source, {{10, 10, "    " + line + "\n"}}, {tests}, before, after);
  };
  CHECK(reason("x = abs(x)").empty());
  CHECK_FALSE(reason("import sys; sys.exit(0)").empty());
  CHECK_FALSE(reason("raise SystemExit").empty());
  CHECK_FALSE(reason("exit(0)").empty());
  CHECK_FALSE(reason("if 'PYTEST_CURRENT_TEST' in os.environ: return 1").empty());
  CHECK_FALSE(reason("import pytest; pytest.skip('x')").empty());
  CHECK_FALSE(reason("if x == 'racecar': return True", "assert f('racecar')").empty());
  CHECK_FALSE(reason("if x == [3, 1, 2]: return 6", "assert f([3, 1, 2]) == 6").empty());
  CHECK(reason("if x == 'other': return True", "assert f('racecar')").empty());
  CHECK(reason("if x == 0: return True", "assert f(0)").empty());
  CHECK(reason("if x == -1: return True", "assert f(-1)").empty());
  CHECK_FALSE(reason("if x == 1729: return True", "assert f(1729)").empty());
  CHECK_FALSE(reason("x = 1", "", {.passed = 3, .failed = 1}, {.ok = true, .passed = 2, .failed = 0}).empty());
  CHECK(reason("x = 1", "", {.passed = 3, .failed = 1}, {.ok = true, .passed = 4, .failed = 0}).empty());
}
