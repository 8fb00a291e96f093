#include <catch2/catch.hpp>

#include <atomic>
#include <thread>
#include <vector>

#include "engine/backends/cpu/team.h"

using wright::engine::cpu::Team;

TEST_CASE("cpu team: every unit runs once, whoever takes it", "[cpu]") {
  for (const int threads : {1, 2, 4}) {
    Team team(threads);
    for (int round = 0; round < 2000; ++round) {
      const int n = 1 + round % 37;
      std::vector<int> runs(static_cast<std::size_t>(n));
      team.run(n, [&](int unit, int thread) {
        REQUIRE((thread >= 0 && thread < threads));
        ++runs[static_cast<std::size_t>(unit)];
      });
      for (const int r : runs) REQUIRE(r == 1);
    }
  }
}

TEST_CASE("cpu team: helpers that sleep are woken, and what they wrote is seen", "[cpu]") {
  Team team(3);
  for (int round = 0; round < 20; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::vector<int> out(64);
    for (int phase = 1; phase <= 50; ++phase)
      team.run(64, [&](int unit, int) { out[static_cast<std::size_t>(unit)] += phase; });
    for (const int x : out) REQUIRE(x == 50 * 51 / 2);
  }
}

TEST_CASE("cpu team: a helper that loses its core does not stop the work for good", "[cpu]") {
  Team team(2);
  std::atomic<int> slow{0};
  for (int round = 0; round < 300; ++round)
    team.run(8, [&](int, int thread) {
      // A helper that stalls now and then, as under load.
      if (thread == 1 && round % 50 == 0) {
        ++slow;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
    });
  SUCCEED("all phases ended; stalls: " << slow);
}
