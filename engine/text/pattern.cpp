#include "engine/text/pattern.h"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "base/utf8.h"

namespace wright::engine {
namespace {

struct Node {
  enum class Kind { chars, sequence, choice, repeat } kind = Kind::sequence;
  CharSet chars;
  std::vector<Node> parts;
  int min = 0, max = -1;       // repeat; -1: without end
};

// One alternative of the whole pattern, with its anchors.
struct Branch {
  bool anchored_start = false, anchored_end = false;
  Node body;
};

constexpr int kMaxRepeat = 20'000, kMaxNesting = 200;

CharSet digit() { return CharSet::of({{'0', '9'}}); }
CharSet word() { return CharSet::of({{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}); }
CharSet space() {
  return CharSet::of({{9, 13}, {' ', ' '}, {0xA0, 0xA0}, {0x1680, 0x1680}, {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}});
}
CharSet dot() { return CharSet::of({{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}).inverted(); }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<std::vector<Branch>> parse() {
    std::vector<Branch> branches;
    do {
      Branch branch;
      branch.anchored_start = take('^');
      WRIGHT_TRY(branch.body, sequence(0));
      branch.anchored_end = take('$');
      if (at_ < text_.size() && text_[at_] != '|') return unsupported(text_.substr(at_, 1), "in the middle");
      branches.push_back(std::move(branch));
    } while (take('|'));
    return branches;
  }

 private:
  Error unsupported(std::string_view what, std::string_view where) const {
    return {ErrorKind::usage, fmt::format("pattern '{}': '{}' {} is not supported", text_, what, where), "use a plain regular expression"};
  }
  Error malformed(std::string_view what) const { return {ErrorKind::usage, fmt::format("pattern '{}': {} at offset {}", text_, what, at_), ""}; }
  bool more() const { return at_ < text_.size(); }
  bool take(char c) {
    if (!more() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  Result<Node> choice(int depth) {
    if (depth > kMaxNesting) return malformed("groups nested too deep");
    Node out;
    out.kind = Node::Kind::choice;
    do {
      WRIGHT_TRY(Node part, sequence(depth));
      out.parts.push_back(std::move(part));
    } while (take('|'));
    return out;
  }

  Result<Node> sequence(int depth) {
    Node out;
    while (more() && text_[at_] != '|' && text_[at_] != ')') {
      if (text_[at_] == '$' && depth == 0 && (at_ + 1 == text_.size() || text_[at_ + 1] == '|')) break;
      WRIGHT_TRY(Node part, atom(depth));
      WRIGHT_TRY(part, quantified(std::move(part)));
      out.parts.push_back(std::move(part));
    }
    if (depth == 0 && more() && text_[at_] == ')') return malformed("a ')' without its '('");
    return out;
  }

  Result<Node> atom(int depth) {
    const auto decoded = utf8::decode(text_, at_);
    if (!decoded.valid) return malformed("invalid UTF-8");
    at_ += decoded.length;
    switch (decoded.code) {
      case '(': return group(depth);
      case '[': return char_class();
      case '.': return chars(dot());
      case '\\': {
        CharSet set;
        WRIGHT_CHECK(escape(set, false));
        return chars(std::move(set));
      }
      case '^':
      case '$': return unsupported(decoded.code == '^' ? "^" : "$", "in the middle");
      case '*':
      case '+':
      case '?': return malformed("a quantifier without something before it");
      default: return chars(CharSet{{{decoded.code, decoded.code}}});
    }
  }
  static Node chars(CharSet set) {
    Node node;
    node.kind = Node::Kind::chars;
    node.chars = std::move(set);
    return node;
  }

  Result<Node> group(int depth) {
    if (take('?')) {
      if (take('<')) {
        if (more() && (text_[at_] == '=' || text_[at_] == '!')) return unsupported("(?<", "(look-behind)");
        const auto end = text_.find('>', at_);
        if (end == std::string_view::npos) return malformed("a group's name");
        at_ = end + 1;
      } else if (!take(':')) {
        return unsupported("(?" + std::string(text_.substr(at_, 1)), "(look-ahead or flags)");
      }
    }
    WRIGHT_TRY(Node inner, choice(depth + 1));
    if (!take(')')) return malformed("a ')' is missing");
    return inner;
  }

  Result<char32_t> hex(int digits) {
    char32_t value = 0;
    for (int i = 0; i < digits; ++i, ++at_) {
      const char c = more() ? text_[at_] : ' ';
      const int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
      if (d < 0) return malformed("a hexadecimal escape");
      value = value * 16 + static_cast<char32_t>(d);
    }
    return value;
  }

  // What follows a backslash, as a set.
  Result<void> escape(CharSet& out, bool in_class) {
    if (!more()) return malformed("a backslash at the end");
    const auto decoded = utf8::decode(text_, at_);
    at_ += decoded.length;
    struct Short { char name; char32_t code; };
    static constexpr Short kShort[] = {{'t', 9}, {'n', 10}, {'v', 11}, {'f', 12}, {'r', 13}, {'0', 0}};
    for (const Short& s : kShort)
      if (decoded.code == static_cast<char32_t>(s.name)) {
        out = CharSet{{{s.code, s.code}}};
        return {};
      }
    switch (decoded.code) {
      case 'd': out = digit(); return {};
      case 'D': out = digit().inverted(); return {};
      case 'w': out = word(); return {};
      case 'W': out = word().inverted(); return {};
      case 's': out = space(); return {};
      case 'S': out = space().inverted(); return {};
      case 'x':
      case 'u': {
        char32_t code = 0;
        if (decoded.code == 'u' && take('{')) {
          while (more() && text_[at_] != '}') {
            WRIGHT_TRY(const char32_t d, hex(1));
            code = code * 16 + d;
            if (code > 0x10FFFF) return malformed("a code point beyond Unicode");
          }
          if (!take('}')) return malformed("a '}' is missing");
        } else {
          WRIGHT_TRY(code, hex(decoded.code == 'x' ? 2 : 4));
        }
        out = CharSet{{{code, code}}};
        return {};
      }
      case 'b':
        if (in_class) {
          out = CharSet{{{8, 8}}};
          return {};
        }
        [[fallthrough]];
      case 'B': return unsupported("\\b", "(word boundary)");
      case 'p':
      case 'P': return unsupported("\\p", "(Unicode property)");
      case 'k': return unsupported("\\k", "(back-reference)");
      default:
        if (decoded.code >= '1' && decoded.code <= '9' && !in_class) return unsupported("\\" + std::string(1, static_cast<char>(decoded.code)), "(back-reference)");
        if ((decoded.code >= 'a' && decoded.code <= 'z') || (decoded.code >= 'A' && decoded.code <= 'Z')) return malformed("an unknown escape");
        out = CharSet{{{decoded.code, decoded.code}}};
        return {};
    }
  }

  Result<Node> char_class() {
    const bool negated = take('^');
    CharSet set;
    while (!take(']')) {
      CharSet low;
      WRIGHT_CHECK(class_atom(low));
      const bool single = low.ranges.size() == 1 && low.ranges[0].first == low.ranges[0].second;
      if (single && at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']') {
        ++at_;
        CharSet high;
        WRIGHT_CHECK(class_atom(high));
        if (high.ranges.size() != 1 || high.ranges[0].first != high.ranges[0].second || high.ranges[0].first < low.ranges[0].first)
          return malformed("a range of a class");
        set.add(low.ranges[0].first, high.ranges[0].first);
      } else {
        for (const auto& r : low.ranges) set.add(r.first, r.second);
      }
    }
    set.normalise();
    return chars(negated ? set.inverted() : set);
  }
  Result<void> class_atom(CharSet& out) {
    if (!more()) return malformed("a ']' is missing");
    const auto decoded = utf8::decode(text_, at_);
    if (!decoded.valid) return malformed("invalid UTF-8");
    at_ += decoded.length;
    if (decoded.code == '\\') return escape(out, true);
    out = CharSet{{{decoded.code, decoded.code}}};
    return {};
  }

  Result<int> number() {
    if (!more() || text_[at_] < '0' || text_[at_] > '9') return malformed("a count");
    int value = 0;
    while (more() && text_[at_] >= '0' && text_[at_] <= '9') {
      value = value * 10 + (text_[at_++] - '0');
      if (value > kMaxRepeat) return Error{ErrorKind::limit, fmt::format("pattern '{}': repeats more than {} times", text_, kMaxRepeat), ""};
    }
    return value;
  }
  Result<Node> quantified(Node inner) {
    for (;;) {
      Node out;
      out.kind = Node::Kind::repeat;
      if (take('*')) out.min = 0;
      else if (take('+')) out.min = 1;
      else if (take('?')) out.max = 1;
      else if (more() && text_[at_] == '{' && at_ + 1 < text_.size() && text_[at_ + 1] >= '0' && text_[at_ + 1] <= '9') {
        ++at_;
        WRIGHT_TRY(out.min, number());
        out.max = out.min;
        if (take(',')) {
          out.max = -1;
          if (more() && text_[at_] != '}') {
            WRIGHT_TRY(out.max, number());
          }
        }
        if (!take('}') || (out.max >= 0 && out.max < out.min)) return malformed("a repetition");
      } else {
        return inner;
      }
      take('?');  // lazy: the same texts match
      out.parts.push_back(std::move(inner));
      inner = std::move(out);
    }
  }
  const std::string_view text_;
  std::size_t at_ = 0;
};

class Builder {
 public:
  Builder(Grammar& grammar, PatternText text) : grammar_(grammar), json_(text == PatternText::json_string) {}

  void chars(GrammarState from, const CharSet& set, GrammarState to) {
    if (json_) add_json_chars(grammar_, from, set, to);
    else grammar_.add_chars(from, set, to);
  }
  GrammarState build(const Node& node, GrammarState from) {
    if (grammar_.too_large()) return from;  // finish() reports it
    switch (node.kind) {
      case Node::Kind::chars: {
        const GrammarState to = grammar_.add_state();
        chars(from, node.chars, to);
        return to;
      }
      case Node::Kind::sequence:
        for (const Node& part : node.parts) from = build(part, from);
        return from;
      case Node::Kind::choice: {
        const GrammarState to = grammar_.add_state();
        for (const Node& part : node.parts) grammar_.add_silent(build(part, from), to);
        return to;
      }
      case Node::Kind::repeat: return repeat(node, from);
    }
    return from;
  }
  GrammarState any_loop(GrammarState from) {
    const GrammarState loop = grammar_.add_state();
    grammar_.add_silent(from, loop);
    chars(loop, CharSet::all(), loop);
    return loop;
  }

 private:
  GrammarState repeat(const Node& node, GrammarState from) {
    const Node& inner = node.parts[0];
    for (int i = 0; i < node.min && !grammar_.too_large(); ++i) from = build(inner, from);
    const GrammarState end = grammar_.add_state();
    if (node.max < 0) {
      const GrammarState loop = grammar_.add_state();
      grammar_.add_silent(from, loop);
      grammar_.add_silent(build(inner, loop), loop);
      grammar_.add_silent(loop, end);
      return end;
    }
    grammar_.add_silent(from, end);
    for (int i = node.min; i < node.max && !grammar_.too_large(); ++i) {
      from = build(inner, from);
      grammar_.add_silent(from, end);
    }
    return end;
  }
  Grammar& grammar_;
  const bool json_;
};

}  // namespace

void add_json_chars(Grammar& grammar, GrammarState from, const CharSet& set, GrammarState to) {
  CharSet plain;
  for (const auto& [low, high] : set.ranges) {  // what stands for itself: all but controls, '"' and '\'
    char32_t next = std::max<char32_t>(low, 0x20);
    for (const char32_t special : {char32_t{'"'}, char32_t{'\\'}}) {
      if (special < next || special > high) continue;
      if (special > next) plain.add(next, special - 1);
      next = special + 1;
    }
    if (next <= high) plain.add(next, high);
  }
  plain.normalise();
  grammar.add_chars(from, plain, to);
  const auto escaped = [&](const std::string& text) { grammar.add_silent(grammar.add_text(from, text), to); };
  if (set.has('"')) escaped("\\\"");
  if (set.has('\\')) escaped("\\\\");
  struct Short { char32_t code; const char* text; };
  static constexpr Short kShort[] = {{8, "\\b"}, {9, "\\t"}, {10, "\\n"}, {12, "\\f"}, {13, "\\r"}};
  for (char32_t c = 0; c < 0x20; ++c) {
    if (!set.has(c)) continue;
    std::string text = fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    for (const Short& s : kShort)
      if (s.code == c) text = s.text;
    escaped(text);
  }
}

Result<GrammarState> add_pattern(Grammar& grammar, GrammarState from, std::string_view pattern, PatternText text) {
  Parser parser(pattern);
  WRIGHT_TRY(const std::vector<Branch> branches, parser.parse());
  Builder builder(grammar, text);
  const GrammarState end = grammar.add_state();
  const bool search = text == PatternText::json_string;
  for (const Branch& branch : branches) {
    GrammarState at = grammar.add_state();
    grammar.add_silent(from, at);
    if (search && !branch.anchored_start) at = builder.any_loop(at);
    at = builder.build(branch.body, at);
    if (search && !branch.anchored_end) at = builder.any_loop(at);
    grammar.add_silent(at, end);
  }
  return end;
}

}  // namespace wright::engine
