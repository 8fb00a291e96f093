// A file as text with LF only, and back: lines that an edit leaves alone keep their own ending, a byte order mark stays. Pure
// functions, any thread.
#pragma once

#include <string>
#include <string_view>

namespace wright::tools::patch {

// CRLF and lone CR -> LF.
std::string to_lf(std::string_view text);

struct LfText {
  std::string text;      // without byte order mark, LF only
  std::string original;  // the file's bytes
};
LfText to_lf_text(std::string_view bytes);
// The bytes to write when `file.text` became `after`: lines that stayed keep their ending, new ones take that of the file's first.
std::string from_lf_text(const LfText& file, std::string_view after);

}  // namespace wright::tools::patch
