#include "agent/guided/places.h"

#include <algorithm>
#include <cctype>

namespace wright::agent::guided {
namespace {

constexpr Element kElements[] = {
    {"background/배경/배경색", "body", "background bg"},
    {"title/heading/headline/제목/타이틀", "h1", "title heading"},
    {"subtitle/subheading/부제목/소제목", "h2", "subtitle subheading"},
    {"button/buttons/버튼/단추", "button", "button btn"},
    {"link/links/링크", "a", "link"},
    {"header/머리글/헤더", "header", "header"},
    {"footer/푸터/바닥글/꼬리말", "footer", "footer"},
    {"menu/nav/navbar/navigation/메뉴/내비게이션", "nav", "menu nav"},
    {"paragraph/paragraphs/text/문단/본문/글자/글씨/텍스트", "p", "text paragraph"},
    {"list/items/목록/리스트", "li", "list item"},
    {"table/표", "table", "table"},
    {"border/테두리", "", "border"},
    {"page/body/페이지", "body", "page body"},
    {"ball/공", "", "ball"},
    {"player/플레이어", "", "player"},
    {"snake/뱀", "", "snake"},
};

struct ColourCode { std::string_view name, hex; };
constexpr ColourCode kCodes[] = {{"red", "#ff0000"}, {"blue", "#0000ff"}, {"green", "#008000"}, {"yellow", "#ffff00"}, {"black", "#000000"}, {"white", "#ffffff"}, {"purple", "#800080"}, {"orange", "#ffa500"},
                                 {"pink", "#ffc0cb"}, {"gray", "#808080"}, {"navy", "#000080"}, {"teal", "#008080"}, {"lime", "#00ff00"}, {"cyan", "#00ffff"}, {"magenta", "#ff00ff"}};

bool name_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '$'; }
bool blank(char c) { return c == ' ' || c == '\t'; }

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t at = std::min(text.find(by), text.size());
    if (at > 0) out.push_back(text.substr(0, at));
    text.remove_prefix(std::min(at + 1, text.size()));
  }
  return out;
}

// Comments become blanks, so that offsets stay.
std::string without_comments(std::string text, std::string_view open, std::string_view close) {
  for (std::size_t at = 0; (at = text.find(open, at)) != std::string::npos;) {
    std::size_t end = text.find(close, at + open.size());
    end = end == std::string::npos ? text.size() : end + close.size();
    for (; at < end; ++at)
      if (text[at] != '\n') text[at] = ' ';
  }
  return text;
}

std::string long_hex(std::string_view value) {
  std::string low = lower(value);
  if (low == "grey") low = "gray";
  for (const auto& [name, hex] : kCodes)
    if (low == name) return std::string(hex);
  if (low.size() == 4 && low[0] == '#') return {'#', low[1], low[1], low[2], low[2], low[3], low[3]};
  return low;
}

void read_declarations(const std::string& text, CssRule& rule) {
  for (std::size_t at = rule.open + 1; at < rule.close;) {
    const std::size_t stop = std::min({text.find(';', at), rule.close});
    const std::size_t colon = text.find(':', at);
    if (colon < stop) {
      std::size_t a = text.find_first_not_of(" \t\r\n", at), b = colon, c = colon + 1, d = stop;
      while (b > a && std::isspace(static_cast<unsigned char>(text[b - 1]))) --b;
      while (c < d && std::isspace(static_cast<unsigned char>(text[c]))) ++c;
      while (d > c && std::isspace(static_cast<unsigned char>(text[d - 1]))) --d;
      if (a < b) rule.declarations.push_back({lower(std::string_view(text).substr(a, b - a)), c, d});
    }
    at = stop + 1;
  }
}

