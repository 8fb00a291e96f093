// "Change what I see": a text, a colour, a number, the order of two elements, each found where it stands in the sources. A change
// that could mean several places is asked for; one that would break a file's syntax is not made.
#include <algorithm>
#include <cctype>
#include <set>

#include "agent/guided/intents.h"
#include "agent/guided/places.h"
#include "agent/test_files.h"

namespace wright::agent::guided {
namespace {

// One place that could be meant; the lower the class, the surer.
struct Place {
  std::string file;
  Splice splice;
  int rank = 0;
  std::string shown;
};

class Finder {
 public:
  explicit Finder(Turn& turn) : turn_(turn) {
    const bool tests = mentions_tests(turn.reading().text);
    for (const std::string& file : turn.reading().paths.empty() ? turn.files() : turn.reading().paths)
      if (tests || !turn.reading().paths.empty() || !is_test_file(file)) files_.push_back(file);
  }
  const std::vector<std::string>& files() const { return files_; }

  void add(const std::string& file, const std::string& text, Splice splice, int rank) {
    std::string shown = fmt::format("{}:{}  {}", file, line_of(text, splice.begin), line_text(text, splice.begin));
    places_.push_back({file, std::move(splice), rank, std::move(shown)});
  }

  // The best class of places: changed at once when it is one place, asked for when it is several.
  Result<void> settle(const std::string& what, const std::string& missing) {
    if (places_.empty()) return turn_.not_done(turn_.words(Say::not_seen, missing));
    WRIGHT_CHECK(turn_.understood(what));
    const int best = std::min_element(places_.begin(), places_.end(), [](const Place& a, const Place& b) { return a.rank < b.rank; })->rank;
    std::erase_if(places_, [&](const Place& p) { return p.rank != best; });
    std::size_t which = 0;
    if (places_.size() > 1) {
      std::vector<std::string> shown;
      for (const Place& p : places_) shown.push_back(p.shown);
      WRIGHT_TRY(const auto chosen, turn_.choose(turn_.words(Say::which_place, places_.size()), shown));
      if (!chosen) return {};
      which = *chosen;
    }
    const Place& place = places_[which];
    const auto before = turn_.text_of(place.file);
    if (!before) return turn_.not_done(turn_.words(Say::not_seen, place.file));
    const std::string after = apply(*before, {place.splice});
    const std::size_t line = line_of(after, place.splice.begin);
    if (after == *before) return turn_.done(turn_.words(Say::no_change, place.file, line, line_text(after, place.splice.begin)));
    if (breaks_syntax(place.file, *before, after)) return turn_.not_done(turn_.words(Say::would_break, place.file));
    WRIGHT_TRY(const bool wrote, turn_.replace(place.file, after));
    std::size_t at = place.splice.begin;
    while (at < after.size() && after[at] == '\n') ++at;
    return wrote ? turn_.done(turn_.words(Say::changed, place.file, line_of(after, at), line_text(after, at))) : Result<void>();
  }

