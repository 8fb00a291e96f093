#include "engine/text/added_tokens.h"

#include <algorithm>

#include "base/utf8.h"

namespace wright::engine {
namespace {

bool space(char32_t c) {
  return (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
         c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const auto d = utf8::decode(text, at);
    if (!d.valid || !space(d.code)) break;
    at += d.length;
  }
  return at;
}

// Start of the white space that ends at `end`, not before `floor`.
std::size_t space_before(std::string_view text, std::size_t floor, std::size_t end) {
  while (end > floor) {
    std::size_t k = end - 1;
    while (k > floor && (static_cast<unsigned char>(text[k]) & 0xC0) == 0x80) --k;
    const auto d = utf8::decode(text, k);
    if (!d.valid || k + d.length != end || !space(d.code)) break;
    end = k;
  }
  return end;
}

bool word_byte(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u >= 0x80 || u == '_' || (u >= '0' && u <= '9') || (u >= 'A' && u <= 'Z') || (u >= 'a' && u <= 'z');
}

// Tells for rising positions how far trusted bytes reach.
class TrustCursor {
 public:
  explicit TrustCursor(std::span<const TrustRange> ranges) : ranges_(ranges) {}
  // End of the trusted run that holds byte `at`; `at` itself when that byte is not trusted.
  std::size_t reach(std::size_t at) {
    while (i_ < ranges_.size() && ranges_[i_].end <= at) ++i_;
    std::size_t end = at;
    for (std::size_t k = i_; k < ranges_.size() && ranges_[k].trusted; ++k) end = ranges_[k].end;
    return end;
  }

 private:
  std::span<const TrustRange> ranges_;
  std::size_t i_ = 0;
};

}  // namespace

void AddedTokens::add(AddedToken token) {
  if (token.text.empty()) return;
  std::uint32_t node = 0;
  for (const char c : token.text) {
    const auto b = static_cast<unsigned char>(c);
    const auto [it, fresh] = nodes_[node].next.try_emplace(b, static_cast<std::uint32_t>(nodes_.size()));
    const std::uint32_t child = it->second;
    if (fresh) nodes_.emplace_back();
    node = child;
  }
  first_[static_cast<unsigned char>(token.text[0])] = true;
  if (nodes_[node].token >= 0) return;  // the first of equal texts stays
  nodes_[node].token = static_cast<std::int32_t>(tokens_.size());
  tokens_.push_back(std::move(token));
}

const AddedToken* AddedTokens::find(std::string_view text) const {
  std::uint32_t node = 0;
  for (const char c : text) {
    const auto it = nodes_[node].next.find(static_cast<unsigned char>(c));
    if (it == nodes_[node].next.end()) return nullptr;
    node = it->second;
  }
  const auto token = nodes_[node].token;
  return token < 0 ? nullptr : &tokens_[static_cast<std::size_t>(token)];
}

std::vector<Segment> AddedTokens::cut(std::string_view text, std::span<const TrustRange> trust) const {
  std::vector<Segment> out;
  TrustCursor cursor(trust);
  std::size_t plain = 0;  // start of the text not yet given out
  for (std::size_t at = 0; at < text.size();) {
    if (!first_[static_cast<unsigned char>(text[at])]) {
      ++at;
      continue;
    }
    const std::size_t reach = cursor.reach(at);
    const AddedToken* best = nullptr;
    std::uint32_t node = 0;
    for (std::size_t k = at; k < text.size(); ++k) {
      const auto it = nodes_[node].next.find(static_cast<unsigned char>(text[k]));
      if (it == nodes_[node].next.end()) break;
      node = it->second;
      if (nodes_[node].token < 0) continue;
      const AddedToken& token = tokens_[static_cast<std::size_t>(nodes_[node].token)];
      const std::size_t end = k + 1;
      if (!token.anywhere && end > reach) continue;
      if (token.single_word && ((at > 0 && word_byte(text[at - 1])) || (end < text.size() && word_byte(text[end]))))
        continue;
      best = &token;
    }
    if (!best) {
      ++at;
      continue;
    }
    std::size_t end = at + best->text.size();
    const std::size_t begin = best->lstrip ? space_before(text, plain, at) : at;
    if (best->rstrip) end = skip_space(text, end);
    if (begin > plain) out.push_back({text.substr(plain, begin - plain)});
    out.push_back({text.substr(begin, end - begin), best->id});
    plain = at = end;
  }
  if (plain < text.size()) out.push_back({text.substr(plain)});
  return out;
}

}  // namespace wright::engine
