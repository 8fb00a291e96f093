// Safetensors: header length u64, a JSON header {"name": {"dtype", "shape", "data_offsets": [begin, end]}}, data.
// One file, or a folder in hub layout: config.json beside model.safetensors or shards with model.safetensors.index.json.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "base/limits.h"
#include "engine/format/stored_weights.h"

namespace wright::engine {
namespace {

// Shapes of more than four dimensions (vision patches) are kept with their leading dimensions multiplied together.
Result<void> set_shape(const JsonView& shape, TensorView& view) {
  if (!shape.raw().is_array()) return shape.error("expected a list");
  std::uint64_t elements = 1;
  std::vector<std::int64_t> sizes;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    WRIGHT_TRY(const JsonView item, shape.at(i));
    WRIGHT_TRY(const std::int64_t n, item.integer());
    if (n < 0 || static_cast<std::uint64_t>(n) > limits::kTensorElements ||
        (n > 0 && elements > limits::kTensorElements / static_cast<std::uint64_t>(n)))
      return item.error(fmt::format("{} is out of range", n));
    elements *= static_cast<std::uint64_t>(n);
    sizes.push_back(n);
  }
  while (sizes.size() > 4) sizes[1] *= sizes[0], sizes.erase(sizes.begin());
  view.rank = static_cast<int>(sizes.size());
  std::copy(sizes.begin(), sizes.end(), view.shape.begin());
  return {};
}

Result<TensorView> describe(const JsonView& entry, std::span<const std::byte> data, StoredRange& range) {
  TensorView view;
  WRIGHT_TRY(const JsonView dtype, entry.at("dtype"));
  WRIGHT_TRY(const std::string type_name, dtype.string());
  const auto type = dtype_from_safetensors(type_name);
  if (!type) return dtype.error("unknown type " + shown(type_name));
  view.type = *type;
  WRIGHT_TRY(const JsonView shape, entry.at("shape"));
  WRIGHT_CHECK(set_shape(shape, view));
  WRIGHT_TRY(const JsonView offsets, entry.at("data_offsets"));
  if (!offsets.raw().is_array() || offsets.size() != 2) return offsets.error("expected two numbers");
  WRIGHT_TRY(const JsonView first, offsets.at(std::size_t{0}));
  WRIGHT_TRY(const JsonView last, offsets.at(std::size_t{1}));
  WRIGHT_TRY(const std::int64_t begin, first.integer());
  WRIGHT_TRY(const std::int64_t end, last.integer());
  if (begin < 0 || end < begin || static_cast<std::uint64_t>(end) > data.size())
    return offsets.error(fmt::format("[{}, {}] lies outside the {} bytes of data", begin, end, data.size()));
  const std::size_t bytes = static_cast<std::size_t>(view.elements()) * static_cast<std::size_t>(info(*type).block_bytes);
  if (static_cast<std::size_t>(end - begin) != bytes)
    return offsets.error(fmt::format("{} bytes, the shape needs {}", end - begin, bytes));
  view.data = data.data() + begin;
  range.begin = static_cast<std::uint64_t>(begin);
  range.end = static_cast<std::uint64_t>(end);
  return view;
}

Result<std::size_t> add_file(const std::string& path, StoredWeights& into, const std::set<std::string>* wanted) {
  WRIGHT_TRY(auto file, MappedFile::open(path));
  StoredWeights part(path);
  WRIGHT_TRY(const std::size_t header, parse_safetensors(file.bytes(), part));
  std::size_t added = 0;
  for (const auto& name : part.names()) {
    if (wanted && !wanted->contains(name)) continue;
    if (!into.add(name, *part.find(name))) return damaged(path, "tensor " + shown(name) + " stands in two files");
    ++added;
  }
  if (wanted && added != wanted->size()) {
    for (const auto& name : *wanted)
      if (!part.find(name)) return damaged(path, "tensor " + shown(name) + " of the index is missing");
  }
  into.keep(std::move(file), header);
  return added;
}

// config.json of a folder; an empty object when there is none.
Result<std::shared_ptr<const Json>> read_config(const std::string& folder, StoredWeights& into) {
  const std::string path = folder + "/config.json";
  if (!exists(path)) return std::make_shared<const Json>(Json::object());
  WRIGHT_TRY(const std::string text, read_file(path, limits::kModelConfigBytes));
  WRIGHT_TRY(auto json, parse_json(text, path));
  if (!json.is_object()) return damaged(path, "expected an object");
  into.mix(text);
  return std::make_shared<const Json>(std::move(json));
}

Result<void> add_shards(const std::string& folder, const std::string& index_path, StoredWeights& into) {
  WRIGHT_TRY(const std::string text, read_file(index_path, limits::kSafetensorsHeaderBytes));
  WRIGHT_TRY(const Json index, parse_json(text, index_path));
  WRIGHT_TRY(const JsonView map, JsonView(index, index_path).at("weight_map"));
  if (!map.raw().is_object()) return map.error("expected an object");
  std::map<std::string, std::set<std::string>> shards;
  for (const auto& [name, value] : map.raw().items()) {
    WRIGHT_TRY(const std::string shard, JsonView(value, map.path() + "." + name).string());
    if (shard.empty() || shard.find('/') != std::string::npos || shard == "." || shard == "..")
      return damaged(index_path, "weight_map." + name + ": " + shown(shard) + " is no plain file name");
    shards[shard].insert(name);
  }
  for (const auto& [shard, names] : shards) WRIGHT_CHECK(add_file(folder + "/" + shard, into, &names));
  return {};
}

}  // namespace