 private:
  Turn& turn_;
  std::vector<std::string> files_;
  std::vector<Place> places_;
};

std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
  return out;
}

// Words of the request that could name a value, longest first: "max retries" -> maxretries, max, retries.
struct KoreanName { std::string_view said, names; };
constexpr KoreanName kKoreanNames[] = {{"글자크기/글씨크기", "fontsize"}, {"글자 크기", "fontsize"}, {"글씨 크기", "fontsize"}, {"속도", "speed"}, {"너비/폭", "width"}, {"높이", "height"}, {"포트", "port"},
                                       {"여백", "padding"}, {"크기", "size"}, {"최대 재시도", "maxretries"}, {"재시도", "retries"}, {"시간/타임아웃", "timeout"}, {"점수", "score"}, {"생명/목숨", "lives"}, {"가격", "price"}};

std::vector<std::string> names_said(const Reading& r) {
  std::vector<std::string> out;
  for (const KoreanName& row : kKoreanNames)
    if (says(r, row.said)) out.emplace_back(row.names);
  for (std::size_t length = std::min<std::size_t>(4, r.words.size()); length > 0; --length)
    for (std::size_t i = 0; i + length <= r.words.size(); ++i) {
      std::string name;
      bool latin = true;
      for (std::size_t k = i; k < i + length; ++k) {
        latin &= !r.words[k].hangul;
        name += plain_name(r.words[k].text);
      }
      if (latin && name.size() >= 2) out.push_back(name);
    }
  return out;
}

// 0: the name itself; 1: a part of it; -1: another.
int name_rank(const std::string& name, const std::vector<std::string>& wanted) {
  const std::string plain = plain_name(name);
  constexpr std::string_view kNoNames[] = {"to", "the", "set", "make", "change", "of", "from", "color", "colour", "in", "for", "px", "be", "is", "should", "value", "number", "text", "new", "it", "this", "and"};
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (plain == wanted[i] && std::find(std::begin(kNoNames), std::end(kNoNames), plain) == std::end(kNoNames)) return 0;
  for (const std::string& w : wanted)
    if (w.size() >= 4 && plain.size() > w.size() && plain.find(w) != std::string::npos && std::find(std::begin(kNoNames), std::end(kNoNames), w) == std::end(kNoNames)) return 1;
  return -1;
}

bool in_comment(const std::string& file, const std::string& text, std::size_t at) {
  const auto language = tools::language_of(file);
  if (!language) return false;
  const auto tree = tools::SyntaxTree::parse(*language, text);
  return tree.ok() && tree->node_at(at, at + 1).kind().find("comment") != std::string_view::npos;
}

bool in_code_word(const std::string& text, std::size_t begin, std::size_t end) {
  const auto part = [&](std::size_t i) { return i < text.size() && (std::isalnum(static_cast<unsigned char>(text[i])) || text[i] == '_'); };
  return (begin > 0 && part(begin - 1) && part(begin)) || (part(end) && part(end - 1));
}

// 'old' to 'new', wherever the old text stands.
Result<void> change_text(Turn& turn, std::string old, std::string fresh) {
  Finder finder(turn);
  for (const bool words : {true, false}) {  // as whole words first
    bool found = false;
    for (const std::string& file : finder.files()) {
      const auto text = turn.text_of(file);
      if (!text) continue;
      for (std::size_t at = 0; (at = text->find(old, at)) != std::string::npos; at += old.size()) {
        if (words && in_code_word(*text, at, at + old.size())) continue;
        // What is seen stands in texts; a comment is meant only when nothing else is.
        const bool page = is_page(file) || file.ends_with(".md");
        finder.add(file, *text, {at, at + old.size(), fresh}, in_comment(file, *text, at) ? 2 : page || tools::language_of(file) || is_style_sheet(file) ? 0 : 1);
        found = true;
      }
    }
    if (found) break;
  }
  return finder.settle(turn.words(Say::change_text, old, fresh), "'" + old + "'");
}

bool has_name(std::string_view classes, std::string_view names) {
  std::string selector(".");
  for (const char c : classes) selector += c == ' ' ? '.' : c;
  return selects(selector, "", names);
}

bool has_tag(std::string_view tags, std::string_view tag) { return (" " + std::string(tags) + " ").find(" " + std::string(tag) + " ") != std::string::npos; }

// "the title" to 'new'.
Result<void> change_element_text(Turn& turn, const Element& element, const std::string& fresh) {
  Finder finder(turn);
  for (const std::string& file : finder.files()) {
    const auto text = turn.text_of(file);
    if (!text) continue;
    if (is_page(file))
      for (const HtmlElement& e : html_elements(*text)) {
        if (!e.plain || e.inner == e.inner_end) continue;
        const bool tag = has_tag(element.tags, e.tag), named = has_name(e.classes, element.names);
        if (tag || named) finder.add(file, *text, {e.inner, e.inner_end, html_text(fresh)}, 0);
        else if (e.tag == "title" && has_tag(element.tags, "h1")) finder.add(file, *text, {e.inner, e.inner_end, html_text(fresh)}, 3);
      }
    for (const Assignment& a : assignments(*text)) {
      if (a.quote == 0 || is_page(file) || is_style_sheet(file) || is_colour(std::string_view(*text).substr(a.begin, a.end - a.begin))) continue;
      const int rank = name_rank(a.name, {plain_name(std::string(element.names.substr(0, element.names.find(' '))))});
      if (rank >= 0 && fresh.find(a.quote) == std::string::npos && fresh.find('\\') == std::string::npos) finder.add(file, *text, {a.begin, a.end, fresh}, 1 + rank);
    }
  }
  return finder.settle(turn.words(Say::change_text, std::string(element.names.substr(0, element.names.find(' '))), fresh), std::string(element.names.substr(0, element.names.find(' '))));
}

// The colour token of a value such as "1px solid red".
std::pair<std::size_t, std::size_t> colour_in(const std::string& text, std::size_t begin, std::size_t end) {
  for (std::size_t at = begin; at < end;) {
    std::size_t stop = at;
    int depth = 0;
    while (stop < end && (depth > 0 || text[stop] != ' ')) {
      depth += text[stop] == '(' ? 1 : text[stop] == ')' ? -1 : 0;
      ++stop;
    }
    if (stop > at && is_colour(std::string_view(text).substr(at, stop - at))) return {at, stop};
    at = stop + 1;
  }
  return {begin, begin};
}

class ColourChange {
 public:
  ColourChange(Turn& turn, std::string old, std::string css, const Element* element)
      : turn_(turn), finder_(turn), old_(std::move(old)), css_(std::move(css)), element_(element) {
    const Reading& r = turn.reading();
    property_ = says(r, "background/배경/배경색") ? "background" : says(r, "border/테두리") ? "border" : "color";
    // "the button's background": the element after all.
    if (element_ && element_->tags == "body" && property_ == "background")
      for (const char* other : {"title/heading/제목", "button/buttons/버튼", "header/헤더", "footer/푸터", "menu/nav/메뉴"})
        if (says(r, other)) element_ = other_element(other);
    names_ = element_ ? std::string(element_->names) : "";
    tags_ = element_ ? std::string(element_->tags) : "";
    for (const std::string& name : r.identifiers)
      if (!element_ && colour_of(lower(name), false).empty() && name.size() > 2) names_ += (names_.empty() ? "" : " ") + lower(name);
  }

