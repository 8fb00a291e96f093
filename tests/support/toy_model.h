// Small models with random weights, made in memory: no file, no tokenizer. They run in well under a millisecond a token.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/format/weights.h"
#include "engine/ops/op_list.h"

namespace wright::test {

// Weights in memory. Immutable once shared.
class MemoryWeights : public engine::Weights {
 public:
  const engine::TensorView* find(const std::string& name) const override;
  std::vector<std::string> names() const override { return names_; }
  const engine::MetaValue* meta(const std::string& key) const override;
  std::vector<std::string> meta_keys() const override;
  const Json* config() const override { return config_.get(); }
  std::string path() const override { return "memory"; }
  std::uint64_t fingerprint() const override { return fingerprint_; }

  // Stores `values` in `type` (f32, f16, bf16, q4_0, q4_1, q8_0).
  void add(const std::string& name, std::vector<std::int64_t> shape, const std::vector<float>& values,
           engine::DType type = engine::DType::f32);
  void set_meta(const std::string& key, engine::MetaValue value) { meta_[key] = std::move(value); }
  void set_config(const std::string& json);  // makes it a hub model

 private:
  std::vector<std::string> names_;
  std::map<std::string, engine::TensorView> views_;
  std::map<std::string, std::vector<std::byte>> bytes_;
  std::map<std::string, engine::MetaValue> meta_;
  std::shared_ptr<const Json> config_;
  std::uint64_t fingerprint_ = 0x70f;
};

struct ToyModel {
  std::shared_ptr<const engine::Weights> weights;
  std::shared_ptr<const engine::OpList> ops;
};

inline constexpr int kToyVocab = 97;
inline constexpr int kToyWindow = 24;  // of the sliding-window layer

// Full attention, a sliding window of kToyWindow, a delta-rule layer and a decaying scan: every kind of cache that moves.
ToyModel toy_hybrid(std::uint64_t seed = 1, int context_length = 1024);
// Full attention and a sliding window only: pages without states, so trees of rows are allowed.
ToyModel toy_attention(std::uint64_t seed = 1, int context_length = 1024);

// Random weights, deviation 1/sqrt(columns) for matrices and around 1 for vectors, for every weight of `ops`.
std::shared_ptr<MemoryWeights> random_weights(const engine::OpList& ops, std::uint64_t seed,
                                              engine::DType matrices = engine::DType::f32);

}  // namespace wright::test
