// Recorded verdicts of GNU patch, git and aider: ../shared/cases/udiff.jsonl, and the project's own cases. "Better" are cases that
// the oracle refuses and one place fits; an ambiguous answer is as good as a result that was not the intended one.
#include <catch2/catch.hpp>
#include <fstream>

#include "base/json.h"
#include "tests/support/shared.h"
#include "tests/tools/patch/memory_reader.h"

using namespace wright;
using namespace wright::tools::patch;
using test::MemoryReader;

namespace {

struct Tally {
  std::size_t count = 0, agree = 0, better = 0, class_differs = 0;
};

std::string judge(const Json& c, Tally& tally) {
  MemoryReader reader(test::case_files(c["files"]));
  const Plan plan = make_plan(Format::unified, c["patch"].get<std::string>(), reader);
  const std::string got = plan.failure ? plan.failure->kind : "ok";
  ++tally.count;
  if (c.contains("error")) {
    if (got == "ok") return ++tally.better, ++tally.agree, "";
    tally.class_differs += got != c["error"].get<std::string>() ? 1 : 0;
    return ++tally.agree, "";
  }
  if (got == "ambiguous" && c.value("as_intended", true) == false) return ++tally.agree, "";
  if (got != "ok") return "failed: " + got + ": " + plan.failure->error.text();
  if (test::apply_to_memory(reader.files(), plan.changes) != test::case_files(c["expected"])) return "another tree";
  return ++tally.agree, "";
}

void run_cases(const std::string& path, std::size_t least) {
  std::ifstream in(path);
  Tally tally;
  for (std::string line; std::getline(in, line);) {
    const Json c = Json::parse(line);
    if (const auto how = judge(c, tally); !how.empty()) WARN(c["id"].get<std::string>() << " " << c["tags"].dump() << " " << c["oracle"] << ": " << how);
  }
  CHECK(tally.count >= least);
  CHECK(tally.agree * 100 >= tally.count * 95);
  CHECK(tally.better * 100 <= tally.count * 10);
  WARN(tally.agree << " of " << tally.count << " agree; " << tally.better << " that the oracle refuses apply; " << tally.class_differs << " refused with another word");
}

}  // namespace

TEST_CASE("unified: the recorded verdicts of patch, git and aider") {
  if (const auto path = test::shared_path("cases/udiff.jsonl")) run_cases(*path, 150);
}

TEST_CASE("unified: the project's own cases") { run_cases(WRIGHT_SOURCE_DIR "/tests/data/patch/udiff.jsonl", 30); }