  Result<void> run() {
    for (const std::string& file : finder_.files())
      if (const auto text = turn_.text_of(file)) {
        rules(file, *text);
        if (is_page(file)) elements(file, *text);
        else if (!is_style_sheet(file)) sources(file, *text);
      }
    const std::string what = element_ ? std::string(element_->names.substr(0, element_->names.find(' '))) : old_.empty() ? names_ : old_;
    return finder_.settle(turn_.words(Say::change_colour, what, css_), what.empty() ? css_ : what);
  }

 private:
  const Element* other_element(std::string_view said) const {
    Reading one = turn_.reading();
    std::erase_if(one.words, [&](const Word& w) { Reading r; r.words = {w}; return !says(r, said); });
    return element_in(one);
  }

  bool fits(std::string_view property) const {
    if (property_ == "color") return property == "color" || (tags_ == "button" && !text_ && (property == "background" || property == "background-color"));
    return property == property_ || property == property_ + "-color";
  }

  // What is written where nothing is yet.
  std::string property_name() const { return property_ != "color" ? property_ + "-color" : tags_ == "button" && !text_ ? "background-color" : "color"; }

  void value(const std::string& file, const std::string& text, std::size_t begin, std::size_t end, int rank) {
    const auto [a, b] = colour_in(text, begin, end);
    if (a == b || (!old_.empty() && !same_colour(std::string_view(text).substr(a, b - a), old_))) return;
    finder_.add(file, text, {a, b, css_}, rank);
  }

