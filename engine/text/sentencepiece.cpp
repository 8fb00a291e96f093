#include "engine/text/sentencepiece.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <queue>
#include <unordered_map>

#include "base/utf8.h"

namespace wright::engine {
namespace {

constexpr std::string_view kMark = "▁";
constexpr float kUnknownPenalty = 10.0f;

struct Symbol {
  std::string_view text;
  bool frozen = false;  // user-defined: never merges
};

struct Pair {
  float score;
  std::uint32_t at;
  std::size_t size;  // bytes of both, to see whether the pair is still there
  bool operator<(const Pair& o) const { return score != o.score ? score < o.score : at > o.at; }
};

class SentencePieceTokenizer final : public VocabularyTokenizer {
 public:
  explicit SentencePieceTokenizer(SentencePieceParts parts)
      : VocabularyTokenizer(std::move(parts.vocabulary)), parts_(std::move(parts)) {
    byte_ids_.fill(-1);
    lowest_ = std::numeric_limits<float>::max();
    ids_.reserve(parts_.pieces.size());
    for (std::size_t i = 0; i < parts_.pieces.size(); ++i) {
      const SentencePiece& piece = parts_.pieces[i];
      const auto id = static_cast<TokenId>(i);
      switch (piece.type) {
        case PieceType::byte:
          byte_ids_[static_cast<std::size_t>(std::strtol(piece.text.c_str() + 3, nullptr, 16)) & 255] = id;
          break;
        case PieceType::unknown: unknown_ = id; break;
        case PieceType::user_defined:
          user_.add({id, piece.text, false, false, false, true});
          ids_.emplace(piece.text, id);
          longest_ = std::max(longest_, piece.text.size());
          break;
        case PieceType::normal:
          ids_.emplace(piece.text, id);
          lowest_ = std::min(lowest_, piece.score);
          longest_ = std::max(longest_, piece.text.size());
          break;
        default: break;
      }
    }
  }

  std::string decode(std::span<const TokenId> ids) const override {
    std::string out = VocabularyTokenizer::decode(ids);
    if (parts_.prefix_space && !out.empty() && out[0] == ' ') out.erase(0, 1);
    return out;
  }
  std::optional<TokenId> find(std::string_view token) const override {
    if (const auto id = VocabularyTokenizer::find(token)) return id;
    const AddedToken* found = user_.find(token);
    return found ? std::optional<TokenId>(found->id) : std::nullopt;
  }

 protected:
  bool parses_special(const EncodeOptions&) const override { return false; }

  void encode_text(std::string_view text, bool, std::vector<TokenId>& out) const override {
    const std::string normalized = normalize(text);
    if (parts_.unigram) unigram(normalized, out);
    else bpe(normalized, out);
  }

 private:
  std::string normalize(std::string_view text) const {
    std::string out;
    out.reserve(text.size() + text.size() / 4 + kMark.size());
    bool space = parts_.remove_extra_spaces;  // leading ones are dropped too
    for (const char c : text) {
      if (c == ' ') {
        if (!(space && parts_.remove_extra_spaces)) out += kMark;
        space = true;
      } else {
        out += c;
        space = false;
      }
    }
    if (parts_.remove_extra_spaces)
      while (out.size() >= kMark.size() && out.compare(out.size() - kMark.size(), kMark.size(), kMark) == 0)
        out.resize(out.size() - kMark.size());
    if (parts_.prefix_space && !out.empty()) out.insert(0, kMark);
    return out;
  }

  // Ids of a symbol: its piece, else its bytes, else unknown (a run of unknowns is one).
  void put(std::string_view symbol, std::vector<TokenId>& out) const {
    if (const auto it = ids_.find(std::string(symbol)); it != ids_.end()) {
      out.push_back(it->second);
      return;
    }
    const bool bytes = std::all_of(symbol.begin(), symbol.end(),
                                   [&](char c) { return byte_ids_[static_cast<unsigned char>(c)] >= 0; });
    if (bytes) {
      for (const char c : symbol) out.push_back(byte_ids_[static_cast<unsigned char>(c)]);
    } else if (unknown_ >= 0 && (out.empty() || out.back() != unknown_)) {
      out.push_back(unknown_);
    }
  }

