#include "daemon/cli/random_model.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <map>
#include <vector>

#include "engine/tensor/quant.h"

namespace wright::cli {
namespace {

using namespace engine;

struct Shape {
  const char* name;
  int layers, width, inner, heads, kv_heads, head_dim, vocabulary, context;
  float rope_base;
  const char* type;  // of matrices, unless asked for otherwise
};
constexpr Shape kShapes[] = {
    {"smollm2-135m", 30, 576, 1536, 9, 3, 64, 49152, 8192, 100000.0f, "q4_1"},
    {"smollm2-360m", 32, 960, 2560, 15, 5, 64, 49152, 8192, 100000.0f, "q4_1"},
    {"llama-3.2-1b", 16, 2048, 8192, 32, 8, 64, 128256, 131072, 500000.0f, "q4_k"},
    {"llama-3.2-3b", 28, 3072, 8192, 24, 8, 128, 128256, 131072, 500000.0f, "q4_k"},
    {"llama-3.1-8b", 32, 4096, 14336, 32, 8, 128, 128256, 131072, 500000.0f, "q4_k"},
};
constexpr DType kTypes[] = {DType::f32, DType::f16, DType::bf16, DType::q4_0, DType::q4_1, DType::q8_0, DType::q4_k, DType::q6_k};

// The tied table is kept at more bits, as published files do.
DType table_type(DType type) {
  if (type == DType::q4_k) return DType::q6_k;
  return type == DType::q4_0 || type == DType::q4_1 ? DType::q8_0 : type;
}

class RandomWeights final : public Weights {
 public:
  ~RandomWeights() override {
    for (const auto& [bytes, size] : mapped_) munmap(bytes, size);
  }
  const TensorView* find(const std::string& name) const override {
    const auto it = views_.find(name);
    return it == views_.end() ? nullptr : &it->second;
  }
  std::vector<std::string> names() const override { return names_; }
  const MetaValue* meta(const std::string& key) const override {
    const auto it = meta_.find(key);
    return it == meta_.end() ? nullptr : &it->second;
  }
  std::vector<std::string> meta_keys() const override {
    std::vector<std::string> keys;
    for (const auto& [key, value] : meta_) keys.push_back(key);
    return keys;
  }
  const Json* config() const override { return nullptr; }
  std::string path() const override { return path_; }
  std::uint64_t fingerprint() const override { return 0x7261; }

  Result<void> fill(const Shape& s, DType type) {
    path_ = s.name;
    meta_["general.architecture"] = std::string("llama");
    const auto integer = [&](const char* key, int value) { meta_["llama." + std::string(key)] = static_cast<std::uint64_t>(value); };
    integer("block_count", s.layers);
    integer("context_length", s.context);
    integer("embedding_length", s.width);
    integer("feed_forward_length", s.inner);
    integer("attention.head_count", s.heads);
    integer("attention.head_count_kv", s.kv_heads);
    integer("attention.key_length", s.head_dim);
    integer("attention.value_length", s.head_dim);
    integer("rope.dimension_count", s.head_dim);
    integer("vocab_size", s.vocabulary);
    meta_["llama.attention.layer_norm_rms_epsilon"] = 1e-5;
    meta_["llama.rope.freq_base"] = static_cast<double>(s.rope_base);
    WRIGHT_CHECK(add("token_embd.weight", {s.vocabulary, s.width}, table_type(type)));
    WRIGHT_CHECK(add("output_norm.weight", {s.width}, DType::f32));
    const int q = s.heads * s.head_dim, kv = s.kv_heads * s.head_dim;
    for (int l = 0; l < s.layers; ++l) {
      const std::string b = "blk." + std::to_string(l) + ".";
      WRIGHT_CHECK(add(b + "attn_norm.weight", {s.width}, DType::f32));
      WRIGHT_CHECK(add(b + "ffn_norm.weight", {s.width}, DType::f32));
      WRIGHT_CHECK(add(b + "attn_q.weight", {q, s.width}, type));
      WRIGHT_CHECK(add(b + "attn_k.weight", {kv, s.width}, type));
      WRIGHT_CHECK(add(b + "attn_v.weight", {kv, s.width}, type));
      WRIGHT_CHECK(add(b + "attn_output.weight", {s.width, q}, type));
      WRIGHT_CHECK(add(b + "ffn_gate.weight", {s.inner, s.width}, type));
      WRIGHT_CHECK(add(b + "ffn_up.weight", {s.inner, s.width}, type));
      WRIGHT_CHECK(add(b + "ffn_down.weight", {s.width, s.inner}, type));
    }
    return {};
  }

