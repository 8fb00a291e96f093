// Not a test but a measurement, hidden from ctest: WRIGHT_BENCH_TREE=folder test_tools "[bench-index]" prints one JSON line.
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tools/repo/repo_map.h"

using namespace wright;
using namespace wright::tools;

TEST_CASE("index: speed", "[.][bench-index]") {
  const char* folder = std::getenv("WRIGHT_BENCH_TREE");
  if (!folder) return;
  nlohmann::json out;
  const auto timed = [&](const char* name, auto&& work) {
    const auto wall = std::chrono::steady_clock::now();
    const std::clock_t cpu = std::clock();
    work();
    out[std::string(name).append("_ms")] = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - wall).count();
    out[std::string(name).append("_cpu_ms")] = 1e3 * static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
  };
  const auto index = *RepoIndex::open(folder);
  timed("cold", [&] { REQUIRE(index->refresh().ok()); });
  timed("unchanged", [&] { REQUIRE(index->refresh().ok()); });
  const auto& file = *index->snapshot()->files[index->snapshot()->files.size() / 2];
  const std::string text = *index->root().read(file.name, 1 << 24) + "\n";
  timed("one_buffer", [&] { REQUIRE(index->set_buffer(file.name, &text).ok()); });
  std::vector<RankedSymbol> ranked;
  const auto snapshot = index->snapshot();
  timed("rank", [&] { ranked = *rank_symbols(*snapshot, {}); });
  timed("render_1024", [&] { REQUIRE(render_map(index->root(), ranked, 1024).ok()); });
  timed("references", [&] { REQUIRE(find_references(index->root(), *snapshot, ranked[0].name, "", 200).ok()); });
  out["files"] = snapshot->files.size();
  out["symbols"] = ranked.size();
  std::cout << out.dump() << "\n";
}
