#include "engine/text/bpe_tokenizer.h"

#include <fmt/format.h>

#include <array>
#include <atomic>

#include "base/hash.h"
#include "base/utf8.h"

namespace wright::engine {
namespace {

// Ids of pieces met lately, one table a thread, shared by all tokenizers (`owner` tells them apart).
struct CachedPiece {
  std::uint64_t owner = 0;
  std::string piece;
  std::vector<TokenId> ids;
};
constexpr std::size_t kCacheSlots = 8192, kCachedBytes = 48;

class BpeTokenizer final : public VocabularyTokenizer {
 public:
  BpeTokenizer(BpeParts parts, std::array<TokenId, 256> byte_ids)
      : VocabularyTokenizer(std::move(parts.vocabulary)), parts_(std::move(parts)), byte_ids_(byte_ids) {
    static std::atomic<std::uint64_t> next{1};
    owner_ = next++;
  }

  std::string decode(std::span<const TokenId> ids) const override {
    std::string out = VocabularyTokenizer::decode(ids);
    if (parts_.strip_decoded_space && !out.empty() && out[0] == ' ') out.erase(0, 1);
    return out;
  }

 protected:
  void encode_text(std::string_view text, bool first, std::vector<TokenId>& out) const override {
    const PreTokenizer& pre = parts_.pre;
    const bool plain = pre.normalize.empty() && !pre.prefix_space && pre.space_mark.empty();
    std::string normalized;
    if (!plain) {
      normalized = pre.normalized(text, first);
      text = normalized;
    }
    for (const std::string_view piece : pre.split(text)) encode_piece(piece, out);
  }

 private:
  void encode_piece(std::string_view piece, std::vector<TokenId>& out) const {
    if (piece.size() > kCachedBytes) {
      std::vector<TokenId> ids;
      merge(piece, ids);
      out.insert(out.end(), ids.begin(), ids.end());
      return;
    }
    static thread_local std::vector<CachedPiece> cache(kCacheSlots);
    CachedPiece& slot = cache[hash64(piece, owner_) % kCacheSlots];
    if (slot.owner != owner_ || slot.piece != piece) {
      slot.ids.clear();
      merge(piece, slot.ids);
      slot.owner = owner_;
      slot.piece.assign(piece);
    }
    out.insert(out.end(), slot.ids.begin(), slot.ids.end());
  }

  void merge(std::string_view piece, std::vector<TokenId>& ids) const {
    if (parts_.pre.ignore_merges) {
      if (const auto it = parts_.tokens.find(std::string(piece)); it != parts_.tokens.end()) {
        ids.push_back(it->second);
        return;
      }
    }
    if (parts_.pre.byte_level) {
      ids.reserve(piece.size());
      for (const char c : piece) ids.push_back(byte_ids_[static_cast<unsigned char>(c)]);
    } else {
      characters(piece, ids);
    }
    merge_pairs(parts_.merges, ids);
  }

  void characters(std::string_view piece, std::vector<TokenId>& ids) const {
    for (std::size_t i = 0; i < piece.size();) {
      const auto d = utf8::decode(piece, i);
      const std::string_view symbol = piece.substr(i, d.length);
      i += d.length;
      if (const auto it = parts_.tokens.find(std::string(symbol)); it != parts_.tokens.end()) {
        ids.push_back(it->second);
        continue;
      }
      bool all = parts_.byte_fallback;
      for (const char c : symbol) all = all && byte_ids_[static_cast<unsigned char>(c)] >= 0;
      if (all) {
        for (const char c : symbol) ids.push_back(byte_ids_[static_cast<unsigned char>(c)]);
      } else if (parts_.unknown >= 0) {
        if (!(parts_.fuse_unknown && !ids.empty() && ids.back() == parts_.unknown)) ids.push_back(parts_.unknown);
      }
    }
  }

  const BpeParts parts_;  // without its vocabulary
  const std::array<TokenId, 256> byte_ids_;
  std::uint64_t owner_ = 0;
};

}  // namespace

Result<std::shared_ptr<const Tokenizer>> make_bpe_tokenizer(BpeParts parts, std::string_view what) {
  std::array<TokenId, 256> byte_ids;
  int missing = 0;
  for (int b = 0; b < 256; ++b) {
    const std::string name = parts.pre.byte_level ? std::string(1, static_cast<char>(b)) : fmt::format("<0x{:02X}>", b);
    const auto it = parts.tokens.find(name);
    byte_ids[static_cast<std::size_t>(b)] = it == parts.tokens.end() ? -1 : it->second;
    missing += it == parts.tokens.end();
  }
  if (parts.pre.byte_level && missing) {
    // Vocabularies made from few texts lack bytes that UTF-8 never has; a lack that matters shows as an unknown id.
    for (auto& id : byte_ids)
      if (id < 0) id = parts.unknown;
    if (missing == 256 || (parts.unknown < 0 && missing > 64))
      return Error{ErrorKind::invalid, fmt::format("{}: the vocabulary lacks {} of the 256 bytes", what, missing),
                   "the tokenizer's file is damaged; fetch it again"};
  }
  parts.vocabulary.find_ends();
  return std::shared_ptr<const Tokenizer>(std::make_shared<BpeTokenizer>(std::move(parts), byte_ids));
}

void merges_from_ranks(const TokenMap& tokens, const std::vector<std::pair<std::string, TokenId>>& by_rank,
                       MergeTable& merges) {
  merges.reserve(by_rank.size() * 4);
  std::string left, right;
  for (std::size_t rank = 0; rank < by_rank.size(); ++rank) {
    const auto& [text, id] = by_rank[rank];
    for (std::size_t cut = 1; cut < text.size(); ++cut) {
      left.assign(text, 0, cut);
      const auto a = tokens.find(left);
      if (a == tokens.end()) continue;
      right.assign(text, cut);
      const auto b = tokens.find(right);
      if (b != tokens.end()) merges.add(a->second, b->second, static_cast<std::uint32_t>(rank), id);
    }
  }
}

}  // namespace wright::engine