Result<std::size_t> parse_safetensors(std::span<const std::byte> bytes, StoredWeights& into) {
  const std::string path = into.path();
  std::uint64_t length = 0;
  if (bytes.size() < sizeof length) return damaged(path, "the file is shorter than a safetensors header");
  std::memcpy(&length, bytes.data(), sizeof length);
  if (length > bytes.size() - sizeof length || length > limits::kSafetensorsHeaderBytes)
    return damaged(path, fmt::format("the header length is {}, the file has {} bytes", length, bytes.size()));
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + sizeof length, length);
  WRIGHT_TRY(const Json header, parse_json(text, path));
  if (!header.is_object()) return damaged(path, "the header is no JSON object");
  const std::size_t data_start = sizeof length + length;
  std::vector<StoredRange> ranges;
  std::vector<std::pair<StoredRange, TensorView>> tensors;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") continue;
    if (name.empty() || name.size() > limits::kTensorNameBytes) return damaged(path, "tensor name " + shown(name) + " is out of range");
    StoredRange range{name, 0, 0};
    WRIGHT_TRY(const TensorView view, describe(JsonView(value, path + ": " + shown(name)), bytes.subspan(data_start), range));
    tensors.emplace_back(range, view);
    if (range.end > range.begin) ranges.push_back(range);
  }
  WRIGHT_CHECK(check_overlap(path, ranges));
  std::stable_sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.first.begin < b.first.begin; });
  for (const auto& [range, view] : tensors) into.add(std::string(range.name), view);
  return data_start;
}

Result<std::shared_ptr<const Weights>> open_safetensors_file(const std::string& path) {
  auto weights = std::make_shared<StoredWeights>(path);
  const auto slash = path.rfind('/');
  WRIGHT_TRY(auto config, read_config(slash == std::string::npos ? "." : path.substr(0, slash), *weights));
  weights->set_config(std::move(config));
  WRIGHT_CHECK(add_file(path, *weights, nullptr));
  return std::shared_ptr<const Weights>(std::move(weights));
}

Result<std::shared_ptr<const Weights>> open_safetensors_folder(const std::string& path) {
  auto weights = std::make_shared<StoredWeights>(path);
  const std::string index = path + "/model.safetensors.index.json", single = path + "/model.safetensors";
  if (!exists(path + "/config.json"))
    return Error{ErrorKind::not_found, path + " has no config.json", "give a .gguf file or a folder in hub layout"};
  WRIGHT_TRY(auto config, read_config(path, *weights));
  weights->set_config(std::move(config));
  if (exists(index)) WRIGHT_CHECK(add_shards(path, index, *weights));
  else if (exists(single)) WRIGHT_CHECK(add_file(single, *weights, nullptr));
  else return Error{ErrorKind::not_found, path + " has neither model.safetensors nor model.safetensors.index.json", "fetch the model again"};
  return std::shared_ptr<const Weights>(std::move(weights));
}

}  // namespace wright::engine
