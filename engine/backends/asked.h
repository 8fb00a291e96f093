// Pass::asked for every backend: its check, and answers for backends that compute whole rows of logits (the reference, fakes).
// Pure functions, any thread.
#pragma once

#include <span>
#include <vector>

#include "engine/backends/backend.h"

namespace wright::engine {

// `usage` when rows do not ascend within the pass, are too many, an id is outside the vocabulary, or there is no memory.
Result<void> check_asked(const Pass& pass, int n_vocab, int max_rows);

// Rows in `outputs` or `asked`, ascending, each once.
std::vector<std::int32_t> wanted_rows(const Pass& pass);

// Writes pass.logits and pass.logprobs from the logits of wanted_rows(pass); sums in f64.
void answer_from_logits(const Pass& pass, std::span<const std::int32_t> rows, std::span<const float> logits);

}  // namespace wright::engine
