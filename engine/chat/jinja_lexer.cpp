// Tokens of a template, with trim_blocks and lstrip_blocks on, as chat templates are written for.
#include <fmt/format.h>

#include "base/utf8.h"
#include "engine/chat/jinja_syntax.h"

namespace wright::engine::jinja {
namespace {

bool space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool name_start(char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80; }
bool digit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
 public:
  Lexer(std::string source, std::string_view name) : s_(std::move(source)), name_(name) {}

  Result<std::vector<Token>> run() {
    while (at_ < s_.size()) WRIGHT_CHECK(text());
    put(Token::Kind::end, "");
    return std::move(out_);
  }

 private:
  Error fail(std::string_view what) const {
    return {ErrorKind::invalid, fmt::format("template {} line {}: {}", name_, line_, what), ""};
  }
  void put(Token::Kind kind, std::string text) { out_.push_back({kind, std::move(text), line_}); }
  bool starts(std::string_view what) const { return s_.compare(at_, what.size(), what) == 0; }
  void skip_to(std::size_t to) {
    for (; at_ < to; ++at_) line_ += s_[at_] == '\n';
  }
  void skip_space() {
    std::size_t k = at_;
    while (k < s_.size() && space(s_[k])) ++k;
    skip_to(k);
  }

  // Text up to the next tag, then the tag.
  Result<void> text() {
    const std::size_t begin = at_;
    std::size_t tag = begin;
    while ((tag = s_.find('{', tag)) != std::string::npos) {
      const char c = tag + 1 < s_.size() ? s_[tag + 1] : 0;
      if (c == '{' || c == '%' || c == '#') break;
      ++tag;
    }
    if (tag == std::string::npos) tag = s_.size();
    std::size_t end = tag;
    if (tag < s_.size()) {
      const char control = tag + 2 < s_.size() ? s_[tag + 2] : 0;
      if (control == '-') {
        while (end > begin && space(s_[end - 1])) --end;
      } else if (control != '+' && s_[tag + 1] != '{') {  // lstrip_blocks: only blanks stand before it on its line
        std::size_t k = end;
        while (k > begin && s_[k - 1] != '\n' && space(s_[k - 1])) --k;
        if (k == 0 || s_[k - 1] == '\n') end = k;
      }
    }
    if (end > begin) put(Token::Kind::text, s_.substr(begin, end - begin));
    skip_to(tag);
    if (tag == s_.size()) return {};
    const char kind = s_[tag + 1];
    at_ += 2;
    if (at_ < s_.size() && (s_[at_] == '-' || s_[at_] == '+')) ++at_;
    if (kind == '#') return comment();
    if (kind == '%' && raw_begins()) return raw();
    put(kind == '{' ? Token::Kind::variable_begin : Token::Kind::block_begin, "");
    return code(kind == '{');
  }

  // After a tag's end: what white space it eats.
  void after(char control, bool block) {
    if (control == '-') skip_space();
    else if (block && control != '+' && at_ < s_.size() && s_[at_] == '\n') skip_to(at_ + 1);
  }

  Result<void> comment() {
    const std::size_t end = s_.find("#}", at_);
    if (end == std::string::npos) return fail("a comment without its end");
    const char control = end > at_ ? s_[end - 1] : 0;
    skip_to(end + 2);
    after(control, true);
    return {};
  }

  bool raw_begins() const {
    std::size_t k = at_;
    while (k < s_.size() && space(s_[k])) ++k;
    return s_.compare(k, 3, "raw") == 0 && k + 3 < s_.size() && (space(s_[k + 3]) || s_[k + 3] == '%' || s_[k + 3] == '-');
  }

  Result<void> raw() {
    const std::size_t open = s_.find("%}", at_);
    if (open == std::string::npos) return fail("a raw block without its end");
    const char control = s_[open - 1];
    skip_to(open + 2);
    after(control, true);
    for (std::size_t k = at_; (k = s_.find("{%", k)) != std::string::npos; k += 2) {
      std::size_t w = k + 2;
      const bool strip = w < s_.size() && s_[w] == '-';
      if (w < s_.size() && (s_[w] == '-' || s_[w] == '+')) ++w;
      while (w < s_.size() && space(s_[w])) ++w;
      if (s_.compare(w, 6, "endraw") != 0) continue;
      const std::size_t close = s_.find("%}", w);
      if (close == std::string::npos) break;
      std::size_t end = k;
      while (strip && end > at_ && space(s_[end - 1])) --end;
      if (end > at_) put(Token::Kind::text, s_.substr(at_, end - at_));
      const char last = s_[close - 1];
      skip_to(close + 2);
      after(last, true);
      return {};
    }
    return fail("a raw block without its end");
  }

