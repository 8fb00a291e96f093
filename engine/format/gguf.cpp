// GGUF v2 and v3, split files too. Source: the GGUF specification (ggml, docs/gguf.md).
//   "GGUF", version u32, tensor count u64, key count u64, keys, tensor descriptions, padding, data
#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <limits>

#include "base/limits.h"
#include "engine/format/stored_weights.h"

namespace wright::engine {
namespace {

static_assert(std::endian::native == std::endian::little, "GGUF files are little-endian");

enum MetaType : std::uint32_t { kU8, kI8, kU16, kI16, kU32, kI32, kF32, kBool, kString, kArray, kU64, kI64, kF64 };
constexpr std::size_t kMinKeyBytes = 8 + 1 + 4 + 1;             // length, a letter, type, a byte
constexpr std::size_t kMinTensorBytes = 8 + 1 + 4 + 8 + 4 + 8;  // length, a letter, rank, a size, type, offset

// A cursor over the header; every read is checked, an error names the field.
class Reader {
 public:
  Reader(std::span<const std::byte> bytes, const std::string& path) : bytes_(bytes), path_(path) {}

  template <class T>
  Result<T> number(const std::string& field) {
    if (left() < sizeof(T)) return error(field + " lies beyond the end of the file");
    T value;
    std::memcpy(&value, bytes_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }

  Result<std::string_view> text(const std::string& field, std::uint64_t limit) {
    WRIGHT_TRY(const std::uint64_t length, number<std::uint64_t>("the length of " + field));
    if (length > left()) return error(fmt::format("{} has a length of {} bytes, {} are left", field, length, left()));
    if (length > limit) return error(fmt::format("{} has {} bytes, the limit is {}", field, length, limit));
    const std::string_view view(reinterpret_cast<const char*>(bytes_.data() + at_), length);
    at_ += length;
    return view;
  }

  // A count of things that take at least `each` bytes.
  Result<std::size_t> count(const std::string& field, std::size_t each) {
    WRIGHT_TRY(const std::uint64_t n, number<std::uint64_t>(field));
    return check_count(field, n, each);
  }
  Result<std::size_t> check_count(const std::string& field, std::uint64_t n, std::size_t each) const {
    if (n > left() / each) return error(fmt::format("{} is {}, more than the file can hold", field, n));
    return static_cast<std::size_t>(n);
  }

  Error error(std::string message) const { return damaged(path_, std::move(message)); }
  std::size_t at() const { return at_; }
  std::size_t left() const { return bytes_.size() - at_; }

 private:
  std::span<const std::byte> bytes_;
  const std::string& path_;
  std::size_t at_ = 0;
};

template <class Stored, class Kept>
Result<MetaValue> read_number(Reader& in, const std::string& field) {
  WRIGHT_TRY(const Stored value, in.number<Stored>(field));
  return MetaValue(static_cast<Kept>(value));
}

template <class Stored, class Kept>
Result<MetaValue> read_array(Reader& in, const std::string& field, std::uint64_t n) {
  WRIGHT_TRY(const std::size_t size, in.check_count("the length of " + field, n, sizeof(Stored)));
  std::vector<Kept> values;
  values.reserve(size);
  for (std::size_t i = 0; i < size; ++i) {
    WRIGHT_TRY(const Stored value, in.number<Stored>(field));
    if constexpr (std::is_same_v<Stored, std::uint64_t>)
      if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return in.error(fmt::format("{} holds {}, which is too large", field, value));
    values.push_back(static_cast<Kept>(value));
  }
  return MetaValue(std::move(values));
}

Result<MetaValue> read_bool(Reader& in, const std::string& field) {
  WRIGHT_TRY(const std::uint8_t value, in.number<std::uint8_t>(field));
  if (value > 1) return in.error(fmt::format("{} is {}, expected 0 or 1", field, value));
  return MetaValue(value != 0);
}

Result<MetaValue> read_string(Reader& in, const std::string& field) {
  WRIGHT_TRY(const std::string_view value, in.text(field, limits::kGgufStringBytes));
  return MetaValue(std::string(value));
}

Result<MetaValue> read_strings(Reader& in, const std::string& field, std::uint64_t n) {
  WRIGHT_TRY(const std::size_t size, in.check_count("the length of " + field, n, 8));
  std::vector<std::string> values;
  values.reserve(size);
  for (std::size_t i = 0; i < size; ++i) {
    WRIGHT_TRY(const std::string_view value, in.text(field, limits::kGgufStringBytes));
    values.emplace_back(value);
  }
  return MetaValue(std::move(values));
}

struct MetaReader {
  Result<MetaValue> (*one)(Reader&, const std::string&);
  Result<MetaValue> (*many)(Reader&, const std::string&, std::uint64_t);
};
constexpr MetaReader kMetaReaders[] = {
    /* u8 */ {read_number<std::uint8_t, std::uint64_t>, read_array<std::uint8_t, std::int64_t>},
    /* i8 */ {read_number<std::int8_t, std::int64_t>, read_array<std::int8_t, std::int64_t>},
    /* u16 */ {read_number<std::uint16_t, std::uint64_t>, read_array<std::uint16_t, std::int64_t>},
    /* i16 */ {read_number<std::int16_t, std::int64_t>, read_array<std::int16_t, std::int64_t>},
    /* u32 */ {read_number<std::uint32_t, std::uint64_t>, read_array<std::uint32_t, std::int64_t>},
    /* i32 */ {read_number<std::int32_t, std::int64_t>, read_array<std::int32_t, std::int64_t>},
    /* f32 */ {read_number<float, double>, read_array<float, double>},
    /* bool */ {read_bool, read_array<std::uint8_t, bool>},
    /* string */ {read_string, read_strings},
    /* array */ {nullptr, nullptr},
    /* u64 */ {read_number<std::uint64_t, std::uint64_t>, read_array<std::uint64_t, std::int64_t>},
    /* i64 */ {read_number<std::int64_t, std::int64_t>, read_array<std::int64_t, std::int64_t>},
    /* f64 */ {read_number<double, double>, read_array<double, double>},
};

Result<MetaValue> read_value(Reader& in, const std::string& field) {
  WRIGHT_TRY(const std::uint32_t type, in.number<std::uint32_t>("the type of " + field));
  if (type > kF64) return in.error(fmt::format("{} has the unknown metadata type {}", field, type));
  if (type != kArray) return kMetaReaders[type].one(in, field);
  WRIGHT_TRY(const std::uint32_t element, in.number<std::uint32_t>("the element type of " + field));
  if (element > kF64 || element == kArray)
    return in.error(fmt::format("{} is an array of the unsupported metadata type {}", field, element));
  WRIGHT_TRY(const std::uint64_t n, in.number<std::uint64_t>("the length of " + field));
  return kMetaReaders[element].many(in, field, n);
}

Result<std::size_t> read_header(Reader& in, std::size_t& tensors) {
  WRIGHT_TRY(const std::uint32_t magic, in.number<std::uint32_t>("the magic number"));
  if (magic != 0x46554747) return in.error("this is no GGUF file (it does not begin with 'GGUF')");
  WRIGHT_TRY(const std::uint32_t version, in.number<std::uint32_t>("the version"));
  if (version == 0x03000000 || version == 0x02000000) return in.error("version: big-endian GGUF files are not supported");
  if (version != 2 && version != 3) return in.error(fmt::format("version {} is not supported, 2 and 3 are", version));
  WRIGHT_TRY(tensors, in.count("tensor_count", kMinTensorBytes));
  return in.count("metadata_kv_count", kMinKeyBytes);
}

struct Described { std::string name; TensorView view; std::uint64_t offset; };

Result<Described> read_tensor(Reader& in, std::size_t index) {
  WRIGHT_TRY(const std::string_view name, in.text(fmt::format("the name of tensor {}", index), limits::kTensorNameBytes));
  if (name.empty()) return in.error(fmt::format("the name of tensor {} is empty", index));
  const std::string field = "tensor " + shown(name);
  Described t{std::string(name), {}, 0};
  WRIGHT_TRY(const std::uint32_t rank, in.number<std::uint32_t>("n_dimensions of " + field));
  if (rank < 1 || rank > 4) return in.error(fmt::format("n_dimensions of {} is {}, expected 1 to 4", field, rank));
  t.view.rank = static_cast<int>(rank);
  std::uint64_t elements = 1;
  for (std::uint32_t d = 0; d < rank; ++d) {  // innermost first in the file
    const std::string dimension = fmt::format("dimension {} of {}", d, field);
    WRIGHT_TRY(const std::uint64_t n, in.number<std::uint64_t>(dimension));
    if (n == 0 || n > limits::kTensorElements || elements > limits::kTensorElements / n)
      return in.error(fmt::format("{} is {}, which is out of range", dimension, n));
    elements *= n;
    t.view.shape[rank - 1 - d] = static_cast<std::int64_t>(n);
  }
  WRIGHT_TRY(const std::uint32_t id, in.number<std::uint32_t>("the type of " + field));
  const auto type = dtype_from_gguf(id);
  if (!type) return in.error(fmt::format("the type of {} is {}, which is unknown", field, id));
  t.view.type = *type;
  const DTypeInfo& d = info(*type);
  if (t.view.cols() % d.block_elements != 0)
    return in.error(fmt::format("dimension 0 of {} is {}, no multiple of the {} elements of a {} block", field, t.view.cols(),
                                d.block_elements, d.name));
  WRIGHT_TRY(t.offset, in.number<std::uint64_t>("the offset of " + field));
  return t;
}

Result<std::uint64_t> alignment_of(const Reader& in, const StoredWeights& weights) {
  if (!weights.meta("general.alignment")) return std::uint64_t{32};
  WRIGHT_TRY(const std::int64_t alignment, meta_int(weights, "general.alignment"));
  if (alignment < 1 || alignment > 65536 || (alignment & (alignment - 1)) != 0)
    return in.error(fmt::format("general.alignment is {}, expected a power of two up to 65536", alignment));
  return static_cast<std::uint64_t>(alignment);
}

}  // namespace

Result<std::size_t> parse_gguf(std::span<const std::byte> bytes, StoredWeights& into) {
  const std::string path = into.path();
  Reader in(bytes, path);
  std::size_t n_tensors = 0;
  WRIGHT_TRY(const std::size_t n_keys, read_header(in, n_tensors));
  for (std::size_t i = 0; i < n_keys; ++i) {
    WRIGHT_TRY(const std::string_view key, in.text(fmt::format("metadata key {}", i), limits::kGgufKeyBytes));
    if (key.empty()) return in.error(fmt::format("metadata key {} is empty", i));
    const std::string field = "metadata key " + shown(key);
    WRIGHT_TRY(auto value, read_value(in, field));
    if (!into.add_meta(std::string(key), std::move(value))) return in.error(field + " stands twice");
  }
  WRIGHT_TRY(const std::uint64_t alignment, alignment_of(in, into));
  std::vector<Described> tensors;
  WRIGHT_CHECK(in.check_count("tensor_count", n_tensors, kMinTensorBytes));
  tensors.reserve(n_tensors);
  for (std::size_t i = 0; i < n_tensors; ++i) {
    WRIGHT_TRY(auto tensor, read_tensor(in, i));
    tensors.push_back(std::move(tensor));
  }
  const std::size_t header = in.at();
  const std::uint64_t data = (header + alignment - 1) / alignment * alignment;
  if (n_tensors > 0 && data > bytes.size()) return in.error("the tensor data lies beyond the end of the file");
  const std::uint64_t room = n_tensors > 0 ? bytes.size() - data : 0;
  std::vector<StoredRange> ranges;
  ranges.reserve(n_tensors);
  for (auto& t : tensors) {
    const std::uint64_t size = t.view.bytes();
    if (t.offset % alignment != 0)
      return in.error(fmt::format("the offset of tensor {} is {}, no multiple of the alignment {}", shown(t.name), t.offset, alignment));
    if (t.offset > room || size > room - t.offset)
      return in.error(fmt::format("tensor {} (offset {}, {} bytes) reaches beyond the end of the file", shown(t.name), t.offset, size));
    t.view.data = bytes.data() + data + t.offset;
    if (!into.add(t.name, t.view)) return in.error("tensor " + shown(t.name) + " stands twice");
    ranges.push_back({t.name, t.offset, t.offset + size});
  }
  WRIGHT_CHECK(check_overlap(path, ranges));
  return header;
}

namespace {

// "x-00001-of-00003.gguf" -> "x-0000N-of-00003.gguf".
Result<std::string> sibling(const std::string& path, std::int64_t number, std::int64_t count) {
  const std::string tail = fmt::format("-00001-of-{:05}.gguf", count);
  if (!path.ends_with(tail))
    return Error{ErrorKind::usage, fmt::format("{} is one of {} files of a split model", path, count),
                 "name the first one, which must end in " + tail};
  return path.substr(0, path.size() - tail.size()) + fmt::format("-{:05}-of-{:05}.gguf", number, count);
}

Result<void> add_siblings(const std::string& path, std::int64_t count, StoredWeights& weights) {
  for (std::int64_t i = 1; i < count; ++i) {
    WRIGHT_TRY(const std::string name, sibling(path, i + 1, count));
    WRIGHT_TRY(auto file, MappedFile::open(name));
    StoredWeights part(name);
    WRIGHT_TRY(const std::size_t header, parse_gguf(file.bytes(), part));
    WRIGHT_TRY(const std::int64_t number, meta_int(part, "split.no"));
    WRIGHT_TRY(const std::int64_t of, meta_int(part, "split.count"));
    if (number != i || of != count)
      return damaged(name, fmt::format("split.no {} of split.count {}, expected {} of {}", number, of, i, count));
    for (const auto& tensor : part.names())
      if (!weights.add(tensor, *part.find(tensor))) return damaged(name, "tensor " + shown(tensor) + " stands in two files");
    weights.keep(std::move(file), header);
  }
  if (!weights.meta("split.tensors.count")) return {};
  WRIGHT_TRY(const std::int64_t total, meta_int(weights, "split.tensors.count"));
  if (total != static_cast<std::int64_t>(weights.names().size()))
    return damaged(path, fmt::format("split.tensors.count is {}, the files hold {}", total, weights.names().size()));
  return {};
}

}  // namespace

Result<std::shared_ptr<const Weights>> open_gguf(const std::string& path) {
  WRIGHT_TRY(auto file, MappedFile::open(path));
  auto weights = std::make_shared<StoredWeights>(path);
  WRIGHT_TRY(const std::size_t header, parse_gguf(file.bytes(), *weights));
  weights->keep(std::move(file), header);
  if (weights->meta("split.count")) {
    WRIGHT_TRY(const std::int64_t count, meta_int(*weights, "split.count"));
    WRIGHT_TRY(const std::int64_t number, meta_int(*weights, "split.no"));
    if (count < 1 || count > 99999) return damaged(path, fmt::format("split.count is {}", count));
    if (number != 0)
      return Error{ErrorKind::usage, fmt::format("{} is file {} of a split model", path, number + 1), "name the first file"};
    if (count > 1) WRIGHT_CHECK(add_siblings(path, count, *weights));
  }
  return std::shared_ptr<const Weights>(std::move(weights));
}

}  // namespace wright::engine
