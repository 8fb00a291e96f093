// old_string -> new_string in one text: exactly, else line by line ignoring blanks at the ends, re-indenting what is put in. Pure
// functions, any thread; texts have LF only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace wright::tools::patch {

struct EditPlace {
  std::size_t first_line, last_line;  // from 1, inclusive, in the text before
};

struct TextEdit {
  enum class Outcome { done, ambiguous, not_found } outcome = Outcome::not_found;
  bool exact = true;               // else blanks at line ends were ignored
  std::vector<EditPlace> places;   // done: what was replaced; ambiguous: the candidates
  std::string text;                // done: the new text
};

// `all`: every place; otherwise more than one place is ambiguous.
TextEdit edit_text(std::string_view text, std::string_view old_string, std::string_view new_string, bool all);

}  // namespace wright::tools::patch