void read_rules(const std::string& text, std::size_t from, std::size_t to, std::vector<CssRule>& out) {
  std::size_t start = from;
  for (std::size_t at = from; at < to; ++at) {
    if (text[at] == '}' || text[at] == ';') start = at + 1;
    if (text[at] != '{') continue;
    std::string selector = text.substr(start, at - start);
    selector.erase(0, std::min(selector.find_first_not_of(" \t\r\n"), selector.size()));
    while (!selector.empty() && std::isspace(static_cast<unsigned char>(selector.back()))) selector.pop_back();
    start = at + 1;
    if (selector.starts_with('@')) continue;  // its rules follow
    CssRule rule{selector, at, std::min(text.find('}', at), to), {}};
    read_declarations(text, rule);
    at = rule.close;
    start = at + 1;
    out.push_back(std::move(rule));
  }
}

std::string attribute(std::string_view tag, std::string_view name, std::size_t* at) {
  for (std::size_t i = 0; (i = tag.find(name, i)) != std::string_view::npos; i += name.size()) {
    std::size_t j = i + name.size();
    if (i == 0 || !std::isspace(static_cast<unsigned char>(tag[i - 1])) || j + 1 >= tag.size() || tag[j] != '=' || (tag[j + 1] != '"' && tag[j + 1] != '\'')) continue;
    const std::size_t end = tag.find(tag[j + 1], j + 2);
    if (end == std::string_view::npos) return "";
    if (at) *at = j + 2;
    return std::string(tag.substr(j + 2, end - j - 2));
  }
  return "";
}

}  // namespace

const Element* element_in(const Reading& reading) {
  const Element* first = nullptr;
  std::size_t best = std::string::npos;
  for (const Element& element : kElements)
    if (const std::size_t at = said_at(reading, element.said); at < best) {
      best = at;
      first = &element;
    }
  return first;
}

std::vector<Assignment> assignments(std::string_view text) {
  std::vector<Assignment> out;
  for (std::size_t at = 0; at < text.size();) {
    if (!name_char(text[at]) || std::isdigit(static_cast<unsigned char>(text[at])) || (at > 0 && name_char(text[at - 1]))) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && name_char(text[end])) ++end;
    std::size_t i = end;
    if (i < text.size() && (text[i] == '"' || text[i] == '\'')) ++i;  // "name":
    while (i < text.size() && blank(text[i])) ++i;
    const bool sign = i < text.size() && (text[i] == '=' || text[i] == ':') && i + 1 < text.size() && std::string_view("=:>").find(text[i + 1]) == std::string_view::npos;
    if (!sign) {
      at = end;
      continue;
    }
    const bool colon = text[i] == ':';
    ++i;
    while (i < text.size() && blank(text[i])) ++i;
    if (colon) {  // name: type = value
      std::size_t j = i;
      while (j < text.size() && (name_char(text[j]) || text[j] == '[' || text[j] == ']' || text[j] == '.')) ++j;
      std::size_t k = j;
      while (k < text.size() && blank(text[k])) ++k;
      if (j > i && k + 1 < text.size() && text[k] == '=' && text[k + 1] != '=') {
        i = k + 1;
        while (i < text.size() && blank(text[i])) ++i;
      }
    }
    Assignment a{std::string(text.substr(at, end - at)), i, i, 0, false};
    if (i < text.size() && (text[i] == '"' || text[i] == '\'' || text[i] == '`')) {
      a.quote = text[i];
      a.begin = i + 1;
      a.end = a.begin;
      while (a.end < text.size() && text[a.end] != a.quote && text[a.end] != '\n') a.end += text[a.end] == '\\' ? 2 : 1;
      if (a.end < text.size() && text[a.end] == a.quote && a.end > a.begin) out.push_back(a);
    } else {
      std::size_t j = i;
      if (j < text.size() && (text[j] == '-' || text[j] == '+')) ++j;
      while (j < text.size() && (std::isdigit(static_cast<unsigned char>(text[j])) || (text[j] == '.' && j + 1 < text.size() && std::isdigit(static_cast<unsigned char>(text[j + 1]))))) ++j;
      a.end = j;
      a.number = j > i && std::isdigit(static_cast<unsigned char>(text[j - 1])) != 0;
      if (a.number) out.push_back(a);
    }
    at = end;
  }
  return out;
}

