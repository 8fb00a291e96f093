// The choice between the team and the caller alone, fed with times of a machine that is simulated.
#include <catch2/catch.hpp>

#include "engine/backends/cpu/team_choice.h"

using wright::engine::cpu::TeamChoice;

namespace {

struct Machine { double team, alone, lost; };  // seconds for a unit of work, share that the caller loses with the team

struct Run { int alone = 0, team = 0; double seconds = 0; };
Run run(TeamChoice& choice, const Machine& m, int passes, int rows, double work = 100) {
  Run r;
  for (int i = 0; i < passes; ++i) {
    const bool alone = choice.alone(rows);
    const double seconds = work * (alone ? m.alone : m.team);
    choice.record(work, seconds, alone ? 0 : m.lost * seconds);
    ++(alone ? r.alone : r.team);
    r.seconds += seconds;
  }
  return r;
}

constexpr Machine kIdle{1.0, 1.9, 0.02}, kOneCore{1.4, 1.0, 0.5}, kBusy{1.0, 1.5, 0.4};

}  // namespace

TEST_CASE("cpu team choice: an idle machine never works alone", "[cpu]") {
  TeamChoice choice;
  for (const int rows : {1, 7, 64, 512}) REQUIRE(run(choice, kIdle, 200, rows).alone == 0);
}

TEST_CASE("cpu team choice: on one core two threads cost little more than one", "[cpu]") {
  TeamChoice choice;
  for (const int rows : {1, 200}) {
    const Run r = run(choice, kOneCore, 400, rows);
    REQUIRE(r.alone > r.team);
    REQUIRE(r.seconds < 1.05 * 400 * 100 * kOneCore.alone);
  }
}

TEST_CASE("cpu team choice: it follows the machine, at a small price", "[cpu]") {
  TeamChoice choice;
  for (const Machine& m : {kIdle, kBusy, kOneCore, kBusy, kOneCore, kIdle}) {
    run(choice, m, 120, 1);  // to settle
    const Run r = run(choice, m, 400, 1);
    REQUIRE(r.seconds < 1.06 * 400 * 100 * std::min(m.team, m.alone));
  }
}

TEST_CASE("cpu team choice: work counts, not how large passes are", "[cpu]") {
  TeamChoice choice;
  int alone = 0;
  for (int i = 0; i < 300; ++i) alone += run(choice, kOneCore, 1, 4, 10.0 + i % 50 * 100).alone;
  REQUIRE(alone > 250);
}