  void bpe(std::string_view text, std::vector<TokenId>& out) const {
    std::vector<Symbol> symbols;
    for (const Segment& segment : user_.cut(text, {})) {
      if (segment.id >= 0) {
        symbols.push_back({segment.text, true});
        continue;
      }
      for (std::size_t i = 0; i < segment.text.size();) {
        const std::size_t n = utf8::decode(segment.text, i).length;
        symbols.push_back({segment.text.substr(i, n)});
        i += n;
      }
    }
    const std::size_t n = symbols.size();
    std::vector<std::uint32_t> next(n), previous(n);
    std::priority_queue<Pair> heap;
    std::string joined;
    const auto push = [&](std::size_t a, std::size_t b) {
      if (symbols[a].frozen || symbols[b].frozen) return;
      const std::size_t size = symbols[a].text.size() + symbols[b].text.size();
      if (size > longest_) return;
      joined.assign(symbols[a].text.data(), size);
      const auto it = ids_.find(joined);
      if (it != ids_.end())
        heap.push({parts_.pieces[static_cast<std::size_t>(it->second)].score, static_cast<std::uint32_t>(a), size});
    };
    for (std::size_t i = 0; i < n; ++i) {
      next[i] = static_cast<std::uint32_t>(i + 1);
      previous[i] = static_cast<std::uint32_t>(i - 1);
      if (i + 1 < n) push(i, i + 1);
    }
    while (!heap.empty()) {
      const Pair p = heap.top();
      heap.pop();
      if (symbols[p.at].text.empty()) continue;
      const std::size_t right = next[p.at];
      if (right >= n || symbols[p.at].text.size() + symbols[right].text.size() != p.size) continue;
      symbols[p.at].text = std::string_view(symbols[p.at].text.data(), p.size);
      symbols[right].text = {};
      next[p.at] = next[right];
      if (next[right] < n) {
        previous[next[right]] = p.at;
        push(p.at, next[right]);
      }
      if (p.at > 0) push(previous[p.at], p.at);
    }
    for (std::size_t i = 0; i < n; i = next[i]) put(symbols[i].text, out);
  }

  void unigram(std::string_view text, std::vector<TokenId>& out) const {
    struct Node {
      float score = 0;
      std::size_t from = std::string_view::npos;
    };
    std::vector<Node> best(text.size() + 1);
    best[0].from = 0;
    std::string key;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t one = utf8::decode(text, at).length;
      bool single = false;
      std::size_t characters = 0;
      const auto offer = [&](std::size_t end, float score) {
        const float sum = best[at].score + score;
        if (best[end].from == std::string_view::npos || sum > best[end].score) best[end] = {sum, at};
      };
      for (std::size_t end = at; end < text.size() && end - at < longest_;) {
        end += utf8::decode(text, end).length;
        ++characters;
        if (end - at > longest_) break;
        key.assign(text, at, end - at);
        const auto it = ids_.find(key);
        if (it == ids_.end()) continue;
        const SentencePiece& piece = parts_.pieces[static_cast<std::size_t>(it->second)];
        single = single || characters == 1;
        offer(end, piece.type == PieceType::user_defined ? static_cast<float>(0.1 * static_cast<double>(characters - 1))
                                                         : piece.score);
      }
      if (!single) offer(at + one, lowest_ - kUnknownPenalty);
      at += one;
    }
    std::vector<std::string_view> path;
    for (std::size_t end = text.size(); end > 0; end = best[end].from)
      path.push_back(text.substr(best[end].from, end - best[end].from));
    for (auto it = path.rbegin(); it != path.rend(); ++it) put(*it, out);
  }

  const SentencePieceParts parts_;  // without its vocabulary
  AddedTokens user_;
  std::unordered_map<std::string, TokenId> ids_;  // normal and user-defined pieces
  std::array<TokenId, 256> byte_ids_;
  TokenId unknown_ = -1;
  float lowest_ = 0;
  std::size_t longest_ = 0;
};

}  // namespace

Result<std::shared_ptr<const Tokenizer>> make_sentencepiece_tokenizer(SentencePieceParts parts, std::string_view what) {
  if (parts.pieces.empty()) return Error{ErrorKind::invalid, fmt::format("{}: no pieces", what), "the file is damaged"};
  Vocabulary& vocabulary = parts.vocabulary;
  if (vocabulary.pieces.size() < parts.pieces.size()) vocabulary.resize(parts.pieces.size());
  for (std::size_t i = 0; i < parts.pieces.size(); ++i) {
    const SentencePiece& piece = parts.pieces[i];
    std::string& bytes = vocabulary.pieces[i];
    switch (piece.type) {
      case PieceType::byte: {
        if (piece.text.size() != 6 || piece.text.compare(0, 3, "<0x") != 0)
          return Error{ErrorKind::invalid, fmt::format("{}: byte piece {} is not named <0xNN>", what, i), "the file is damaged"};
        bytes = std::string(1, static_cast<char>(std::strtol(piece.text.c_str() + 3, nullptr, 16)));
        break;
      }
      case PieceType::control:
      case PieceType::unknown:
        bytes = piece.text;
        vocabulary.special[i] = true;
        vocabulary.added.add({static_cast<TokenId>(i), piece.text});
        break;
      default:
        bytes = piece.text;
        for (std::size_t at = 0; (at = bytes.find(kMark, at)) != std::string::npos; ++at)
          bytes.replace(at, kMark.size(), " ");
    }
  }
  vocabulary.find_ends();
  return std::shared_ptr<const Tokenizer>(std::make_shared<SentencePieceTokenizer>(std::move(parts)));
}

}  // namespace wright::engine
