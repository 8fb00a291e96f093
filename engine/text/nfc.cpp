#include "engine/text/nfc.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "base/utf8.h"

namespace wright::engine {
namespace {

constexpr char32_t kSBase = 0xAC00, kLBase = 0x1100, kVBase = 0x1161, kTBase = 0x11A7;  // Hangul, chapter 3.12
constexpr char32_t kLCount = 19, kVCount = 21, kTCount = 28, kSCount = kLCount * kVCount * kTCount;
constexpr char32_t kRawByte = 0x80000000;  // a malformed byte, kept

std::uint8_t ccc(char32_t code) {
  if (code < 0x300 || code >= kRawByte) return 0;
  const auto table = nfc_classes();
  auto it = std::upper_bound(table.begin(), table.end(), code, [](char32_t c, const NfcClass& k) { return c < k.from; });
  if (it == table.begin()) return 0;
  --it;
  return code <= it->to ? it->ccc : 0;
}

void decompose(char32_t code, std::u32string& out) {
  if (code < 0xC0) {
    out += code;
    return;
  }
  if (code >= kSBase && code < kSBase + kSCount) {
    const char32_t s = code - kSBase;
    out += kLBase + s / (kVCount * kTCount);
    out += kVBase + s % (kVCount * kTCount) / kTCount;
    if (s % kTCount) out += kTBase + s % kTCount;
    return;
  }
  const auto table = nfc_decompositions();
  const auto it = std::lower_bound(table.begin(), table.end(), code,
                                   [](const NfcDecomposition& d, char32_t c) { return d.code < c; });
  if (it == table.end() || it->code != code) {
    out += code;
    return;
  }
  decompose(it->first, out);
  if (it->second) decompose(it->second, out);
}

char32_t compose(char32_t a, char32_t b) {
  if (a >= kLBase && a < kLBase + kLCount && b >= kVBase && b < kVBase + kVCount)
    return kSBase + ((a - kLBase) * kVCount + (b - kVBase)) * kTCount;
  if (a >= kSBase && a < kSBase + kSCount && (a - kSBase) % kTCount == 0 && b > kTBase && b < kTBase + kTCount)
    return a + (b - kTBase);
  static const auto pairs = [] {
    std::unordered_map<std::uint64_t, char32_t> map;
    for (const auto& d : nfc_decompositions())
      if (d.composes) map.emplace(std::uint64_t{d.first} << 32 | d.second, d.code);
    return map;
  }();
  const auto it = pairs.find(std::uint64_t{a} << 32 | b);
  return it == pairs.end() ? 0 : it->second;
}

}  // namespace

std::string nfc(std::string_view text) {
  // Everything below U+0300 is in NFC already; this is nearly every text.
  if (std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0xCC; }))
    return std::string(text);
  std::u32string codes;
  for (std::size_t i = 0; i < text.size();) {
    const auto d = utf8::decode(text, i);
    if (d.valid) {
      decompose(d.code, codes);
    } else {
      codes += kRawByte + static_cast<unsigned char>(text[i]);
      i += 1;
      continue;
    }
    i += d.length;
  }
  std::vector<std::uint8_t> classes(codes.size());
  for (std::size_t i = 0; i < codes.size(); ++i) classes[i] = ccc(codes[i]);
  for (std::size_t i = 0; i < codes.size();) {  // canonical order: a stable sort of each run of marks
    if (!classes[i]) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < codes.size() && classes[end]) ++end;
    std::vector<std::pair<std::uint8_t, char32_t>> run;
    for (std::size_t k = i; k < end; ++k) run.emplace_back(classes[k], codes[k]);
    std::stable_sort(run.begin(), run.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t k = i; k < end; ++k) std::tie(classes[k], codes[k]) = run[k - i];
    i = end;
  }
  std::u32string out;
  std::size_t starter = std::u32string::npos;
  int last = -1;  // class of the last mark kept after the starter; -1: none
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const int k = classes[i];
    if (starter != std::u32string::npos && (last == -1 || last < k)) {  // not blocked
      if (const char32_t c = compose(out[starter], codes[i])) {
        out[starter] = c;
        continue;
      }
    }
    if (k == 0) {
      starter = out.size();
      last = -1;
    } else {
      last = k;
    }
    out += codes[i];
  }
  std::string result;
  result.reserve(text.size());
  for (const char32_t c : out) {
    if (c >= kRawByte) result += static_cast<char>(c - kRawByte);
    else utf8::append(result, c);
  }
  return result;
}

}  // namespace wright::engine
