#include "agent/guided/reading.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "base/utf8.h"

namespace wright::agent::guided {
namespace {

struct ColourRow { std::string_view word, css; };
constexpr ColourRow kColours[] = {
    {"red", "red"}, {"blue", "blue"}, {"green", "green"}, {"yellow", "yellow"}, {"black", "black"}, {"white", "white"}, {"purple", "purple"},
    {"orange", "orange"}, {"pink", "pink"}, {"gray", "gray"}, {"grey", "gray"}, {"brown", "brown"}, {"navy", "navy"}, {"teal", "teal"},
    {"gold", "gold"}, {"silver", "silver"}, {"cyan", "cyan"}, {"magenta", "magenta"}, {"lime", "lime"}, {"olive", "olive"}, {"maroon", "maroon"},
    {"crimson", "crimson"}, {"skyblue", "skyblue"}, {"violet", "violet"}, {"indigo", "indigo"}, {"turquoise", "turquoise"}, {"beige", "beige"},
    {"tomato", "tomato"}, {"salmon", "salmon"}, {"coral", "coral"},
    {"빨간", "red"}, {"빨강", "red"}, {"붉은", "red"}, {"파란", "blue"}, {"파랑", "blue"}, {"초록", "green"}, {"녹색", "green"}, {"노란", "yellow"},
    {"노랑", "yellow"}, {"검은", "black"}, {"검정", "black"}, {"까만", "black"}, {"흰", "white"}, {"하얀", "white"}, {"하양", "white"}, {"보라", "purple"},
    {"주황", "orange"}, {"분홍", "pink"}, {"핑크", "pink"}, {"회색", "gray"}, {"하늘색", "skyblue"}, {"남색", "navy"}, {"갈색", "brown"}, {"금색", "gold"},
    {"은색", "silver"},
};

struct QuotePair { std::string_view open, close; };
constexpr QuotePair kQuotes[] = {{"`", "`"}, {"\"", "\""}, {"'", "'"}, {"“", "”"}, {"‘", "’"}, {"「", "」"}, {"『", "』"}};

constexpr std::string_view kSmallWords[] = {"a", "an", "the", "my", "this", "that", "these", "those", "all", "me", "please", "of", "for", "our", "its", "your",
                                            "some", "in", "new", "simple", "small", "little", "just", "now", "to", "it", "with", "basic", "tiny", "좀", "하나", "이", "그", "새"};
constexpr std::string_view kOpeners[] = {"please", "can", "could", "would", "you", "wright", "hey", "i", "want", "need", "to", "let", "s", "us", "help", "me"};

bool is_small(const Word& word) { return std::find(std::begin(kSmallWords), std::end(kSmallWords), word.low) != std::end(kSmallWords); }
bool ascii_alnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 && static_cast<unsigned char>(c) < 128; }
bool is_hangul(char32_t c) { return (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0x1100 && c <= 0x11FF) || (c >= 0x3130 && c <= 0x318F); }
bool token_char(char c) { return ascii_alnum(c) || std::string_view("_./#$-+@").find(c) != std::string_view::npos; }

// Takes the quoted texts out; their place is filled with blanks so that offsets stay.
std::string without_quotes(std::string_view text, std::vector<std::string>& quoted) {
  std::string out(text);
  for (std::size_t i = 0; i < out.size();) {
    bool took = false;
    for (const auto& [open, close] : kQuotes) {
      if (out.compare(i, open.size(), open) != 0) continue;
      if (open == "'" && i > 0 && ascii_alnum(out[i - 1])) continue;  // an apostrophe
      std::size_t end = i;
      do end = out.find(close, end + 1);
      while (end != std::string::npos && close == "'" && end + 1 < out.size() && ascii_alnum(out[end + 1]));
      if (end == std::string::npos || end == i + open.size()) continue;
      quoted.push_back(out.substr(i + open.size(), end - i - open.size()));
      std::fill(out.begin() + static_cast<std::ptrdiff_t>(i), out.begin() + static_cast<std::ptrdiff_t>(end + close.size()), ' ');
      i = end + close.size();
      took = true;
      break;
    }
    if (!took) ++i;
  }
  return out;
}

std::vector<Word> words_of(const std::string& text) {
  std::vector<Word> out;
  for (std::size_t i = 0; i < text.size();) {
    const auto code = utf8::decode(text, i);
    std::size_t end = i + code.length;
    if (is_hangul(code.code)) {
      while (end < text.size() && is_hangul(utf8::decode(text, end).code)) end += utf8::decode(text, end).length;
      out.push_back({text.substr(i, end - i), text.substr(i, end - i), i, end, true});
    } else if (token_char(text[i])) {
      while (end < text.size() && token_char(text[end])) ++end;
      std::size_t from = i, to = end;
      while (to > from && !ascii_alnum(text[to - 1]) && text[to - 1] != '_' && text[to - 1] != '+') --to;
      while (from < to && !ascii_alnum(text[from]) && text[from] != '_' && !(std::string_view(".#-/").find(text[from]) != std::string_view::npos && from + 1 < to)) ++from;
      if (from < to) out.push_back({text.substr(from, to - from), lower(std::string_view(text).substr(from, to - from)), from, to, false});
    }
    i = end;
  }
  return out;
}

bool word_is(const Word& word, std::string_view pattern) {
  while (!pattern.empty()) {
    const std::size_t bar = std::min(pattern.find('/'), pattern.size());
    std::string_view one = pattern.substr(0, bar);
    pattern.remove_prefix(std::min(bar + 1, pattern.size()));
    const bool prefix = one.ends_with('*');
    if (prefix) one.remove_suffix(1);
    if (one.empty()) continue;
    if (word.hangul ? word.low.find(one) != std::string::npos : prefix ? word.low.starts_with(one) : word.low == one) return true;
  }
  return false;
}

constexpr std::size_t kGapWords = 8;

// The word after the cue's last when it matches from `at`; npos otherwise.
std::size_t match_from(const std::vector<Word>& words, std::string_view cue, std::size_t at, std::size_t gap) {
  while (cue.starts_with(' ')) cue.remove_prefix(1);
  if (cue.empty()) return at;
  if (cue.starts_with("…")) return match_from(words, cue.substr(std::string_view("…").size()), at, kGapWords);
  const std::size_t blank = std::min(cue.find(' '), cue.size());
  const std::string_view first = cue.substr(0, blank), rest = cue.substr(blank);
  for (std::size_t skipped = 0; at < words.size(); ++at) {
    if (word_is(words[at], first)) {
      const std::size_t end = match_from(words, rest, at + 1, 0);
      if (end != std::string::npos) return end;
    }
    if (is_small(words[at])) continue;
    if (++skipped > gap) return std::string::npos;
  }
  return std::string::npos;
}

bool looks_like_code(const std::string& text) {
  if (text.find('_') != std::string::npos || text.find("::") != std::string::npos || text.find('.') != std::string::npos) return true;
  bool low = false;
  for (const char c : text) {
    if (low && std::isupper(static_cast<unsigned char>(c))) return true;
    low |= std::islower(static_cast<unsigned char>(c)) != 0;
  }
  return false;
}

void read_paths(Reading& out, const std::string& said, const std::vector<std::string>& files) {
  if (said.find('.') == std::string::npos && said.find('/') == std::string::npos && said != "Makefile" && said != "Dockerfile") return;
  const std::string wanted = said.starts_with("./") ? said.substr(2) : said;
  std::vector<std::string> found;
  for (const std::string& file : files)
    if (file == wanted || file.ends_with("/" + wanted)) found.push_back(file);
  if (std::find(found.begin(), found.end(), wanted) != found.end()) found = {wanted};
  for (const std::string& file : found)
    if (std::find(out.paths.begin(), out.paths.end(), file) == out.paths.end()) out.paths.push_back(file);
}

bool is_number(const std::string& text) {
  std::size_t digits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (std::isdigit(static_cast<unsigned char>(text[i]))) ++digits;
    else if (!(text[i] == '.' || (i == 0 && (text[i] == '-' || text[i] == '+')))) return false;
  }
  return digits > 0;
}

