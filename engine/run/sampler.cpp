#include "engine/run/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "engine/run/softmax.h"

namespace wright::engine {
namespace {

constexpr float kOut = -std::numeric_limits<float>::infinity();

// Larger logit first, then lower id.
bool better(const std::pair<float, TokenId>& a, const std::pair<float, TokenId>& b) {
  return a.first != b.first ? a.first > b.first : a.second < b.second;
}
bool worse(const std::pair<float, TokenId>& a, const std::pair<float, TokenId>& b) { return better(b, a); }

// Uniform in [0, 1) from a counter (SplitMix64's finaliser).
double uniform(std::uint64_t seed, std::uint64_t counter) {
  std::uint64_t z = seed * 0xD1342543DE82EF95ull + (counter + 1) * 0x9E3779B97F4A7C15ull;
  for (int round = 0; round < 2; ++round) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    z ^= z >> 31;
  }
  return static_cast<double>(z >> 11) * 0x1.0p-53;
}

TokenId largest(std::span<const float> logits) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < logits.size(); ++i)
    if (logits[i] > logits[best]) best = i;
  return static_cast<TokenId>(best);
}

}  // namespace

TokenLogprob logprob_of(std::span<const float> logits, TokenId id, int top) {
  const float total = log_sum_exp(logits);
  TokenLogprob out{id, logits[static_cast<std::size_t>(id)] - total, {}};
  const auto n = std::min(static_cast<std::size_t>(std::max(0, top)), logits.size());
  if (n == 0) return out;
  std::vector<std::pair<float, TokenId>> all(logits.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = {logits[i], static_cast<TokenId>(i)};
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n), all.end(), better);
  for (std::size_t i = 0; i < n; ++i) out.top.emplace_back(all[i].second, all[i].first - total);
  return out;
}

bool Sampler::plain() const {
  return sampling_.logit_bias.empty() && sampling_.repeat_penalty == 1.0f && sampling_.presence_penalty == 0.0f &&
         sampling_.frequency_penalty == 0.0f;
}

void Sampler::adjust(std::span<const TokenId> history, const TokenMask* mask) {
  for (const auto& [id, bias] : sampling_.logit_bias)
    if (id >= 0 && static_cast<std::size_t>(id) < work_.size()) work_[static_cast<std::size_t>(id)] += bias;
  const auto window = std::min(history.size(), static_cast<std::size_t>(std::max(0, sampling_.penalty_window)));
  if (sampling_.repeat_penalty != 1.0f || sampling_.presence_penalty != 0.0f || sampling_.frequency_penalty != 0.0f) {
    std::unordered_map<TokenId, int> counts;
    for (const TokenId id : history.last(window)) ++counts[id];
    for (const auto& [id, count] : counts) {
      float& logit = work_[static_cast<std::size_t>(id)];
      logit = logit > 0 ? logit / sampling_.repeat_penalty : logit * sampling_.repeat_penalty;
      logit -= sampling_.presence_penalty + sampling_.frequency_penalty * static_cast<float>(count);
    }
  }
  if (!mask) return;
  for (std::size_t i = 0; i < work_.size(); ++i)
    if (i / 64 >= mask->size() || !((*mask)[i / 64] >> (i % 64) & 1)) work_[i] = kOut;
}

// Candidates in falling order, cut by top-k, then top-p, then min-p; then one of them by its share at the temperature.
TokenId Sampler::draw(std::size_t index) {
  pool_.clear();
  for (std::size_t i = 0; i < work_.size(); ++i)
    if (work_[i] > kOut) pool_.emplace_back(work_[i], static_cast<TokenId>(i));
  std::size_t keep = pool_.size();
  if (sampling_.top_k > 0) keep = std::min(keep, static_cast<std::size_t>(sampling_.top_k));
  if (keep < pool_.size()) {
    std::nth_element(pool_.begin(), pool_.begin() + static_cast<std::ptrdiff_t>(keep), pool_.end(), better);
    pool_.resize(keep);
  }
  const float best = std::max_element(pool_.begin(), pool_.end(), worse)->first;
  double total = 0;
  for (const auto& [logit, id] : pool_) total += static_cast<double>(std::exp(logit - best));
  // A heap gives them in order, and only as many as top-p needs.
  std::make_heap(pool_.begin(), pool_.end(), worse);
  std::vector<std::pair<double, TokenId>> kept;
  double mass = 0, weights = 0;
  const double wanted = sampling_.top_p < 1.0f ? static_cast<double>(std::max(0.0f, sampling_.top_p)) * total : total * 2;
  while (!pool_.empty()) {
    std::pop_heap(pool_.begin(), pool_.end(), worse);
    const auto [logit, id] = pool_.back();
    pool_.pop_back();
    const double p = static_cast<double>(std::exp(logit - best));
    if (!kept.empty() && (mass >= wanted || p < static_cast<double>(sampling_.min_p))) break;
    mass += p;
    kept.emplace_back(std::exp(static_cast<double>(logit - best) / static_cast<double>(sampling_.temperature)), id);
    weights += kept.back().first;
  }
  double target = uniform(sampling_.seed, index) * weights;
  for (const auto& [weight, id] : kept)
    if ((target -= weight) < 0) return id;
  return kept.back().second;
}

Result<Choice> Sampler::choose(std::span<const float> logits, std::span<const TokenId> history, std::size_t index,
                               const TokenMask* mask) {
  Choice choice;
  const bool greedy = sampling_.temperature <= 0.0f;
  if (greedy && plain() && !mask) {
    choice.id = largest(logits);
  } else {
    work_.assign(logits.begin(), logits.end());
    adjust(history, mask);
    choice.id = largest(work_);
    const float best = work_[static_cast<std::size_t>(choice.id)];
    if (best == kOut && mask) return Error{ErrorKind::model, "the grammar allows no token here", "report this schema"};
    if (!greedy && std::isfinite(best)) choice.id = draw(index);
  }
  if (!std::isfinite(logits[static_cast<std::size_t>(choice.id)]))
    return Error{ErrorKind::model, "the model's logits are not finite", "the model file may be damaged; load it with --exact to compare"};
  if (wants_logprobs()) choice.logprob = logprob_of(logits, choice.id, sampling_.logprobs);
  return choice;
}

}  // namespace wright::engine
