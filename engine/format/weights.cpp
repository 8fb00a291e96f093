#include "engine/format/weights.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "engine/format/stored_weights.h"

namespace wright::engine {

const TensorView* StoredWeights::find(const std::string& name) const {
  const auto it = tensors_.find(name);
  return it == tensors_.end() ? nullptr : &it->second;
}

const MetaValue* StoredWeights::meta(const std::string& key) const {
  const auto it = meta_.find(key);
  return it == meta_.end() ? nullptr : &it->second;
}

bool StoredWeights::add(std::string name, const TensorView& view) {
  if (!tensors_.emplace(name, view).second) return false;
  names_.push_back(std::move(name));
  return true;
}

bool StoredWeights::add_meta(std::string key, MetaValue value) {
  if (!meta_.emplace(key, std::move(value)).second) return false;
  meta_keys_.push_back(std::move(key));
  return true;
}

void StoredWeights::mix(std::string_view bytes) { fingerprint_ = hash64(bytes, fingerprint_ + 1); }

void StoredWeights::keep(MappedFile file, std::size_t header_bytes) {
  constexpr std::size_t kSamples = 64, kSampleBytes = 256;
  const std::string_view text = file.text();
  mix(std::to_string(text.size()));
  mix(text.substr(0, header_bytes));
  const std::string_view data = text.substr(std::min(header_bytes, text.size()));
  for (std::size_t i = 0; i < kSamples && !data.empty(); ++i)
    mix(data.substr(data.size() / kSamples * i, kSampleBytes));
  files_.push_back(std::move(file));
}

Error damaged(std::string_view path, std::string message) {
  return {ErrorKind::invalid, fmt::format("{}: {}", path, message), "the file is damaged or of another kind; fetch it again"};
}

std::string shown(std::string_view name) { return dump_json(Json(std::string(name.substr(0, 80)))); }

Result<void> check_overlap(std::string_view path, std::vector<StoredRange>& ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const StoredRange& a, const StoredRange& b) { return a.begin < b.begin; });
  for (std::size_t i = 1; i < ranges.size(); ++i)
    if (ranges[i].begin < ranges[i - 1].end)
      return damaged(path, fmt::format("tensors {} and {} overlap", shown(ranges[i - 1].name), shown(ranges[i].name)));
  return {};
}

Result<std::shared_ptr<const Weights>> open_weights(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0) return errno_error("cannot open", path, errno);
  if (S_ISDIR(info.st_mode)) return open_safetensors_folder(path);
  if (!S_ISREG(info.st_mode)) return Error{ErrorKind::usage, path + " is no regular file", "give a .gguf file or a model folder"};
  return path.ends_with(".safetensors") ? open_safetensors_file(path) : open_gguf(path);
}

namespace {

Result<const MetaValue*> meta_value(const Weights& weights, const std::string& key) {
  if (const MetaValue* value = weights.meta(key)) return value;
  return damaged(weights.path(), "metadata key " + key + " is missing");
}

Error wrong_type(const Weights& weights, const std::string& key, std::string_view wanted) {
  return damaged(weights.path(), fmt::format("metadata key {} is no {}", key, wanted));
}

}  // namespace

Result<std::int64_t> meta_int(const Weights& weights, const std::string& key) {
  WRIGHT_TRY(const MetaValue* value, meta_value(weights, key));
  if (const auto* i = std::get_if<std::int64_t>(value)) return *i;
  if (const auto* u = std::get_if<std::uint64_t>(value); u && *u <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return static_cast<std::int64_t>(*u);
  return wrong_type(weights, key, "integer");
}

Result<double> meta_float(const Weights& weights, const std::string& key) {
  WRIGHT_TRY(const MetaValue* value, meta_value(weights, key));
  if (const auto* d = std::get_if<double>(value)) return *d;
  if (const auto* i = std::get_if<std::int64_t>(value)) return static_cast<double>(*i);
  if (const auto* u = std::get_if<std::uint64_t>(value)) return static_cast<double>(*u);
  return wrong_type(weights, key, "number");
}

Result<std::string> meta_string(const Weights& weights, const std::string& key) {
  WRIGHT_TRY(const MetaValue* value, meta_value(weights, key));
  if (const auto* s = std::get_if<std::string>(value)) return *s;
  return wrong_type(weights, key, "string");
}

const std::vector<std::string>* meta_strings(const Weights& weights, const std::string& key) {
  const MetaValue* value = weights.meta(key);
  return value ? std::get_if<std::vector<std::string>>(value) : nullptr;
}

}  // namespace wright::engine