void read_symbols(Reading& out, const tools::RepoSnapshot& snapshot, std::size_t first_word) {
  std::vector<std::string> strong, weak;
  const auto add = [](std::vector<std::string>& list, const std::string& name) {
    if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(name);
  };
  for (const std::string& q : out.quoted)
    if (q.size() < 200 && !snapshot.definitions(q).empty()) add(strong, q);
  for (std::size_t i = 0; i < out.words.size(); ++i) {
    const Word& word = out.words[i];
    if (word.hangul || word.text.find('/') != std::string::npos || snapshot.definitions(word.text).empty()) continue;
    const auto near = [&](std::size_t at) { return at < out.words.size() && word_is(out.words[at], "function/method/class/symbol/variable/함수/메서드/클래스/변수/상수"); };
    const bool call = out.text.compare(word.end, 2, "()") == 0;
    if (call || looks_like_code(word.text) || near(i + 1) || (i > 0 && near(i - 1))) add(strong, word.text);
    else if (i > first_word && !is_small(word)) add(weak, word.text);
    else if (out.words.size() > 1 && out.words[1].hangul && i == 0) add(strong, word.text);
  }
  out.symbols = std::move(strong);
  for (const std::string& name : weak) add(out.symbols, name);
}

}  // namespace

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool is_identifier(std::string_view text) {
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0]))) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return ascii_alnum(c) || c == '_' || c == '$'; });
}

