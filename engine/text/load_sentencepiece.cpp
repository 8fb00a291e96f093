// SentencePiece's model file: a protocol buffer (sentencepiece_model.proto), read field by field.
#include <fmt/format.h>

#include <cstring>

#include "engine/text/loaders.h"
#include "engine/text/sentencepiece.h"

namespace wright::engine {
namespace {

// One field of a message; `number` 0 at the end, -1 when malformed.
struct Field {
  int number = 0;
  std::uint64_t value = 0;   // varint and fixed
  std::string_view bytes;    // length-delimited
};

class Reader {
 public:
  explicit Reader(std::string_view data) : data_(data) {}
  Field next() {
    if (data_.empty()) return {};
    std::uint64_t tag = 0;
    Field f;
    if (!varint(tag) || tag >> 3 == 0 || tag >> 3 > 1u << 20) return {-1};
    f.number = static_cast<int>(tag >> 3);
    switch (tag & 7) {
      case 0: return varint(f.value) ? f : Field{-1};
      case 1: return fixed(f, 8);
      case 5: return fixed(f, 4);
      case 2: {
        std::uint64_t n = 0;
        if (!varint(n) || n > data_.size()) return {-1};
        f.bytes = data_.substr(0, n);
        data_.remove_prefix(n);
        return f;
      }
      default: return {-1};
    }
  }

 private:
  bool varint(std::uint64_t& out) {
    out = 0;
    for (int shift = 0; shift < 64 && !data_.empty(); shift += 7) {
      const auto b = static_cast<unsigned char>(data_[0]);
      data_.remove_prefix(1);
      out |= std::uint64_t{b & 127u} << shift;
      if (b < 128) return true;
    }
    return false;
  }
  Field fixed(Field f, std::size_t n) {
    if (data_.size() < n) return {-1};
    std::memcpy(&f.value, data_.data(), n);
    data_.remove_prefix(n);
    return f;
  }
  std::string_view data_;
};

Error broken(const std::string& path, std::string_view what) {
  return {ErrorKind::invalid, fmt::format("{}: {}", path, what), "a SentencePiece .model file was expected"};
}

}  // namespace

TokenizerResult load_sentencepiece(std::string_view bytes, const std::string& path) {
  SentencePieceParts parts;
  parts.remove_extra_spaces = true;  // the format's defaults
  std::int64_t kind = 1, bos = 1, eos = 2;
  Reader model(bytes);
  for (Field f; (f = model.next()).number != 0;) {
    if (f.number < 0) return broken(path, "malformed protocol buffer");
    if (f.number == 1) {
      SentencePiece piece;
      Reader message(f.bytes);
      for (Field g; (g = message.next()).number != 0;) {
        if (g.number < 0) return broken(path, "malformed piece");
        if (g.number == 1) piece.text = g.bytes;
        if (g.number == 2) {
          const auto raw = static_cast<std::uint32_t>(g.value);
          std::memcpy(&piece.score, &raw, 4);
        }
        if (g.number == 3) piece.type = static_cast<PieceType>(g.value);
      }
      if (piece.text.empty()) return broken(path, fmt::format("piece {} is empty", parts.pieces.size()));
      parts.pieces.push_back(std::move(piece));
    } else if (f.number == 2) {
      Reader trainer(f.bytes);
      for (Field g; (g = trainer.next()).number != 0;) {
        if (g.number < 0) return broken(path, "malformed trainer_spec");
        if (g.number == 3) kind = static_cast<std::int64_t>(g.value);
        if (g.number == 24 && g.value) return broken(path, "treat_whitespace_as_suffix is not supported");
        if (g.number == 41) bos = static_cast<std::int32_t>(g.value);
        if (g.number == 42) eos = static_cast<std::int32_t>(g.value);
      }
    } else if (f.number == 3) {
      Reader normalizer(f.bytes);
      for (Field g; (g = normalizer.next()).number != 0;) {
        if (g.number < 0) return broken(path, "malformed normalizer_spec");
        if (g.number == 2 && !g.bytes.empty())
          return broken(path, "a normaliser other than identity (precompiled_charsmap) is not supported");
        if (g.number == 3) parts.prefix_space = g.value != 0;
        if (g.number == 4) parts.remove_extra_spaces = g.value != 0;
        if (g.number == 5 && !g.value) return broken(path, "escape_whitespaces false is not supported");
      }
    }
  }
  if (kind != 1 && kind != 2) return broken(path, fmt::format("model type {} is not supported (unigram and BPE are)", kind));
  parts.unigram = kind == 1;
  const auto n = static_cast<std::int64_t>(parts.pieces.size());
  parts.vocabulary.bos = bos >= 0 && bos < n ? static_cast<TokenId>(bos) : -1;
  parts.vocabulary.eos = eos >= 0 && eos < n ? static_cast<TokenId>(eos) : -1;
  return make_sentencepiece_tokenizer(std::move(parts), path);
}

}  // namespace wright::engine
