#include "engine/text/byte_alphabet.h"

#include <array>
#include <cstdint>

#include "base/utf8.h"

namespace wright::engine {
namespace {

// Character 0..0x143 to its byte; -1: none. Printable Latin-1 stands for itself, the others follow from U+0100 on.
std::array<std::int16_t, 0x144> make_table() {
  std::array<std::int16_t, 0x144> table;
  table.fill(-1);
  int next = 0x100;
  for (int b = 0; b < 256; ++b) {
    const bool itself = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b != 0xAD);
    table[static_cast<std::size_t>(itself ? b : next++)] = static_cast<std::int16_t>(b);
  }
  return table;
}

}  // namespace

std::optional<std::string> bytes_of_spelling(std::string_view spelled) {
  static const auto table = make_table();
  std::string out;
  out.reserve(spelled.size());
  for (std::size_t i = 0; i < spelled.size();) {
    const auto d = utf8::decode(spelled, i);
    if (!d.valid || d.code >= table.size() || table[d.code] < 0) return std::nullopt;
    out += static_cast<char>(table[d.code]);
    i += d.length;
  }
  return out;
}

std::string bytes_or_text(std::string_view spelled) {
  auto bytes = bytes_of_spelling(spelled);
  return bytes ? std::move(*bytes) : std::string(spelled);
}

}  // namespace wright::engine