  Result<void> code(bool variable) {
    int brackets = 0;  // "}}" inside a dict does not end the tag
    for (;;) {
      skip_space();
      if (at_ >= s_.size()) return fail("a tag without its end");
      const std::string_view close = variable ? "}}" : "%}";
      const bool control = (s_[at_] == '-' || s_[at_] == '+') && s_.compare(at_ + 1, 2, close) == 0;
      if (brackets == 0 && (control || starts(close))) {
        const char c = control ? s_[at_] : 0;
        put(variable ? Token::Kind::variable_end : Token::Kind::block_end, "");
        skip_to(at_ + (control ? 3 : 2));
        after(c, !variable);
        return {};
      }
      const char c = s_[at_];
      if (name_start(c)) {
        std::size_t k = at_;
        while (k < s_.size() && (name_start(s_[k]) || digit(s_[k]))) ++k;
        put(Token::Kind::name, s_.substr(at_, k - at_));
        at_ = k;
      } else if (digit(c)) {
        number();
      } else if (c == '"' || c == '\'') {
        WRIGHT_CHECK(string());
      } else {
        static constexpr std::string_view kOps[] = {"//", "**", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">",
                                                    "=", "(", ")", "[", "]", "{", "}", ",", ".", ":", "|"};
        bool known = false;
        for (const auto op : kOps) {
          if (!starts(op)) continue;
          if (op == "(" || op == "[" || op == "{") ++brackets;
          if ((op == ")" || op == "]" || op == "}") && --brackets < 0) return fail("a bracket too many");
          put(Token::Kind::op, std::string(op));
          at_ += op.size();
          known = true;
          break;
        }
        if (!known) return fail(fmt::format("unexpected character '{}'", c));
      }
    }
  }

  void number() {
    std::size_t k = at_;
    std::string digits;
    const auto take = [&] {
      while (k < s_.size() && (digit(s_[k]) || (s_[k] == '_' && k + 1 < s_.size() && digit(s_[k + 1])))) {
        if (s_[k] != '_') digits += s_[k];
        ++k;
      }
    };
    take();
    bool real = false;
    if (k + 1 < s_.size() && s_[k] == '.' && digit(s_[k + 1])) {
      real = true;
      digits += s_[k++];
      take();
    }
    if (k < s_.size() && (s_[k] == 'e' || s_[k] == 'E')) {
      std::size_t e = k + 1;
      if (e < s_.size() && (s_[e] == '+' || s_[e] == '-')) ++e;
      if (e < s_.size() && digit(s_[e])) {
        real = true;
        digits.append(s_, k, e - k);
        k = e;
        take();
      }
    }
    put(real ? Token::Kind::real : Token::Kind::integer, digits);
    at_ = k;
  }

  Result<void> string() {
    const char quote = s_[at_];
    std::string out;
    std::size_t k = at_ + 1;
    for (; k < s_.size() && s_[k] != quote; ++k) {
      if (s_[k] != '\\' || k + 1 >= s_.size()) {
        out += s_[k];
        continue;
      }
      const char e = s_[++k];
      const auto hex = [&](std::size_t n) {
        char32_t code = 0;
        std::size_t used = 0;
        for (; used < n && k + 1 < s_.size() && std::isxdigit(static_cast<unsigned char>(s_[k + 1])); ++used)
          code = code * 16 + static_cast<char32_t>(std::stoi(std::string(1, s_[++k]), nullptr, 16));
        utf8::append(out, code <= 0x10FFFF ? code : utf8::kReplacement);
      };
      switch (e) {
        case 'n': out += '\n'; break;
        case 't': out += '\t'; break;
        case 'r': out += '\r'; break;
        case 'b': out += '\b'; break;
        case 'f': out += '\f'; break;
        case 'v': out += '\v'; break;
        case 'a': out += '\a'; break;
        case '0': out += '\0'; break;
        case '\n': break;
        case '\\':
        case '\'':
        case '"': out += e; break;
        case 'x': hex(2); break;
        case 'u': hex(4); break;
        case 'U': hex(8); break;
        default: out += '\\', out += e;
      }
    }
    if (k >= s_.size()) return fail("a string without its end");
    put(Token::Kind::string, std::move(out));
    skip_to(k + 1);
    return {};
  }

  const std::string s_;
  const std::string name_;
  std::size_t at_ = 0;
  int line_ = 1;
  std::vector<Token> out_;
};

}  // namespace

Result<std::vector<Token>> lex(std::string_view source, std::string_view name) {
  std::string text;
  text.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {  // \r\n and \r are \n
    if (source[i] != '\r') text += source[i];
    else if (i + 1 >= source.size() || source[i + 1] != '\n') text += '\n';
  }
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return Lexer(std::move(text), name).run();
}

}  // namespace wright::engine::jinja
