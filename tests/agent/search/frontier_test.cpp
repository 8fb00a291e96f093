// Frontier: what may be tried while the model still reads.
#include <catch2/catch.hpp>

#include "agent/search/frontier.h"
#include "agent/search/rank.h"

using namespace wright::agent::search;

namespace {

std::vector<Candidate> candidates(std::initializer_list<double> scores) {
  std::vector<Candidate> out;
  for (const double score : scores) {
    Candidate c;
    c.score = c.prior = score;
    c.key = out.size() + 1;
    out.push_back(c);
  }
  return out;
}

std::vector<Candidate> many(std::size_t n) {
  std::vector<Candidate> out(n);
  for (std::size_t i = 0; i < n; ++i) out[i].score = out[i].prior = -0.01 * static_cast<double>(i), out[i].key = i + 1;
  return out;
}

}  // namespace

TEST_CASE("search frontier: without a model, in the given order, whatever the scores") {
  Frontier frontier(candidates({1, 5, 3}), false);
  CHECK(frontier.closed());
  for (const std::uint64_t key : {1u, 2u, 3u}) {
    const auto offer = frontier.next(1);
    REQUIRE(offer.candidate);
    CHECK(offer.candidate->key == key);
  }
  CHECK(frontier.next(1).end);
}

TEST_CASE("search frontier: nothing is offered unread; the best of those read first") {
  Frontier frontier(candidates({3, 2, 1}), true);
  CHECK_FALSE(frontier.next(100).candidate);
  CHECK_FALSE(frontier.next(100).end);
  const auto batch = frontier.take(2);
  REQUIRE(batch.size() == 2);
  batch[0]->score = -5;
  batch[1]->score = 7;
  CHECK_FALSE(frontier.next(100).candidate);  // being read
  frontier.put(batch);
  REQUIRE(frontier.next(100).candidate == batch[1]);
  frontier.close();
  const auto unread = frontier.next(0);  // of prior 1, less what unread ones lose
  REQUIRE(unread.candidate);
  CHECK(unread.candidate->key == 3);
  CHECK(unread.candidate->score == total_score(*unread.candidate, false));
  REQUIRE(frontier.next(0).candidate == batch[0]);
  CHECK(frontier.next(0).end);
}

TEST_CASE("search frontier: held back while unread ones are likely to come before it") {
  Frontier frontier(many(400), true);
  const auto batch = frontier.take(100);
  for (std::size_t i = 0; i < batch.size(); ++i) batch[i]->score += i % 10 == 0 ? 4 : -4;  // a tenth gains
  batch[55]->score = 9;                                                                  // more than any unread one can be expected to
  frontier.put(batch);
  REQUIRE(frontier.next(1).candidate == batch[55]);
  CHECK_FALSE(frontier.next(1).candidate);  // one was to be tried early, and one was
  for (int i = 0; i < 10; ++i) CHECK(frontier.next(40).candidate);
  CHECK_FALSE(frontier.next(40).candidate);  // -4: thirty of the three hundred unread ones will be better
  CHECK_FALSE(frontier.next(40).end);
  CHECK(frontier.next(1e9).candidate);       // when time is short nobody waits
  frontier.close();
  CHECK(frontier.next(0).candidate);
}

TEST_CASE("search frontier: those in front are read further once, and not while they are on trial") {
  Frontier frontier(candidates({3, 2, 1}), true);
  frontier.put(frontier.take(3));
  REQUIRE(frontier.next(1e9).candidate->key == 1);
  const auto lead = frontier.leading(1);
  REQUIRE(lead.size() == 1);
  CHECK(lead[0]->key == 2);
  lead[0]->score = 0;
  frontier.put(lead);
  CHECK(frontier.next(1e9).candidate->key == 3);
  CHECK(frontier.leading(5).empty());
  const auto likely = frontier.likely(2);
  REQUIRE(likely.size() == 2);
  CHECK(likely[0].key == 1);
  CHECK(likely[1].key == 3);
}

TEST_CASE("search frontier: what does not parse is never offered") {
  Frontier frontier(candidates({3, 2}), true);
  const auto batch = frontier.take(2);
  frontier.drop(batch[0]);
  frontier.put({batch[1]});
  frontier.close();
  CHECK(frontier.next(0).candidate->key == 2);
  CHECK(frontier.next(0).end);
}
