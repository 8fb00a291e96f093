#include "engine/backends/asked.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace wright::engine {
namespace {

Error wrong(const char* what) { return {ErrorKind::usage, std::string("pass: ") + what, ""}; }

double log_total(std::span<const float> logits) {
  double most = -INFINITY, total = 0;
  for (const float x : logits) most = x > most || x != x ? static_cast<double>(x) : most;
  if (!std::isfinite(most)) return most;
  for (const float x : logits) total += std::exp(static_cast<double>(x) - most);
  return most + std::log(total);
}

}  // namespace

Result<void> check_asked(const Pass& pass, int n_vocab, int max_rows) {
  if (pass.outputs.size() + pass.asked.size() > static_cast<std::size_t>(max_rows)) return wrong("more rows are wanted than a pass may have");
  std::int32_t before = -1;
  std::size_t ids = 0;
  for (const AskedRow& a : pass.asked) {
    if (a.row <= before || static_cast<std::size_t>(a.row) >= pass.tokens.size() || a.n < 0)
      return wrong("asked rows must ascend within the pass");
    before = a.row;
    ids += static_cast<std::size_t>(a.n);
  }
  if (ids != pass.asked_ids.size()) return wrong("asked rows have another number of ids than there are");
  for (const TokenId id : pass.asked_ids)
    if (id < 0 || id >= n_vocab) return wrong("an asked token id is outside the vocabulary");
  if (ids > 0 && !pass.logprobs) return wrong("no memory for log-probabilities");
  return {};
}

std::vector<std::int32_t> wanted_rows(const Pass& pass) {
  std::vector<std::int32_t> asked, rows;
  for (const AskedRow& a : pass.asked) asked.push_back(a.row);
  std::ranges::set_union(pass.outputs, asked, std::back_inserter(rows));
  return rows;
}

void answer_from_logits(const Pass& pass, std::span<const std::int32_t> rows, std::span<const float> logits) {
  if (rows.empty()) return;
  const std::size_t n_vocab = logits.size() / rows.size();
  const auto of = [&](std::int32_t row) {
    return logits.subspan(static_cast<std::size_t>(std::ranges::lower_bound(rows, row) - rows.begin()) * n_vocab, n_vocab);
  };
  for (std::size_t i = 0; i < pass.outputs.size(); ++i) std::ranges::copy(of(pass.outputs[i]), pass.logits + i * n_vocab);
  std::size_t at = 0;
  for (const AskedRow& a : pass.asked) {
    const auto row = of(a.row);
    const double total = log_total(row);
    for (int i = 0; i < a.n; ++i, ++at)
      pass.logprobs[at] = static_cast<float>(static_cast<double>(row[static_cast<std::size_t>(pass.asked_ids[at])]) - total);
  }
}

}  // namespace wright::engine
