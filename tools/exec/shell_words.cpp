#include "tools/exec/shell_words.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"

namespace wright::tools {

namespace {

constexpr std::string_view kReserved[] = {"if", "then", "elif", "else", "fi", "for", "while", "until", "do", "done", "case",
                                          "esac", "in", "function", "time", "select", "coproc", "[[", "]]", "!", "{", "}"};

bool is_name(std::string_view s) {
  if (s.empty() || (s[0] >= '0' && s[0] <= '9')) return false;
  return std::all_of(s.begin(), s.end(), [](char c) { return c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z'); });
}

// NAME=…, NAME+=…, NAME[…]=…
bool is_assignment(std::string_view word) {
  const auto equals = word.find('=');
  if (equals == word.npos || equals == 0) return false;
  std::string_view name = word.substr(0, equals);
  if (name.ends_with('+')) name.remove_suffix(1);
  if (const auto bracket = name.find('['); bracket != name.npos) name = name.substr(0, bracket);
  return is_name(name);
}

bool all_digits(std::string_view s) {
  return !s.empty() && std::all_of(s.begin(), s.end(), [](char c) { return c >= '0' && c <= '9'; });
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  ShellText run() {
    if (text_.size() > kShellBytes) flag(kOverLimit);
    list(0, false);
    if (out_.commands.size() > kShellCommands) flag(kOverLimit);
    return std::move(out_);
  }

 private:
  // The command and word under construction, one frame a nesting level.
  struct Frame {
    ShellCommand command;
    ShellWord word;
    bool in_word = false, braces = false;
    std::string redirect, redirect_fd;  // an operator that waits for its target
    std::size_t start = 0, word_start = 0;
    int depth = 0;
  };

  void flag(unsigned bit) { out_.oddities |= bit; }
  char at(std::size_t i) const { return i < text_.size() ? text_[i] : '\0'; }
  bool is(std::string_view s) const { return text_.substr(i_).starts_with(s); }

  void add(Frame& f, char c) {
    if (!f.in_word) f.word_start = i_;
    f.in_word = true;
    f.word.text += c;
  }
  void open(Frame& f) {
    if (!f.in_word) f.word_start = i_;
    f.in_word = true;
  }

  void end_word(Frame& f) {
    if (!f.in_word) return;
    ShellWord word = std::move(f.word);
    const bool braces = f.braces;
    f.word = {};
    f.in_word = f.braces = false;
    if (word.text == "[" || word.text == "]") word.glob = false;
    if (braces) split_braces(word.text, f.depth);
    if (!f.redirect.empty()) {
      take_redirect(f, std::move(word));
      return;
    }
    if (f.command.words.empty() && !word.quoted &&
        std::find(std::begin(kReserved), std::end(kReserved), word.text) != std::end(kReserved)) {
      flag(kControlFlow);
      return;
    }
    if (f.command.words.empty() && is_assignment(word.text)) {
      flag(kAssignment);
      f.command.assignments.push_back(std::move(word.text));
      return;
    }
    f.command.words.push_back(std::move(word));
  }

  void take_redirect(Frame& f, ShellWord word) {
    const bool null = (f.redirect == "<" || f.redirect == ">" || f.redirect == ">>") && word.text == "/dev/null";
    const bool copy = f.redirect == ">&" && (word.text == "1" || word.text == "2");
    if (!((null || copy) && word.literal && !word.quoted && !word.glob)) flag(f.redirect.starts_with("<<") ? kHereText : kRedirect);
    f.command.redirects.push_back({std::move(f.redirect_fd), std::move(f.redirect), std::move(word)});
    f.redirect.clear();
    f.redirect_fd.clear();
  }

  void end_command(Frame& f, std::string_view op, std::size_t next) {
    end_word(f);
    if (!f.redirect.empty()) flag(kRedirect);
    f.redirect.clear();
    std::string_view source = text_.substr(f.start, i_ - f.start);
    while (!source.empty() && std::string_view(" \t\n").find(source.front()) != std::string_view::npos) source.remove_prefix(1);
    while (!source.empty() && std::string_view(" \t\n").find(source.back()) != std::string_view::npos) source.remove_suffix(1);
    f.command.source = source;
    f.command.depth = f.depth;
    if (!f.command.words.empty() || !f.command.redirects.empty() || !f.command.assignments.empty())
      out_.commands.push_back(std::move(f.command));
    f.command = {};
    f.command.before = op;
    f.start = next;
  }

  // {rm,-rf,x} is `rm -rf x` to bash: listed as a command of its own.
  void split_braces(std::string_view text, int depth) {
    ShellCommand extra;
    extra.depth = depth + 1;
    extra.before = "(";
    extra.source = text;
    std::string part;
    for (const char c : std::string(text) + ",") {
      if (c != '{' && c != '}' && c != ',') part += c;
      else if (!part.empty()) extra.words.push_back({std::move(part), false, false, false, false}), part.clear();
    }
    if (!extra.words.empty()) out_.commands.push_back(std::move(extra));
  }

  // Reads commands until the end, or until the ')' that closes a substitution. i_ stands behind it then.
  void list(int depth, bool nested) {
    Frame f;
    f.depth = depth;
    f.start = i_;
    if (nested) f.command.before = "(";
    int groups = 0;
    while (i_ < text_.size()) {
      const char c = text_[i_];
      if (c == ')' && nested && groups == 0) {
        end_command(f, "(", i_ + 1);
        ++i_;
        return;
      }
      if (c == '(' || c == ')') {
        flag(kGroup);
        if (c == '(') ++groups, ++f.depth;
        else if (groups > 0) --groups, --f.depth;
        end_command(f, "(", i_ + 1);
        ++i_;
      } else if (!separator(f)) {
        piece(f);
      }
    }
    end_command(f, "", i_);
    if (nested) flag(kOpenQuote);
  }

  bool separator(Frame& f) {
    static constexpr std::string_view kOperators[] = {"&&", "||", ";;", "|&", "|", ";", "\n"};
    if (is("&>")) {
      end_word(f);
      f.redirect = "&>";
      i_ += is("&>>") ? 3 : 2;
      return true;
    }
    for (const auto op : kOperators)
      if (is(op)) {
        if (op == "\n") flag(kNewline);
        if (op == "|&") flag(kRedirect);
        if (op == ";;") flag(kControlFlow);
        end_command(f, op == "|&" ? "|" : op == ";;" ? ";" : op, i_ + op.size());
        i_ += op.size();
        return true;
      }
    if (at(i_) != '&') return false;
    flag(kBackground);
    end_command(f, "&", i_ + 1);
    ++i_;
    return true;
  }

  void piece(Frame& f) {
    const char c = text_[i_];
    switch (c) {
      case ' ': case '\t': end_word(f); ++i_; return;
      case '\\': escape(f); return;
      case '\'': single(f); return;
      case '"': double_quotes(f); return;
      case '`': backticks(f); return;
      case '$': dollar(f); return;
      case '<': case '>': redirect(f); return;
      case '#':
        if (f.in_word) break;
        flag(kComment);
        while (i_ < text_.size() && text_[i_] != '\n') ++i_;
        return;
      case '{': case '}':
        flag(kBraces);
        open(f);
        f.word.literal = false;
        f.braces = true;
        break;
      case '*': case '?': case '[': open(f); f.word.glob = true; break;
      case '~': if (!f.in_word) open(f), f.word.tilde = true; break;
      default: break;
    }
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x20 || u == 0x7f) flag(kControlByte);
    add(f, c);
    ++i_;
  }

  void escape(Frame& f) {
    if (at(i_ + 1) == '\n' || i_ + 1 >= text_.size()) {
      flag(kContinuation);
      i_ += 2;
      return;
    }
    ++i_;
    add(f, text_[i_++]);
    f.word.quoted = true;
  }

  void single(Frame& f) {
    open(f);
    f.word.quoted = true;
    auto close = text_.find('\'', i_ + 1);
    if (close == text_.npos) flag(kOpenQuote), close = text_.size();
    f.word.text.append(text_.substr(i_ + 1, close - i_ - 1));
    i_ = std::min(close + 1, text_.size());
  }

  void double_quotes(Frame& f) {
    open(f);
    f.word.quoted = true;
    ++i_;
    while (i_ < text_.size() && text_[i_] != '"') {
      const char c = text_[i_];
      if (c == '$') dollar(f);
      else if (c == '`') backticks(f);
      else if (c == '\\' && at(i_ + 1) == '\n') flag(kContinuation), i_ += 2;
      else if (c == '\\' && std::string_view("$`\"\\").find(at(i_ + 1)) != std::string_view::npos && i_ + 1 < text_.size())
        f.word.text += text_[i_ + 1], i_ += 2;
      else f.word.text += c, ++i_;
    }
    if (i_ >= text_.size()) flag(kOpenQuote);
    else ++i_;
  }

  void backticks(Frame& f) {
    open(f);
    f.word.literal = false;
    flag(kSubstitution);
    std::string inner;
    ++i_;
    while (i_ < text_.size() && text_[i_] != '`') {
      if (text_[i_] == '\\' && std::string_view("`$\\").find(at(i_ + 1)) != std::string_view::npos) ++i_;
      if (i_ < text_.size()) inner += text_[i_++];
    }
    if (i_ >= text_.size()) flag(kOpenQuote);
    else ++i_;
    if (nesting_ >= kShellDepth) {
      flag(kOverLimit);
      return;
    }
    Reader reader(inner);
    reader.nesting_ = nesting_ + 1;
    reader.list(f.depth + 1, false);
    out_.oddities |= reader.out_.oddities;
    for (auto& command : reader.out_.commands) {
      if (command.before.empty()) command.before = "(";
      out_.commands.push_back(std::move(command));
    }
  }

  void substitution(Frame& f, std::size_t skip) {
    open(f);
    f.word.literal = false;
    flag(kSubstitution);
    i_ += skip;
    if (nesting_ >= kShellDepth) {  // flattened: its commands are read as this level's
      flag(kOverLimit);
      end_command(f, "(", i_);
      return;
    }
    ++nesting_;
    list(f.depth + 1, true);
    --nesting_;
  }

  void dollar(Frame& f) {
    open(f);
    const char next = at(i_ + 1);
    if (next == '(') return substitution(f, 2);
    f.word.literal = false;
    if (next == '\'') return ansi(f);
    flag(kExpansion);
    if (next == '"') {
      ++i_;
      return double_quotes(f);
    }
    f.word.text += '$';
    ++i_;
    if (next != '{') return;
    f.word.text += '{';
    ++i_;
    if (nesting_ >= kShellDepth) {
      flag(kOverLimit);
      return;
    }
    ++nesting_;
    while (i_ < text_.size() && text_[i_] != '}') {
      const char c = text_[i_];
      if (c == '$') dollar(f);
      else if (c == '`') backticks(f);
      else if (c == '\'') single(f);
      else if (c == '"') double_quotes(f);
      else if (c == '\\') escape(f);
      else f.word.text += c, ++i_;
    }
    --nesting_;
    if (i_ < text_.size()) ++i_, f.word.text += '}';
    else flag(kOpenQuote);
  }

  void ansi(Frame& f) {
    flag(kAnsiQuote);
    f.word.quoted = true;
    static constexpr std::string_view kFrom = "abefnrtvE", kTo = "\a\b\033\f\n\r\t\v\033";
    i_ += 2;
    while (i_ < text_.size() && text_[i_] != '\'') {
      if (text_[i_] != '\\') {
        f.word.text += text_[i_++];
        continue;
      }
      const char e = at(++i_);
      if (i_ < text_.size()) ++i_;
      if (const auto k = kFrom.find(e); k != kFrom.npos) f.word.text += kTo[k];
      else if (e == 'x' || e == 'u' || e == 'U') utf8::append(f.word.text, number(16, e == 'x' ? 2 : e == 'u' ? 4 : 8));
      else if (e >= '0' && e <= '7') --i_, f.word.text += static_cast<char>(number(8, 3));
      else f.word.text += e;
    }
    if (i_ < text_.size()) ++i_;
    else flag(kOpenQuote);
  }

  char32_t number(int base, int digits) {
    char32_t value = 0;
    for (; digits > 0; --digits, ++i_) {
      const char c = at(i_);
      const int d = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : 99;
      if (d >= base) break;
      value = value * static_cast<char32_t>(base) + static_cast<char32_t>(d);
    }
    return value > 0x10FFFF ? 0xFFFD : value;
  }

  void redirect(Frame& f) {
    if ((is("<(") || is(">(")) && nesting_ < kShellDepth) return substitution(f, 2);
    std::string fd;
    if (f.in_word && !f.word.quoted && all_digits(f.word.text) && f.redirect.empty()) {  // a descriptor's number
      fd = std::move(f.word.text);
      f.word = {};
      f.in_word = false;
    }
    end_word(f);
    if (!f.redirect.empty()) flag(kRedirect);
    f.redirect_fd = std::move(fd);
    static constexpr std::string_view kOperators[] = {"<<<", "<<-", "<<", "<>", "<&", ">>", ">&", ">|", "<", ">"};
    for (const auto op : kOperators)
      if (is(op)) {
        f.redirect = op == "<<-" ? "<<" : op;
        i_ += op.size();
        return;
      }
  }

  std::string_view text_;
  std::size_t i_ = 0;
  int nesting_ = 0;
  ShellText out_;
};

}  // namespace

ShellText read_shell(std::string_view text) { return Reader(text).run(); }

std::string describe_oddity(unsigned oddities) {
  static constexpr std::array<std::string_view, 16> kNames = {
      "more than one line", "a background command", "a variable", "a command substitution", "a here-document", "a redirection",
      "a variable set for a command", "control flow", "a comment", "braces", "an open quote", "a group", "an ANSI-C quote",
      "a line continuation", "a control byte", "more than the limits of size, parts or nesting"};
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (oddities & (1u << i)) return std::string(kNames[i]);
  return "";
}

std::string shell_quote(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string unsafe_text(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto d = utf8::decode(text, i);
    const char32_t c = d.code;
    if (!d.valid) return "invalid UTF-8";
    if (c == 0) return "a NUL byte";
    if ((c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0)) return "a control character";
    if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f || c == 0x61c)
      return "a character that turns the direction of text";
    if ((c >= 0x200b && c <= 0x200d) || (c >= 0x2060 && c <= 0x2064) || c == 0xfeff || c == 0xad || c == 0x180e || c == 0x34f ||
        c == 0x115f || c == 0x1160 || c == 0x3164 || c == 0xffa0)
      return "an invisible character";
    if (c >= 0xe0000 && c <= 0xe0fff) return "a tag character";
    if (c == 0x2028 || c == 0x2029 || c == 0x85) return "a line separator";
    i += d.length;
  }
  return "";
}

}  // namespace wright::tools
