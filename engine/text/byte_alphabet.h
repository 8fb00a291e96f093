// GPT-2's byte alphabet: each byte as one printable character, the spelling of byte-level vocabularies. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wright::engine {

// The bytes that `spelled` stands for; nothing when it holds a character outside the alphabet.
std::optional<std::string> bytes_of_spelling(std::string_view spelled);
// As above, but `spelled` itself when it holds other characters (added tokens are stored as they are).
std::string bytes_or_text(std::string_view spelled);

}  // namespace wright::engine