std::string plain_name(std::string_view text) {
  std::string out;
  for (const char c : lower(text))
    if (ascii_alnum(c)) out += c;
  return out;
}

std::string colour_of(std::string_view word, bool hangul) {
  if (word.starts_with('#') && (word.size() == 4 || word.size() == 7) &&
      std::all_of(word.begin() + 1, word.end(), [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }))
    return std::string(word);
  for (const auto& [name, css] : kColours)
    if (hangul ? word.find(name) != std::string_view::npos : word == name) return std::string(css);
  return "";
}

bool says(const Reading& reading, std::string_view cue) { return said_at(reading, cue) != std::string::npos; }

std::size_t said_at(const Reading& reading, std::string_view cue) {
  for (std::size_t at = 0; at < reading.words.size(); ++at) {
    const std::size_t end = match_from(reading.words, cue, at, 0);
    if (end != std::string::npos) return end;
  }
  return std::string::npos;
}

Reading read_request(std::string_view text, const tools::RepoSnapshot& snapshot, const std::vector<std::string>& files) {
  Reading out;
  out.text = utf8::repair(text);
  out.words = words_of(without_quotes(out.text, out.quoted));
  std::size_t first_word = 0;
  while (first_word < out.words.size() && std::find(std::begin(kOpeners), std::end(kOpeners), out.words[first_word].low) != std::end(kOpeners)) ++first_word;
  for (const std::string& q : out.quoted) {
    read_paths(out, q, files);
    if (is_identifier(q)) out.identifiers.push_back(q);
  }
  for (const Word& word : out.words) {
    out.korean |= word.hangul;
    if (const std::string css = colour_of(word.low, word.hangul); !css.empty()) out.colours.push_back({css, word.begin});
    if (word.hangul) continue;
    read_paths(out, word.text, files);
    if (is_identifier(word.text)) out.identifiers.push_back(word.text);
    std::string number = word.text;
    for (const std::string_view unit : {"px", "rem", "em", "pt", "ms", "s", "%"})
      if (number.size() > unit.size() && number.ends_with(unit)) {
        number.resize(number.size() - unit.size());
        break;
      }
    if (is_number(number)) out.numbers.push_back(number);
  }
  for (const std::string& q : out.quoted)
    if (is_number(q)) out.numbers.push_back(q);
  read_symbols(out, snapshot, first_word);
  return out;
}

}  // namespace wright::agent::guided