  void rules(const std::string& file, const std::string& text) {
    for (const CssRule& rule : css_rules(file, text)) {
      const bool meant = selects(rule.selector, tags_, names_);
      if (!meant && (element_ || old_.empty())) continue;
      // A button's own colour is its background where it has one.
      const bool background = std::any_of(rule.declarations.begin(), rule.declarations.end(), [](const Declaration& d) { return d.property.starts_with("background"); });
      bool found = false;
      for (const Declaration& d : rule.declarations) {
        if (meant && element_ && (!fits(d.property) || (property_ == "color" && tags_ == "button" && background && d.property == "color" && !text_))) continue;
        if (!meant && d.property.find("color") == std::string::npos && !d.property.starts_with("background") && !d.property.starts_with("border")) continue;
        value(file, text, d.begin, d.end, 0);
        found = true;
      }
      if (!found && meant && old_.empty()) {
        const std::string name = property_name();
        const bool lines = text.substr(rule.open, rule.close - rule.open).find('\n') != std::string::npos;
        std::size_t at = rule.close;
        while (at > rule.open + 1 && std::isspace(static_cast<unsigned char>(text[at - 1]))) --at;
        const bool semicolon = at == rule.open + 1 || text[at - 1] == ';';
        finder_.add(file, text, {at, at, (semicolon ? "" : ";") + std::string(lines ? "\n  " : " ") + name + ": " + css_ + ";"}, 1);
      }
    }
  }

  void elements(const std::string& file, const std::string& text) {
    std::vector<HtmlElement> meant;
    for (const HtmlElement& e : html_elements(text)) {
      if (!has_tag(tags_, e.tag) && !has_name(e.classes, names_)) continue;
      meant.push_back(e);
      if (e.style == 0) continue;
      for (std::size_t at = e.style; at < e.style_end;) {
        const std::size_t stop = std::min(text.find(';', at), e.style_end), colon = text.find(':', at);
        if (colon < stop) {
          std::size_t a = at;
          while (a < colon && text[a] == ' ') ++a;
          if (fits(lower(std::string_view(text).substr(a, colon - a)))) value(file, text, text.find_first_not_of(' ', colon + 1), stop, 0);
        }
        at = stop + 1;
      }
    }
    if (meant.empty() || !old_.empty() || !element_) return;
    const std::string name = property_name();
    const HtmlElement& e = meant[0];
    if (const std::size_t style = lower(text).find("</style>"); style != std::string::npos && has_tag(tags_, e.tag)) {
      finder_.add(file, text, {style, style, e.tag + " { " + name + ": " + css_ + "; }\n"}, 2);
    } else if (e.style == 0) {
      for (const HtmlElement& each : meant)
        finder_.add(file, text, {each.open + 1 + each.tag.size(), each.open + 1 + each.tag.size(), " style=\"" + name + ": " + css_ + "\""}, 2);
    }
  }

  void sources(const std::string& file, const std::string& text) {
    for (const Assignment& a : assignments(text)) {
      if (a.quote == 0 || !is_colour(std::string_view(text).substr(a.begin, a.end - a.begin))) continue;
      std::vector<std::string> wanted;
      for (std::size_t at = 0; at < names_.size(); at = std::min(names_.find(' ', at), names_.size()) + 1) wanted.push_back(plain_name(names_.substr(at, names_.find(' ', at) - at)));
      const std::string plain = plain_name(a.name);
      const bool named = std::any_of(wanted.begin(), wanted.end(), [&](const std::string& w) { return !w.empty() && plain.find(w) != std::string::npos; });
      if (named || (!old_.empty() && !element_)) value(file, text, a.begin, a.end, named ? 0 : 1);
    }
  }

