// Places that a user may mean by "the title" or "max retries": values of assignments and declarations in sources, style sheets and
// configuration, texts and styles of HTML elements. Pure functions over a file's text; any thread, never fail. HTML and CSS are read
// by a small scanner of our own (no grammar for them is built in): tags, attributes, rules and declarations, comments left out.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "agent/guided/reading.h"

namespace wright::agent::guided {

// A thing one sees: its names in both languages, the tags that show it.
struct Element {
  std::string_view said;                    // alternatives as in says(), English and Korean
  std::string_view tags;                    // blanks between; "" for none
  std::string_view names;                   // parts of names in code and of classes, blanks between
};
// The first element that the request names; null when none.
const Element* element_in(const Reading& reading);

// name = value, name: value, "name": value.
struct Assignment {
  std::string name;
  std::size_t begin = 0, end = 0;           // of the value, without quotes
  char quote = 0;                           // around it, or 0
  bool number = false;
};
std::vector<Assignment> assignments(std::string_view text);

struct Declaration { std::string property; std::size_t begin = 0, end = 0; };  // of the value
struct CssRule {
  std::string selector;
  std::size_t open = 0, close = 0;          // of the braces
  std::vector<Declaration> declarations;
};
// The rules of a style sheet, or of the <style> parts of a page.
std::vector<CssRule> css_rules(const std::string& file, const std::string& text);
// Whether the last part of one of the selectors is `tag`, or a class or id that holds one of `names`.
bool selects(std::string_view selector, std::string_view tags, std::string_view names);

struct HtmlElement {
  std::string tag;
  std::size_t open = 0, open_end = 0;       // "<h1 …>"
  std::size_t inner = 0, inner_end = 0;     // what stands between the tags, when it holds no tag
  bool plain = false;                       // it holds no tag
  std::size_t style = 0, style_end = 0;     // the value of its style attribute, 0: none
  std::string classes;                      // class and id, blanks between
};
std::vector<HtmlElement> html_elements(const std::string& text);

bool is_page(std::string_view file);
bool is_style_sheet(std::string_view file);
bool is_colour(std::string_view value);
bool same_colour(std::string_view a, std::string_view b);

}  // namespace wright::agent::guided
