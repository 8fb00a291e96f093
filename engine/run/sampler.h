// Chooses the next token of one request from a row of logits. The random number of the n-th token is a function of the seed
// and n alone, so a reply depends neither on batch mates nor on whether drafts were verified. Engine thread only.
//
// Order: logit bias, penalties, mask, then top-k, top-p, min-p, temperature (llama.cpp's order). Greedy takes the largest,
// the lowest id among equals. Logprobs are those of the model's own logits, before any of this.
#pragma once

#include <span>
#include <vector>

#include "engine/run/engine.h"
#include "engine/text/constraint.h"

namespace wright::engine {

struct Choice {
  TokenId id = -1;
  TokenLogprob logprob;  // filled when logprobs were asked for
};

class Sampler {
 public:
  explicit Sampler(Sampling sampling) : sampling_(std::move(sampling)) {}

  // `history`: prompt and reply so far; `index`: how many tokens of the reply there are. An error when the model's
  // logits are no numbers, or when `mask` (may be null) leaves no token.
  Result<Choice> choose(std::span<const float> logits, std::span<const TokenId> history, std::size_t index,
                        const TokenMask* mask);
  bool wants_logprobs() const { return sampling_.logprobs >= 0; }
  const Sampling& sampling() const { return sampling_; }

 private:
  bool plain() const;
  void adjust(std::span<const TokenId> history, const TokenMask* mask);
  TokenId draw(std::size_t index);
  Sampling sampling_;
  std::vector<float> work_;                       // adjusted logits
  std::vector<std::pair<float, TokenId>> pool_;   // candidates
};

// The logprob of `id` and of the `top` best in a row of raw logits.
TokenLogprob logprob_of(std::span<const float> logits, TokenId id, int top);

}  // namespace wright::engine
