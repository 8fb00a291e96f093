// The recorded verdicts of aider's EditBlockCoder: ../shared/cases/search_replace.jsonl, and the project's own cases.
#include <catch2/catch.hpp>
#include <fstream>

#include "base/json.h"
#include "tests/support/shared.h"
#include "tests/tools/patch/memory_reader.h"

using namespace wright;
using namespace wright::tools::patch;
using test::MemoryReader;

namespace {

std::string differs(const Json& c, bool compat) {
  MemoryReader reader(test::case_files(c["files"]));
  const Plan plan = make_plan(Format::search_replace, c["reply"].get<std::string>(), reader, {compat, c["chat"].get<std::vector<std::string>>()});
  const std::string want = c["error"].is_null() ? "ok" : c["error"].get<std::string>(), got = plan.failure ? plan.failure->kind : "ok";
  if (got != want) return "error " + got + ", expected " + want;
  const auto tree = test::apply_to_memory(reader.files(), plan.changes);
  if (Json(plan.shell_commands) != c["shell"] && want != "no-filename" && want != "no-divider" && want != "no-end") return "other shell commands";
  if (want != "ok" && !compat) return tree == reader.files() ? "" : "failed, but changed files";
  return tree == test::case_files(c["expected"]) ? "" : "another tree";
}

void run_cases(const std::string& path, std::size_t least) {
  std::ifstream in(path);
  std::size_t count = 0, agree[2] = {0, 0}, quirks = 0;
  for (std::string line; std::getline(in, line);) {
    const Json c = Json::parse(line);
    if (c.contains("quirk")) {
      ++quirks;
      continue;
    }
    ++count;
    for (const bool compat : {true, false}) {
      const std::string how = differs(c, compat);
      agree[compat] += how.empty() ? 1 : 0;
      if (!how.empty()) WARN(c["id"].get<std::string>() << (compat ? " compat " : " ") << c["tags"].dump() << ": " << how);
    }
  }
  CHECK(count + quirks >= least);
  CHECK(agree[1] * 1000 >= count * 980);
  CHECK(agree[0] * 1000 >= count * 980);
  WARN(count << " cases, " << agree[1] << " agree with --compat, " << agree[0] << " by default; " << quirks << " quirks left out");
}

}  // namespace

TEST_CASE("search-replace: the recorded verdicts of the format's origin") {
  if (const auto path = test::shared_path("cases/search_replace.jsonl")) run_cases(*path, 250);
}

TEST_CASE("search-replace: the project's own cases") { run_cases(WRIGHT_SOURCE_DIR "/tests/data/patch/search_replace.jsonl", 30); }