std::vector<CssRule> css_rules(const std::string& file, const std::string& text) {
  std::vector<CssRule> out;
  const std::string clean = without_comments(text, "/*", "*/");
  if (is_style_sheet(file)) read_rules(clean, 0, clean.size(), out);
  if (!is_page(file)) return out;
  const std::string low = lower(clean);
  for (std::size_t at = 0; (at = low.find("<style", at)) != std::string::npos;) {
    const std::size_t from = low.find('>', at), to = low.find("</style", at);
    if (from == std::string::npos || to == std::string::npos) break;
    read_rules(clean, from + 1, to, out);
    at = to + 1;
  }
  return out;
}

bool selects(std::string_view selector, std::string_view tags, std::string_view names) {
  for (std::string_view one : split(selector, ',')) {
    while (!one.empty() && std::isspace(static_cast<unsigned char>(one.back()))) one.remove_suffix(1);
    one.remove_prefix(std::min(one.find_last_of(" >\n\t+~") + 1, one.size()));
    if (one.find(':') != std::string_view::npos) continue;  // :hover and the like
    const std::string_view tag = one.substr(0, one.find_first_of(".#["));
    for (const std::string_view t : split(tags, ' '))
      if (tag == t) return true;
    if (tag.size() == one.size()) continue;
    const std::string low = lower(one.substr(tag.size()));
    for (const std::string_view n : split(names, ' ')) {
      const std::size_t at = low.find(n);
      if (at != std::string::npos && at > 0 && !std::isalpha(static_cast<unsigned char>(low[at - 1])) && (at + n.size() == low.size() || !std::isalpha(static_cast<unsigned char>(low[at + n.size()])))) return true;
    }
  }
  return false;
}

std::vector<HtmlElement> html_elements(const std::string& source) {
  std::vector<HtmlElement> out;
  const std::string text = without_comments(source, "<!--", "-->");
  const std::string low = lower(text);
  for (std::size_t at = 0; (at = text.find('<', at)) != std::string::npos; ++at) {
    std::size_t end = at + 1;
    while (end < text.size() && std::isalnum(static_cast<unsigned char>(text[end]))) ++end;
    if (end == at + 1) continue;
    HtmlElement e;
    e.tag = low.substr(at + 1, end - at - 1);
    e.open = at;
    e.open_end = text.find('>', end);
    if (e.open_end == std::string::npos) break;
    ++e.open_end;
    const std::string_view tag = std::string_view(text).substr(at, e.open_end - at);
    std::size_t style = 0;
    const std::string value = attribute(tag, "style", &style);
    if (style > 0) e.style = at + style, e.style_end = e.style + value.size();
    e.classes = lower(attribute(tag, "class", nullptr) + " " + attribute(tag, "id", nullptr));
    e.inner = e.open_end;
    e.inner_end = std::min(text.find('<', e.inner), text.size());
    e.plain = low.compare(e.inner_end, e.tag.size() + 2, "</" + e.tag) == 0;
    if (e.tag == "script" || e.tag == "style") at = std::min(low.find("</" + e.tag, at), text.size());
    out.push_back(std::move(e));
  }
  return out;
}

bool is_page(std::string_view file) {
  for (const std::string_view ending : {".html", ".htm", ".vue", ".svelte"})
    if (file.ends_with(ending)) return true;
  return false;
}

bool is_style_sheet(std::string_view file) { return file.ends_with(".css") || file.ends_with(".scss") || file.ends_with(".less"); }

bool is_colour(std::string_view value) {
  const std::string low = lower(value);
  return !colour_of(low, false).empty() || low.starts_with("rgb(") || low.starts_with("rgba(") || low.starts_with("hsl(") || (low.size() == 9 && low[0] == '#');
}

bool same_colour(std::string_view a, std::string_view b) { return long_hex(a) == long_hex(b); }

}  // namespace wright::agent::guided
