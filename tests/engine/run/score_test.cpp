// score() against the definition: each token's log-softmax after its own history.
#include "tests/engine/run/fixture.h"

using namespace wright;
using namespace wright::test;

namespace {

void check_scores(FakeEngine& fake, const ScoreRequest& request) {
  const auto reply = score(*fake.engine, Context(), request);
  INFO((reply.ok() ? "" : reply.error().text()));
  REQUIRE(reply.ok());
  REQUIRE(reply->logprobs.size() == request.groups.size());
  for (std::size_t g = 0; g < request.groups.size(); ++g) {
    const auto& group = request.groups[g];
    REQUIRE(reply->logprobs[g].size() == group.candidates.size());
    for (std::size_t c = 0; c < group.candidates.size(); ++c) {
      std::vector<TokenId> history(request.text.begin(), request.text.begin() + group.prefix);
      REQUIRE(reply->logprobs[g][c].size() == group.candidates[c].size());
      for (std::size_t t = 0; t < group.candidates[c].size(); ++t) {
        const auto logits = FakeBackend::logits(history, fake.options);
        double total = 0;
        for (const float x : logits) total += std::exp(static_cast<double>(x));
        const double want = static_cast<double>(logits[static_cast<std::size_t>(group.candidates[c][t])]) - std::log(total);
        CAPTURE(g, c, t);
        REQUIRE(static_cast<double>(reply->logprobs[g][c][t]) == Approx(want).margin(1e-4));
        history.push_back(group.candidates[c][t]);
      }
    }
  }
  fake.check();
}

ScoreRequest many(std::size_t text, std::vector<int> prefixes, std::size_t candidates, std::size_t length) {
  ScoreRequest r;
  r.text = some_tokens(text, 21);
  unsigned seed = 0;
  for (const int prefix : prefixes) {
    auto& group = r.groups.emplace_back();
    group.prefix = prefix;
    for (std::size_t c = 0; c < candidates; ++c) {
      auto tokens = some_tokens(length, 7);  // the same beginning …
      ++seed;
      const auto end = some_tokens(1 + seed % length, seed);
      tokens.resize(seed % length);          // … for a while
      tokens.insert(tokens.end(), end.begin(), end.end());
      group.candidates.push_back(tokens);
    }
  }
  return r;
}

}  // namespace

TEST_CASE("run: score equals brute force over groups, tries, cuts and recurrent models", "[run]") {
  const bool recurrent = GENERATE(false, true);
  const int max_rows = GENERATE(64, 200);
  CAPTURE(recurrent, max_rows);
  FakeEngine fake({.recurrent = recurrent, .max_rows = max_rows});
  check_scores(fake, many(300, {300, 1, 64, 65, 128, 200}, 40, 24));
  check_scores(fake, many(300, {170}, 100, 10));
  // Candidates longer than a pass; duplicates; empty ones; a group without any.
  auto odd = many(130, {100, 130}, 3, 5);
  odd.groups[0].candidates.push_back(some_tokens(260, 5));
  odd.groups[0].candidates.push_back(odd.groups[0].candidates[0]);
  odd.groups[1].candidates.push_back({});
  odd.groups.push_back({50, {}});
  check_scores(fake, odd);
  check_scores(fake, {some_tokens(5, 1), {{3, {{}, {}}}, {2, {}}}, Priority::turn});
  check_scores(fake, {{}, {}, Priority::turn});
}

TEST_CASE("run: score reads its prefix once and shares trie rows", "[run]") {
  FakeEngine fake({.max_rows = 256});
  auto r = many(500, {500}, 0, 1);
  for (TokenId i = 0; i < 200; ++i) {
    auto c = some_tokens(20, 4);
    c.push_back(i);
    r.groups[0].candidates.push_back(c);
  }
  const auto first = score(*fake.engine, Context(), r);
  REQUIRE(first.ok());
  CHECK(first->usage.completion_tokens == 21);  // the prefix's last token and the 20 common ones; leaves cost nothing
  CHECK(fake.backend->rows < 500 + 21 + 1);
  const int before = fake.backend->rows;
  const auto second = score(*fake.engine, Context(), r);
  REQUIRE(second.ok());
  CHECK(second->usage.cached_tokens == 499);
  CHECK(fake.backend->rows - before == 21);
  CHECK(first->logprobs == second->logprobs);
}

TEST_CASE("run: score beside a turn and under memory pressure", "[run]") {
  const bool recurrent = GENERATE(false, true);
  FakeEngine fake({.recurrent = recurrent}, 9);
  const auto talk = request_for(some_tokens(120, 3), 60);
  Crowd crowd(*fake.engine);
  crowd.submit(talk);
  check_scores(fake, many(200, {150, 200}, 30, 12));
  crowd.wait();
  CHECK(crowd.answers[0]->ids == expected(talk, fake.options));
}

TEST_CASE("run: what cannot be scored is refused with a reason", "[run]") {
  FakeEngine fake({}, 4096, true, 100);
  const auto error_of = [&](ScoreRequest r) {
    auto out = score(*fake.engine, Context(), std::move(r));
    return out.ok() ? std::string("it ran") : out.error().text();
  };
  CHECK_THAT(error_of({{1, 2}, {{3, {{1}}}}, Priority::turn}), Catch::Contains("groups[0].prefix: 3 is not within 1 and the text's 2"));
  CHECK_THAT(error_of({{1, 2}, {{0, {{1}}}}, Priority::turn}), Catch::Contains("groups[0].prefix: 0"));
  CHECK_THAT(error_of({{1, 2}, {{1, {{1000}}}}, Priority::turn}), Catch::Contains("outside the vocabulary"));
  CHECK_THAT(error_of({{1, 2}, {{1, {some_tokens(100, 1)}}}, Priority::turn}), Catch::Contains("longer than the context"));
}
