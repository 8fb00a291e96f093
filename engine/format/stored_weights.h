// Weights over mapped files: what the readers of this folder fill. Built on one thread, immutable afterwards.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/file.h"
#include "engine/format/weights.h"

namespace wright::engine {

class StoredWeights : public Weights {
 public:
  const TensorView* find(const std::string& name) const override;
  std::vector<std::string> names() const override { return names_; }
  const MetaValue* meta(const std::string& key) const override;
  std::vector<std::string> meta_keys() const override { return meta_keys_; }
  const Json* config() const override { return config_.get(); }
  std::string path() const override { return path_; }
  std::uint64_t fingerprint() const override { return fingerprint_; }

  explicit StoredWeights(std::string path) : path_(std::move(path)) {}
  // False when the name is taken.
  bool add(std::string name, const TensorView& view);
  bool add_meta(std::string key, MetaValue value);
  void set_config(std::shared_ptr<const Json> config) { config_ = std::move(config); }
  // Keeps the file mapped, and takes its size, its first `header_bytes` and samples of the rest into the fingerprint.
  void keep(MappedFile file, std::size_t header_bytes);
  void mix(std::string_view bytes);  // more for the fingerprint

 private:
  std::string path_;
  std::vector<std::string> names_, meta_keys_;
  std::unordered_map<std::string, TensorView> tensors_;
  std::unordered_map<std::string, MetaValue> meta_;
  std::shared_ptr<const Json> config_;
  std::vector<MappedFile> files_;
  std::uint64_t fingerprint_ = 0;
};

// "PATH: message" of kind `invalid`, with the advice for a damaged file.
Error damaged(std::string_view path, std::string message);
// A foreign name for a message: quoted, repaired, cut at 80 bytes.
std::string shown(std::string_view name);

struct StoredRange { std::string_view name; std::uint64_t begin, end; };
// An error that names two tensors whose bytes overlap. Sorts `ranges`.
Result<void> check_overlap(std::string_view path, std::vector<StoredRange>& ranges);

// The readers (gguf.cpp, safetensors.cpp). Every size and offset is checked before use.
Result<std::shared_ptr<const Weights>> open_gguf(const std::string& path);
Result<std::shared_ptr<const Weights>> open_safetensors_file(const std::string& path);
Result<std::shared_ptr<const Weights>> open_safetensors_folder(const std::string& path);

// Parsing alone, over bytes that outlive the result: for the readers and the fuzz targets. Gives the header's length.
Result<std::size_t> parse_gguf(std::span<const std::byte> bytes, StoredWeights& into);
Result<std::size_t> parse_safetensors(std::span<const std::byte> bytes, StoredWeights& into);

}  // namespace wright::engine
