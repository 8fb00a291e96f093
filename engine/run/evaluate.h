// Runs prompts through a backend the plain way: prefill in chunks, alone, together or from a shared prefix, then greedy
// steps. What `wright eval` and the golden tests call. One thread; `context` cancels.
#pragma once

#include <vector>

#include "base/context.h"
#include "base/result.h"
#include "engine/backends/backend.h"
#include "engine/ops/op_list.h"

namespace wright::engine {

struct EvalJob {
  std::vector<std::vector<TokenId>> prompts;
  int greedy = 0;             // ids to append to each prompt
  bool keep_logits = false;   // of the prompts' rows
  bool all_rows = true;       // or only each prompt's last row
  int chunk = 0;              // rows of a prefill pass; 0: as many as the backend takes
  bool batch = false;         // all prompts in the same passes
  bool share_prefix = false;  // equal beginnings are computed once
};

struct EvalResult {
  std::vector<std::vector<float>> logits;  // by prompt, (rows, n_vocab), when kept
  std::vector<std::vector<TokenId>> greedy;
};

Result<EvalResult> evaluate(const Context& context, Backend& backend, const OpList& ops, const EvalJob& job);

}  // namespace wright::engine