  Turn& turn_;
  Finder finder_;
  const std::string old_, css_;
  const Element* element_;
  const bool text_ = says(turn_.reading(), "text/글자/글씨");  // the letters, not the surface
  std::string property_, names_, tags_;
};

// A string that has a name: "the welcome message" to 'new'.
Result<void> change_named_text(Turn& turn, const std::string& fresh) {
  Finder finder(turn);
  const std::vector<std::string> wanted = names_said(turn.reading());
  std::string what;
  for (const std::string& file : finder.files()) {
    const auto text = turn.text_of(file);
    if (!text || is_page(file) || is_style_sheet(file) || file.ends_with(".md")) continue;
    for (const Assignment& a : assignments(*text)) {
      const int rank = a.quote != 0 ? name_rank(a.name, wanted) : -1;
      if (rank < 0 || fresh.find(a.quote) != std::string::npos || fresh.find('\\') != std::string::npos || in_comment(file, *text, a.begin)) continue;
      what = a.name;
      finder.add(file, *text, {a.begin, a.end, fresh}, rank);
    }
  }
  return what.empty() ? turn.not_done(turn.words(Say::change_what)) : finder.settle(turn.words(Say::change_text, what, fresh), what);
}

Result<void> change_number(Turn& turn) {
  const Reading& r = turn.reading();
  const std::string fresh = r.numbers.back();
  Finder finder(turn);
  std::vector<std::string> wanted = names_said(r);
  for (const std::string& q : r.quoted) wanted.insert(wanted.begin(), plain_name(q));
  const Element* element = element_in(r);
  std::string what;
  for (const std::string& file : finder.files()) {
    const auto text = turn.text_of(file);
    if (!text || file.ends_with(".md") || file.ends_with("package-lock.json")) continue;
    const auto rules = css_rules(file, *text);
    for (const Assignment& a : assignments(*text)) {
      const int rank = a.number ? name_rank(a.name, wanted) : -1;
      if (rank < 0 || in_comment(file, *text, a.begin)) continue;
      if (r.numbers.size() > 1 && text->substr(a.begin, a.end - a.begin) != r.numbers[0]) continue;
      bool other = false;  // a declaration of another element's rule
      for (const CssRule& rule : rules) other |= element && a.begin > rule.open && a.begin < rule.close && !selects(rule.selector, element->tags, element->names);
      if (other) continue;
      what = a.name;
      finder.add(file, *text, {a.begin, a.end, fresh}, rank);
    }
  }
  if (what.empty() && r.numbers.size() > 1) return change_text(turn, r.numbers[0], fresh);
  return finder.settle(turn.words(Say::change_number, what, fresh), wanted.empty() ? fresh : r.symbols.empty() ? (r.identifiers.empty() ? wanted[0] : r.identifiers.back()) : r.symbols[0]);
}

}  // namespace

Result<void> change_seen(Turn& turn) {
  const Reading& r = turn.reading();
  const bool instead = says(r, "instead of");
  if (r.quoted.size() >= 2) return change_text(turn, r.quoted[instead ? 1 : 0], r.quoted[instead ? 0 : 1]);
  const Element* const element = element_in(r);
  if (!r.colours.empty()) {
    const bool two = r.colours.size() > 1;
    return ColourChange(turn, two ? r.colours[instead ? 1 : 0].css : "", two ? r.colours[instead ? 0 : 1].css : r.colours[0].css, element).run();
  }
  if (r.quoted.size() == 1 && element) return change_element_text(turn, *element, r.quoted[0]);
  if (!r.numbers.empty() && r.quoted.empty()) return change_number(turn);
  if (r.quoted.size() == 1 && r.numbers.empty()) return change_named_text(turn, r.quoted[0]);
  if (!r.numbers.empty()) return change_number(turn);
  return turn.not_done(turn.words(Say::change_what));
}

namespace {

struct Line { std::size_t begin = 0, end = 0; };  // without its line end

Line line_around(const std::string& text, std::size_t at) {
  const std::size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
  return {begin, std::min(text.find('\n', at), text.size())};
}

std::string_view indent_of(const std::string& text, const Line& line) {
  const std::size_t stop = std::min(text.find_first_not_of(" \t", line.begin), line.end);
  return std::string_view(text).substr(line.begin, stop - line.begin);
}

// A line that is an element by itself: as many tags and brackets opened as closed.
bool whole_line(const std::string& text, const Line& line) {
  int tags = 0, brackets = 0;
  for (std::size_t i = line.begin; i < line.end; ++i) {
    if (text[i] == '<' && i + 1 < line.end) tags += text[i + 1] == '/' ? -1 : std::isalpha(static_cast<unsigned char>(text[i + 1])) ? 1 : 0;
    if (text[i] == '/' && i + 1 < line.end && text[i + 1] == '>') --tags;
    brackets += std::string_view("([{").find(text[i]) != std::string_view::npos ? 1 : std::string_view(")]}").find(text[i]) != std::string_view::npos ? -1 : 0;
  }
  return tags <= 1 && tags >= 0 && brackets == 0 && (tags == 0 || text.substr(line.begin, line.end - line.begin).find("<input") != std::string::npos || text.substr(line.begin, line.end - line.begin).find("<img") != std::string::npos);
}

}  // namespace

