// The recorded verdicts of codex' apply_patch: every case of ../shared/cases/v4a.jsonl, and the project's own.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "tests/support/shared.h"
#include "tests/tools/patch/memory_reader.h"
#include "tools/patch/patch.h"

using namespace wright;
using namespace wright::tools::patch;
using test::MemoryReader;

namespace {

// Text that says how a case differs; "" when it agrees.
std::string differs(const Json& c, bool compat) {
  MemoryReader reader(test::case_files(c["files"]));
  const Plan plan = make_plan(Format::v4a, c["patch"].get<std::string>(), reader, {compat, {}});
  const auto expected = test::case_files(c["expected"]);
  const std::string want = c["class"].get<std::string>(), got = plan.failure ? plan.failure->kind : "ok";
  const auto tree = test::apply_to_memory(reader.files(), plan.changes);
  if (compat) {
    if (got != want) return "class " + got + ", expected " + want;
    return tree == expected ? "" : "another tree";
  }
  if (want == "ok") return got != "ok" ? "failed: " + got : tree == expected ? "" : "another tree";
  if (got != "ok" && tree != reader.files()) return "failed, but changed files";
  return "";  // applies where the origin fails: counted apart
}

void run_cases(const std::string& path, std::size_t least) {
  std::ifstream in(path);
  std::size_t count = 0, beyond = 0;
  std::map<std::string, int> beyond_classes;
  for (std::string line; std::getline(in, line);) {
    const Json c = Json::parse(line);
    ++count;
    INFO(c["id"].get<std::string>() << " " << c["tags"].dump() << "\n" << c["patch"].get<std::string>());
    CHECK(differs(c, true) == "");
    CHECK(differs(c, false) == "");
    MemoryReader reader(test::case_files(c["files"]));
    if (c["class"] != "ok" && !make_plan(Format::v4a, c["patch"].get<std::string>(), reader).failure) ++beyond, ++beyond_classes[c["class"].get<std::string>()];
  }
  CHECK(count >= least);
  WARN(count << " cases; " << beyond << " that the origin refuses apply by default: " << Json(beyond_classes).dump());
}

}  // namespace

TEST_CASE("v4a: the recorded verdicts of the format's origin") {
  if (const auto path = test::shared_path("cases/v4a.jsonl")) run_cases(*path, 712);
}

TEST_CASE("v4a: the project's own cases") { run_cases(WRIGHT_SOURCE_DIR "/tests/data/patch/v4a.jsonl", 30); }

TEST_CASE("v4a: blank lines and one more end marker may follow the end") {
  const auto kind = [](const std::string& tail) {
    MemoryReader reader(test::Files{{"f", "a\n"}});
    const Plan plan = make_plan(Format::v4a, "*** Begin Patch\n*** Update File: f\n@@\n-a\n+b\n*** End Patch\n" + tail, reader, {true, {}});
    return plan.failure ? plan.failure->kind : "ok";
  };
  CHECK(kind("") == "ok");
  CHECK(kind("\n\n*** End Patch\n") == "ok");
  CHECK(kind("*** End Patch\n") == "ok");
  CHECK(kind("*** End Patch\n*** End Patch\n") == "no-end");
  CHECK(kind("text\n*** End Patch\n") == "no-end");
  CHECK(kind("text\n") == "no-end");
}
