// Unicode normalisation form C (UAX #15), Unicode 14. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace wright::engine {

// `text` in NFC; malformed bytes stay as they are and end a combining sequence.
std::string nfc(std::string_view text);

// Data from UnicodeData.txt (nfc_data.cpp), sorted by code point.
struct NfcDecomposition {
  std::uint32_t code, first, second;  // canonical, one step; second 0: a singleton
  bool composes;                      // first + second give code again
};
struct NfcClass {
  std::uint32_t from, to;  // inclusive
  std::uint8_t ccc;
};
std::span<const NfcDecomposition> nfc_decompositions();
std::span<const NfcClass> nfc_classes();

}  // namespace wright::engine