Result<void> move_element(Turn& turn) {
  const Reading& r = turn.reading();
  std::vector<std::string> two = r.quoted;
  for (const std::string& name : r.identifiers)
    if (two.size() < 2 && r.quoted.empty() && r.symbols.size() >= 2 && std::find(r.symbols.begin(), r.symbols.end(), name) != r.symbols.end()) two.push_back(name);
  if (two.size() < 2) return turn.not_done(turn.words(Say::move_what));
  const bool swap = says(r, "swap/exchange/switch") || says(r, "순서/자리");
  const bool below = says(r, "below/after/under/아래/밑/뒤");
  for (const std::string& file : r.paths.empty() ? turn.files() : r.paths) {
    const auto text = turn.text_of(file);
    if (!text || is_test_file(file)) continue;
    const std::size_t a = text->find(two[0]), b = text->find(two[1]);
    if (a == std::string::npos || b == std::string::npos) continue;
    const Line first = line_around(*text, a), second = line_around(*text, b);
    if (text->find(two[0], a + 1) != std::string::npos || text->find(two[1], b + 1) != std::string::npos || first.begin == second.begin || indent_of(*text, first) != indent_of(*text, second) ||
        !whole_line(*text, first) || !whole_line(*text, second))
      continue;
    WRIGHT_CHECK(turn.understood(turn.words(Say::move, two[0], swap ? "<->" : below ? "↓" : "↑", two[1])));
    // The lines between them, without the commas that end them, in a new order; commas stay where they were.
    std::vector<Line> lines;
    for (std::size_t at = std::min(first.begin, second.begin); at <= std::max(first.begin, second.begin);) {
      lines.push_back(line_around(*text, at));
      at = lines.back().end + 1;
    }
    std::vector<std::string> bodies, ends;
    for (const Line& line : lines) {
      std::string body = text->substr(line.begin, line.end - line.begin), end;
      while (!body.empty() && (body.back() == ',' || body.back() == '\r' || body.back() == ' ')) end.insert(end.begin(), body.back()), body.pop_back();
      bodies.push_back(body);
      ends.push_back(end);
    }
    const bool down = first.begin < second.begin;  // where the moved one stands now
    if (swap) std::swap(bodies.front(), bodies.back());
    else if (down && below) std::rotate(bodies.begin(), bodies.begin() + 1, bodies.end());
    else if (down) std::rotate(bodies.begin(), bodies.begin() + 1, bodies.end() - 1);
    else if (below) std::rotate(bodies.begin() + 1, bodies.end() - 1, bodies.end());
    else std::rotate(bodies.begin(), bodies.end() - 1, bodies.end());
    std::string block;
    for (std::size_t i = 0; i < bodies.size(); ++i) block += (i ? "\n" : "") + bodies[i] + ends[i];
    const std::string after = apply(*text, {{lines.front().begin, lines.back().end, block}});
    if (after == *text) return turn.done(turn.words(Say::no_change, file, line_of(*text, a), line_text(*text, a)));
    if (breaks_syntax(file, *text, after)) return turn.not_done(turn.words(Say::would_break, file));
    WRIGHT_TRY(const bool wrote, turn.replace(file, after));
    return wrote ? turn.done(turn.words(Say::moved, file, line_text(after, after.find(two[0])))) : Result<void>();
  }
  return turn.not_done(turn.words(Say::not_siblings, two[0], two[1]));
}

}  // namespace wright::agent::guided