 private:
  Result<void> add(const std::string& name, std::vector<std::int64_t> shape, DType type) {
    TensorView view;
    view.type = type;
    view.rank = static_cast<int>(shape.size());
    std::copy(shape.begin(), shape.end(), view.shape.begin());
    if (view.cols() % info(type).block_elements != 0)
      return Error{ErrorKind::usage, "rows of " + name + " do not fit blocks of " + std::string(info(type).name), "choose another type"};
    const std::size_t size = view.bytes();
    void* p = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return Error{ErrorKind::limit, "no memory for " + name, "choose a smaller shape"};
    mapped_.emplace_back(p, size);
    auto* bytes = static_cast<std::byte*>(p);
    if (info(type).block_elements == 1) fill_plain(type, bytes, size, view.rank == 1, static_cast<float>(view.cols()));
    else fill_blocks(type, bytes, size, static_cast<float>(view.cols()));
    view.data = bytes;
    views_[name] = view;
    names_.push_back(name);
    return {};
  }

  // Uniform values such that a row's length is about one; vectors are ones.
  void fill_plain(DType type, std::byte* p, std::size_t size, bool vector, float inner) {
    const auto element = static_cast<std::size_t>(info(type).block_bytes);
    const float step = 3.46f / __builtin_sqrtf(inner) / 65536.0f;
    for (std::size_t i = 0; i < size; i += element) {
      const float x = vector ? 1.0f : (static_cast<float>(next() & 0xffff) - 32767.5f) * step;
      const std::uint16_t half = type == DType::f16 ? float_to_half(x) : float_to_bf16(x);
      if (type == DType::f32) std::memcpy(p + i, &x, 4);
      else std::memcpy(p + i, &half, 2);
    }
  }

  // Random codes; the scale of a block is such that a row's length is about one, and m such that codes are centred.
  void fill_blocks(DType type, std::byte* p, std::size_t size, float inner) {
    for (std::size_t i = 0; i + 8 <= size; i += 8) {
      const std::uint64_t r = next();
      std::memcpy(p + i, &r, 8);
    }
    struct Scales { DType type; std::size_t at; float d, m; };  // times 1 / sqrt(inner); m follows d when it is not 0
    static constexpr Scales kScales[] = {{DType::q4_0, 0, 1 / 4.6f, 0},    {DType::q4_1, 0, 1 / 4.6f, -7.5f / 4.6f},
                                         {DType::q8_0, 0, 1 / 74.0f, 0},   {DType::q4_k, 0, 1 / 145.0f, 7.5f / 145.0f},
                                         {DType::q6_k, offsetof(BlockQ6_K, d), 1 / 1365.0f, 0}};
    const Scales& s = *std::ranges::find(kScales, type, &Scales::type);
    const float root = 1.0f / __builtin_sqrtf(inner);
    const std::uint16_t d = float_to_half(s.d * root), m = float_to_half(s.m * root);
    for (std::size_t i = 0; i < size; i += static_cast<std::size_t>(info(type).block_bytes)) {
      std::memcpy(p + i + s.at, &d, 2);
      if (s.m != 0) std::memcpy(p + i + s.at + 2, &m, 2);
    }
  }

  std::uint64_t next() {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    return random_ ^= random_ << 17;
  }

  std::string path_;
  std::vector<std::string> names_;
  std::map<std::string, TensorView> views_;
  std::map<std::string, MetaValue> meta_;
  std::vector<std::pair<void*, std::size_t>> mapped_;
  std::uint64_t random_ = 0x9e3779b97f4a7c15;
};

}  // namespace

std::string random_shapes() {
  std::string all;
  for (const Shape& s : kShapes) all += (all.empty() ? "" : ", ") + std::string(s.name);
  return all;
}

Result<std::shared_ptr<const Weights>> random_model(const std::string& name) {
  const std::size_t colon = name.find(':');
  const std::string shape = name.substr(0, colon);
  const auto* s = std::ranges::find(kShapes, shape, [](const Shape& row) { return std::string(row.name); });
  if (s == std::end(kShapes)) return Error{ErrorKind::usage, "no shape '" + shape + "'", "one of " + random_shapes()};
  const std::string type = colon == std::string::npos ? s->type : name.substr(colon + 1);
  const auto* t = std::ranges::find(kTypes, type, [](DType row) { return std::string(info(row).name); });
  if (t == std::end(kTypes))
    return Error{ErrorKind::usage, "no random weights of type '" + type + "'", "one of f32, f16, bf16, q4_0, q4_1, q8_0, q4_k, q6_k"};
  auto weights = std::make_shared<RandomWeights>();
  WRIGHT_CHECK(weights->fill(*s, *t));
  return std::shared_ptr<const Weights>(std::move(weights));
}

}  // namespace wright::cli
