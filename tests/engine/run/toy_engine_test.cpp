// The scheduler over the reference backend: a hybrid model and one with attention only, random weights, real arithmetic.
#include "tests/engine/run/fixture.h"
#include "tests/support/toy_model.h"

using namespace wright;
using namespace wright::test;

namespace {

std::unique_ptr<Backend> toy_backend(const ToyModel& model) {
  BackendOptions options;
  options.exact = true;
  auto backend = make_reference_backend(model.ops, model.weights, options);
  REQUIRE(backend.ok());
  return std::move(*backend);
}

std::shared_ptr<Engine> toy_engine(const ToyModel& model, bool drafts) {
  LocalEngineParts parts;
  parts.backend = toy_backend(model);
  parts.tokenizer = fake_tokenizer();
  parts.info = {"toy", "toy", "toy", "reference", 1024, kToyVocab, 1};
  parts.cache_bytes = std::size_t{64} << 20;
  parts.allow_drafts = drafts;
  return make_local_engine(std::move(parts));
}

std::vector<TokenId> toy_tokens(std::size_t n, unsigned seed) {
  auto out = some_tokens(n, seed);
  for (TokenId& id : out) id = id * 7 % kToyVocab;
  return out;
}

// Logits of every position, by one plain pass over fresh pages.
std::vector<std::vector<float>> all_logits(Backend& backend, const std::vector<TokenId>& tokens) {
  std::vector<PageId> pages;
  for (std::size_t i = 0; i * 64 < tokens.size(); ++i) pages.push_back(*backend.alloc_page());
  const StateSlot state = backend.state_bytes() ? *backend.alloc_state() : -1;
  std::vector<std::int32_t> rows(tokens.size());
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<std::int32_t>(i);
  std::vector<float> logits(tokens.size() * kToyVocab);
  const PassSequence sequence{pages, 0, static_cast<std::int32_t>(tokens.size()), state, {}};
  REQUIRE(backend.run(Context(), {tokens, std::span(&sequence, 1), rows, logits.data()}).ok());
  std::vector<std::vector<float>> out;
  for (std::size_t i = 0; i < tokens.size(); ++i) out.emplace_back(logits.begin() + static_cast<std::ptrdiff_t>(i * kToyVocab), logits.begin() + static_cast<std::ptrdiff_t>((i + 1) * kToyVocab));
  for (const PageId page : pages) backend.free_page(page);
  if (state >= 0) backend.free_state(state);
  return out;
}

}  // namespace

TEST_CASE("run: on toy models, batched = single = behind a shared prefix = with drafts = a plain pass", "[run][toy]") {
  const bool hybrid = GENERATE(false, true);
  CAPTURE(hybrid);
  const ToyModel model = hybrid ? toy_hybrid() : toy_attention();
  const auto plain = toy_engine(model, false), drafting = toy_engine(model, true);
  std::vector<GenerateRequest> requests;
  for (unsigned i = 0; i < 4; ++i) {
    auto prompt = toy_tokens(70, 1);
    const auto more = toy_tokens(1 + 31 * i, 2 + i);
    prompt.insert(prompt.end(), more.begin(), more.end());
    requests.push_back(request_for(prompt, 24));
  }
  std::vector<std::vector<TokenId>> single;
  for (const auto& r : requests) single.push_back(generate(*plain, Context(), r)->ids);
  Crowd crowd(*drafting);
  for (const auto& r : requests) crowd.submit(r);
  crowd.wait();
  for (std::size_t i = 0; i < requests.size(); ++i) {
    CHECK(crowd.answers[i]->ids == single[i]);
    const auto again = generate(*plain, Context(), requests[i]);
    CHECK(again->usage.cached_tokens > 0);
    CHECK(again->ids == single[i]);
  }
  // Greedy ids are the largest logits of one pass over prompt and reply.
  auto backend = toy_backend(model);
  auto whole = requests[1].prompt;
  whole.insert(whole.end(), single[1].begin(), single[1].end());
  const auto logits = all_logits(*backend, whole);
  for (std::size_t i = 0; i < single[1].size(); ++i) {
    const auto& row = logits[requests[1].prompt.size() - 1 + i];
    CHECK(single[1][i] == std::max_element(row.begin(), row.end()) - row.begin());
  }
}

TEST_CASE("run: on toy models, score = log-softmax of a plain pass", "[run][toy]") {
  const bool hybrid = GENERATE(false, true);
  CAPTURE(hybrid);
  const ToyModel model = hybrid ? toy_hybrid() : toy_attention();
  const auto engine = toy_engine(model, true);
  ScoreRequest r;
  r.text = toy_tokens(90, 3);
  for (const int prefix : {90, 20, 64}) {
    auto& group = r.groups.emplace_back();
    group.prefix = prefix;
    for (unsigned c = 0; c < 6; ++c) group.candidates.push_back(toy_tokens(1 + c, c % 3));
  }
  const auto reply = score(*engine, Context(), r);
  REQUIRE(reply.ok());
  auto backend = toy_backend(model);
  for (std::size_t g = 0; g < r.groups.size(); ++g)
    for (std::size_t c = 0; c < r.groups[g].candidates.size(); ++c) {
      std::vector<TokenId> whole(r.text.begin(), r.text.begin() + r.groups[g].prefix);
      const auto& candidate = r.groups[g].candidates[c];
      whole.insert(whole.end(), candidate.begin(), candidate.end());
      const auto logits = all_logits(*backend, whole);
      for (std::size_t t = 0; t < candidate.size(); ++t) {
        const auto& row = logits[static_cast<std::size_t>(r.groups[g].prefix) - 1 + t];
        CHECK(reply->logprobs[g][c][t] == Approx(row[static_cast<std::size_t>(candidate[t])] - log_sum_exp(row)).margin(1e-4));
      }
    }
}
