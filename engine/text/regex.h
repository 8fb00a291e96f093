// Regular expressions of tokenizer files (the dialect of Rust's fancy-regex and Oniguruma as far as tokenizers use it), by
// PCRE2 in UTF mode. Compiled patterns are immutable, any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace wright::engine {

class Regex {
 public:
  // `what` names the source in the error. `\s` means the Unicode property White_Space.
  static Result<Regex> compile(std::string_view pattern, std::string_view what);

  // Calls `found(begin, end)` for each match, left to right, without overlap; empty matches are passed over. Malformed
  // UTF-8 in `text` matches nothing. False when the matcher gave up (its step limit); what was found until then stands.
  bool each(std::string_view text, const std::function<void(std::size_t, std::size_t)>& found) const;

 private:
  std::shared_ptr<void> code_;
};

// `pattern` with \s and \S spelled as White_Space, since PCRE2's own class has U+180E as well.
std::string spell_white_space(std::string_view pattern);

}  // namespace wright::engine
