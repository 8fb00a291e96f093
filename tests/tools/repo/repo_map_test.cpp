#include "tools/repo/repo_map.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "base/hash.h"
#include "tests/support/shared.h"
#include "tests/support/temp_folder.h"

using namespace wright;
using namespace wright::tools;

namespace {

struct Ranking {
  std::shared_ptr<RepoIndex> index;
  std::shared_ptr<const RepoSnapshot> snapshot;
  std::vector<RankedSymbol> symbols;
};

Ranking ranked(const std::string& folder, const MapOptions& options = {}) {
  const auto index = RepoIndex::open(folder);
  REQUIRE(index.ok());
  const auto snapshot = (*index)->fresh();
  REQUIRE(snapshot.ok());
  auto symbols = rank_symbols(**snapshot, options);
  REQUIRE(symbols.ok());
  return {*index, *snapshot, std::move(*symbols)};
}

std::string first(const Ranking& r, std::size_t n) {
  std::string out;
  for (std::size_t i = 0; i < std::min(n, r.symbols.size()); ++i) out += (i ? " " : "") + r.symbols[i].file->name + ":" + r.symbols[i].name;
  return out;
}

const std::map<std::string, std::string> kProject = {
    {"core.py", "class Engine:\n    def start_engine(self):\n        pass\n\n\ndef helper_function():\n    pass\n\n\ndef _private_thing():\n    pass\n"},
    {"a.py", "from core import *\ndef run_a():\n    Engine().start_engine()\n    helper_function()\n"},
    {"b.py", "from core import *\ndef run_b():\n    Engine()\n    helper_function()\n    _private_thing()\n"},
    {"c.py", "def run_c():\n    helper_function()\n    run_a()\n"},
};

}  // namespace

TEST_CASE("repo map: what many use comes first; mentions and the chat shift it") {
  const test::TempFolder folder(kProject);
  CHECK(first(ranked(folder.path()), 1) == "core.py:helper_function");
  CHECK(first(ranked(folder.path(), {.mentions = {"Engine"}}), 2).find("core.py:Engine") != std::string::npos);
  const Ranking chat = ranked(folder.path(), {.chat_files = {"c.py"}});
  for (const RankedSymbol& s : chat.symbols) CHECK(s.file->name != "c.py");
  CHECK(first(chat, 2).find("run_a") == std::string::npos);
  double sum = 0;
  for (std::size_t i = 1; i < chat.symbols.size(); ++i) CHECK(chat.symbols[i - 1].score >= chat.symbols[i].score);
  for (const RankedSymbol& s : ranked(folder.path()).symbols) sum += s.score;
  CHECK(sum <= 1.0 + 1e-9);  // a share of the whole rank each
}

TEST_CASE("repo map: text shows definitions with their scopes and keeps the budget") {
  const test::TempFolder folder(kProject);
  folder.write("README.md", "# x\n");
  const Ranking r = ranked(folder.path());
  const auto whole = render_map(r.index->root(), r.symbols, 10'000);
  REQUIRE(whole.ok());
  CHECK(whole->symbols == r.symbols.size());
  CHECK(whole->text.find("README.md\n") == 0);
  CHECK(whole->text.find("\ncore.py:\n│class Engine:\n│    def start_engine(self):\n⋮\n│def helper_function():\n⋮\n│def _private_thing():\n⋮\n") != std::string::npos);
  std::size_t last = 0;
  for (const std::size_t budget : {1, 5, 20, 40, 60, 100}) {
    const auto map = render_map(r.index->root(), r.symbols, budget);
    REQUIRE(map.ok());
    CHECK(estimate_tokens(map->text) <= budget);
    CHECK(map->symbols >= last);
    last = map->symbols;
  }
  CHECK(last > 0);
  // Another way of counting tokens is respected.
  CHECK(render_map(r.index->root(), r.symbols, 1000, [](std::string_view t) { return t.size() * 10; })->text.size() <= 100);
}

TEST_CASE("repo map: nobody refers to anything, or nothing is there") {
  const test::TempFolder lonely({{"a.py", "def f(): pass\n"}, {"b.py", "def g(): pass\n"}});
  CHECK(ranked(lonely.path()).symbols.size() == 2);
  const test::TempFolder empty;
  const Ranking none = ranked(empty.path());
  CHECK(none.symbols.empty());
  CHECK(render_map(none.index->root(), none.symbols, 100)->text.empty());
}

TEST_CASE("repo map: ranks as aider does") {
  const auto path = test::shared_path("cases/repomap.json");
  if (!path) return;
  const auto cases = nlohmann::json::parse(std::ifstream(*path));
  for (const auto& repository : cases["repositories"]) {
    const std::string name = repository["sdist"].get<std::string>() + "-" + repository["version"].get<std::string>();
    // Where tests/tools/repo/fetch_sdist unpacks it.
    const auto variable = [](const char* v) { return std::string(std::getenv(v) ? std::getenv(v) : ""); };
    const std::string cache = variable("XDG_CACHE_HOME").empty() ? variable("HOME") + "/.cache" : variable("XDG_CACHE_HOME");
    const std::string at = (variable("WRIGHT_SDISTS").empty() ? cache + "/wright/sdists" : variable("WRIGHT_SDISTS")) + "/" + name;
    if (!exists(at)) {
      WARN("skipped: " + name + " is not unpacked; tests/tools/repo/fetch_sdist does it");
      continue;
    }
    for (const auto& query : repository["queries"]) {
      MapOptions options;
      for (const auto& mention : query["mentioned_identifiers"]) options.mentions.push_back(mention.get<std::string>());
      const Ranking r = ranked(at, options);
      std::set<std::pair<std::string, std::string>> wanted;
      for (std::size_t i = 0; i < 20; ++i) wanted.emplace(query["order"][i][0].get<std::string>(), query["order"][i][1].get<std::string>());
      int same = 0;
      for (std::size_t i = 0; i < std::min<std::size_t>(20, r.symbols.size()); ++i) same += static_cast<int>(wanted.count({r.symbols[i].file->name, r.symbols[i].name}));
      CAPTURE(query["mentioned_identifiers"].dump());
      CHECK(same / 20.0 >= std::min(0.8, query["top20_agreement"].get<double>() - 0.1));
    }
  }
}
