// A checkpoint's tensors by name, and its metadata, whatever the file format. Bytes stay in the mapped files, which the
// object keeps alive. Immutable after opening, any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "engine/tensor/view.h"

namespace wright::engine {

// GGUF metadata values; arrays are homogeneous.
using MetaValue = std::variant<bool, std::int64_t, std::uint64_t, double, std::string, std::vector<bool>,
                               std::vector<std::int64_t>, std::vector<double>, std::vector<std::string>>;

class Weights {
 public:
  virtual ~Weights() = default;
  // Null when absent.
  virtual const TensorView* find(const std::string& name) const = 0;
  virtual std::vector<std::string> names() const = 0;  // in file order
  // GGUF metadata by key, e.g. "llama.block_count"; null when absent or not a GGUF.
  virtual const MetaValue* meta(const std::string& key) const = 0;
  virtual std::vector<std::string> meta_keys() const = 0;
  // config.json of a safetensors folder; null for a GGUF.
  virtual const Json* config() const = 0;
  virtual std::string path() const = 0;
  virtual std::uint64_t fingerprint() const = 0;  // of headers, sizes and sampled contents: the cache identity
  bool is_gguf() const { return config() == nullptr; }
};

// A .gguf file, a .safetensors file, or a folder in hub layout. Validates everything it will ever read by offset.
Result<std::shared_ptr<const Weights>> open_weights(const std::string& path);

// Typed metadata; an error names the key.
Result<std::int64_t> meta_int(const Weights& weights, const std::string& key);
Result<double> meta_float(const Weights& weights, const std::string& key);
Result<std::string> meta_string(const Weights& weights, const std::string& key);
const std::vector<std::string>* meta_strings(const Weights& weights, const std::string& key);

}  // namespace wright::engine
