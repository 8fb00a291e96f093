#include "tools/exec/plain_read.h"

#include <fnmatch.h>

#include <algorithm>
#include <vector>

#include "tools/exec/path_names.h"

namespace wright::tools {

namespace {

constexpr std::string_view kPlainOperators[] = {"", "|", "&&", "||", ";"};
constexpr std::string_view kTestsOfFiles = "efdrwxsLh";
// Names that a glob must not catch; a hidden file is caught by no glob that does not say so.
constexpr const char* kSecretSamples[] = {"id_rsa", "id_ed25519", "id_ecdsa", "x.pem", "server.key", "x.p12", "credentials", "credentials.json",
                                          "secrets.json", "secrets.yml", "secrets.yaml", "prod.env"};

bool bare(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || std::string_view("_-./,:+@%=").find(c) != std::string_view::npos;
  });
}

bool is_number(std::string_view s) {
  if (s.starts_with('-') || s.starts_with('+')) s.remove_prefix(1);
  if (s.empty() || s[0] < '0' || s[0] > '9' || s.size() > 18) return false;
  return std::all_of(s.begin(), s.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.' || std::string_view("kKMGTPEbBmciB").find(c) != std::string_view::npos; });
}

// Addresses of numbers, $ or simple /patterns/, and one of p d q =; several apart by ';'. No command of sed's that runs, reads
// or writes can be spelt with these.
bool plain_sed_script(std::string_view s) {
  const auto address = [&] {
    if (s.empty()) return false;
    if (s[0] == '$') return s.remove_prefix(1), true;
    if (s[0] == '/') {
      const auto close = s.find_first_of("/\\[\n", 1);
      if (close == s.npos || s[close] != '/') return false;
      return s.remove_prefix(close + 1), true;
    }
    const auto end = std::min(s.find_first_not_of("0123456789"), s.size());
    s.remove_prefix(end);
    return end > 0;
  };
  for (;;) {
    if (!s.empty() && std::string_view("pdq=").find(s[0]) == s.npos) {
      if (!address()) return false;
      if (s.starts_with(',')) {
        s.remove_prefix(1);
        if (s.starts_with('+')) s.remove_prefix(1);
        if (!address()) return false;
      }
    }
    if (s.starts_with('!')) s.remove_prefix(1);
    if (s.empty() || std::string_view("pdq=").find(s[0]) == s.npos) return false;
    s.remove_prefix(1);
    while (s.starts_with(' ')) s.remove_prefix(1);
    if (s.empty()) return true;
    if (s[0] != ';') return false;
    s.remove_prefix(1);
    while (s.starts_with(' ')) s.remove_prefix(1);
  }
}

class Checker {
 public:
  explicit Checker(const ReadScope& scope) : scope_(scope), folders_{scope.cwd} {}

  PlainRead run(const ShellText& text) {
    PlainRead out;
    if (text.oddities) out.why = describe_oddity(text.oddities);
    else if (text.commands.empty()) out.why = "an empty command";
    for (const auto& command : text.commands) {
      if (!out.why.empty()) break;
      out.why = check(command, out.command);
    }
    if (!out.why.empty()) out.command.clear();
    out.git = git_;
    return out;
  }

 private:
  using Words = std::vector<ShellWord>;

  std::string check(const ShellCommand& command, std::string& out) {
    if (std::find(std::begin(kPlainOperators), std::end(kPlainOperators), command.before) == std::end(kPlainOperators) || command.depth)
      return "a group";
    if (command.words.empty()) return "a redirection alone";
    for (const auto& word : command.words)
      if (!word.literal) return "a variable";
    const ShellWord& first = command.words[0];
    std::string_view name = first.text;
    for (const std::string_view folder : {"/usr/bin/", "/bin/"})
      if (name.starts_with(folder)) name.remove_prefix(folder.size());
    if (first.quoted || first.glob || first.tilde || !(bare(first.text) || first.text == "[")) return "the name of the program is not plain";
    Words words(command.words);
    std::string why = name == "git" ? git(words) : program(name, words);
    if (!why.empty()) return why;
    if (!command.before.empty()) out += " " + command.before + " ";
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (i) out += ' ';
      out += words[i].glob || bare(words[i].text) || words[i].text == "[" || words[i].text == "]" ? words[i].text : shell_quote(words[i].text);
    }
    for (const auto& r : command.redirects) out += " " + r.fd + r.op + r.target.text;
    return "";
  }

  static const ReadProgram* find(std::span<const ReadProgram> table, std::string_view name) {
    for (const auto& row : table)
      if (row.name == name) return &row;
    return nullptr;
  }

  std::string program(std::string_view name, const Words& words) {
    const ReadProgram* row = find(read_programs(), name);
    if (!row) return std::string(name) + " is not known to only read";
    switch (row->operands) {
      case 'f': return find_expression(words);
      case 'o': return special(*row, words);
      default: return options(*row, words, 1);
    }
  }

  // A path that may be read without a question.
  std::string path(const ShellWord& word, bool attached = false) {
    const std::string& text = word.text;
    if (word.tilde) return text + " lies outside the workspace";
    if (text == "-" || text == "/dev/null") return "";
    if (text.empty()) return "an empty name";
    if (moved_ && ("/" + text + "/").find("/../") != std::string::npos) return text + " depends on where cd led";
    for (const auto& folder : folders_) {
      const std::string full = clean_path(text, folder, scope_.home);
      if (!path_inside(full, scope_.workspace)) return text + " lies outside the workspace";
      if (likely_secret(path_below(full, scope_.workspace))) return text + " may hold secrets";
    }
    if (!word.glob) return "";
    if (word.quoted) return "a pattern with quotes in it";
    if (attached || text[0] == '-') return "a pattern that may become an option";
    return glob(text);
  }

  static std::string glob(const std::string& text) {
    std::string_view rest = text;
    while (!rest.empty()) {
      const auto slash = std::min(rest.find('/'), rest.size());
      const std::string part(rest.substr(0, slash));
      if (part.find_first_of("*?[") != part.npos) {
        if (part[0] == '.') return text + " may match hidden files";
        for (const char* sample : kSecretSamples)
          if (part != "*" && ::fnmatch(part.c_str(), sample, 0) == 0) return text + " may match a file of secrets";
      }
      rest.remove_prefix(std::min(slash + 1, rest.size()));
    }
    return "";
  }

  std::string value(char kind, const ShellWord& word, const std::string& option, bool attached) {
    if (word.glob) return "a pattern as the value of " + option;
    if (kind == '#') return is_number(word.text) ? "" : "the value of " + option + " is no number";
    if (!attached && word.text.starts_with('-')) return "the value of " + option + " looks like an option";
    if (word.text.find("%G") != std::string::npos) return "%G runs a program";
    return kind == 'p' ? path(word, attached) : "";
  }

  // "--name", "--name=value" against the row's longs. `took` tells whether the next word is its value.
  std::string long_option(const ReadProgram& row, const ShellWord& word, const ShellWord* next, bool& took, std::string& name) {
    const auto equals = word.text.find('=');
    name = word.text.substr(2, equals == std::string::npos ? equals : equals - 2);
    for (std::string_view rest = row.longs; !rest.empty();) {
      const auto blank = std::min(rest.find(' '), rest.size());
      const std::string_view entry = rest.substr(0, blank);
      rest.remove_prefix(std::min(blank + 1, rest.size()));
      const auto end = std::min(entry.find_first_of("=?"), entry.size());
      if (entry.substr(0, end) != name) continue;
      const char mode = end < entry.size() ? entry[end] : ' ', kind = end < entry.size() ? entry[end + 1] : ' ';
      if (equals != std::string::npos) {
        if (mode == ' ') return word.text + " takes no value";
        ShellWord part = word;
        part.text = word.text.substr(equals + 1);
        part.tilde = false;
        return value(kind, part, "--" + name, true);
      }
      if (mode != '=') return "";
      if (!next) return word.text + " lacks its value";
      took = true;
      return value(kind, *next, word.text, false);
    }
    return "option " + word.text + " of " + std::string(row.name) + " is not known to be safe";
  }

  std::string cluster(const ReadProgram& row, const ShellWord& word, const ShellWord* next, bool& took, std::string& seen) {
    for (std::size_t k = 1; k < word.text.size(); ++k) {
      const char c = word.text[k];
      if (row.flags.find(c) != row.flags.npos) {
        seen += c;
        continue;
      }
      for (std::size_t v = 0; v + 1 < row.valued.size(); v += 2) {
        if (row.valued[v] != c) continue;
        seen += c;
        ShellWord part = word;
        part.text = word.text.substr(k + 1);
        part.tilde = false;
        if (!part.text.empty()) return value(row.valued[v + 1], part, std::string("-") + c, true);
        if (!next) return std::string("-") + c + " lacks its value";
        took = true;
        return value(row.valued[v + 1], *next, std::string("-") + c, false);
      }
      return "option " + word.text + " of " + std::string(row.name) + " is not known to be safe";
    }
    return "";
  }

  std::string options(const ReadProgram& row, const Words& words, std::size_t at) {
    std::string letters, long_names = " ";
    std::vector<const ShellWord*> operands;
    bool only_operands = false;
    const bool is_echo = row.name == "echo";
    for (; at < words.size(); ++at) {
      const ShellWord& word = words[at];
      const ShellWord* next = at + 1 < words.size() ? &words[at + 1] : nullptr;
      const bool option = !only_operands && word.text.size() > 1 && word.text[0] == '-';
      if (option && !word.glob && word.text == "--" && !is_echo) {
        only_operands = true;
        continue;
      }
      if (!option) {
        operands.push_back(&word);
        continue;
      }
      if (is_echo) continue;  // what echo does not know as an option it prints
      if (word.glob && row.operands != 'g') return "a pattern that may become an option";
      if (row.numeric && is_number(word.text) && word.text[1] != '-') continue;
      bool took = false;
      std::string name, why;
      if (word.text[1] == '-') {
        why = long_option(row, word, next, took, name);
        long_names += name + " ";
      } else {
        why = cluster(row, word, next, took, letters);
      }
      if (!why.empty()) return why;
      if (took) ++at;
    }
    const auto has = [&](std::string_view letter, std::string_view name) {
      return (!letter.empty() && letters.find(letter) != letters.npos) || long_names.find(" " + std::string(name) + " ") != long_names.npos;
    };
    if (!scope_.recursive && (row.walks == "*" || (!row.walks.empty() && has(row.walks, "recursive"))))
      return std::string(row.name) + " would read files that a rule forbids";
    return check_operands(row, operands, has);
  }

  template <class Has>
  std::string check_operands(const ReadProgram& row, const std::vector<const ShellWord*>& operands, const Has& has) {
    std::size_t first = 0;
    if (row.operands == 'g' && !has("e", "regexp") && !has("f", "file") && !has("", "files") && !has("", "type-list")) first = 1;
    if (row.operands == 'x' || row.operands == 's') first = 1;
    if (row.most >= 0 && operands.size() > static_cast<std::size_t>(row.most)) return std::string(row.name) + " has more operands than it reads";
    if (first > operands.size()) return std::string(row.name) + " lacks an operand";
    if (row.operands == 's' && !plain_sed_script(operands[0]->text)) return "this script of sed may do more than print lines";
    if (row.operands == 'x')
      for (const std::string_view word : {"import", "include", "env", "ENV", "input_filename", "get_search_list"})
        if (operands[0]->text.find(word) != std::string::npos) return "this filter of jq may read more than its input";
    if (row.name == "date" && !operands.empty() && !operands[0]->text.starts_with('+')) return "date with an operand sets the clock";
    if (row.operands == 'l' && !operands.empty() && !has("l", "list")) return std::string(row.name) + " with a name creates it";
    for (std::size_t i = 0; i < operands.size(); ++i) {
      const ShellWord& word = *operands[i];
      const bool is_path = row.operands == 'p' || row.operands == 'r' || i >= first;
      if (word.glob && (row.most >= 0 || i < first)) return "a pattern that the shell expands";
      const bool text_only = row.operands == 't' || row.operands == 'l' || i < first;
      if (word.glob || (is_path && !text_only)) {
        if (auto why = path(word); !why.empty()) return why;
        const char c = word.text[0];
        if (word.glob && row.name != "echo" && (c == '*' || c == '?' || c == '[')) return "a pattern that may become an option";
      }
      if (row.operands == 'r') {  // HEAD:path
        const auto colon = word.text.rfind(':');
        if (colon != std::string::npos && likely_secret(word.text.substr(colon + 1))) return word.text + " may hold secrets";
      }
    }
    return "";
  }

  std::string find_expression(const Words& words) {
    std::size_t at = 1;
    if (at < words.size() && words[at].text == "-P") ++at;
    const auto starts_expression = [](const std::string& t) { return t.starts_with('-') || t == "(" || t == ")" || t == "!" || t == ","; };
    for (; at < words.size() && !starts_expression(words[at].text); ++at) {
      if (auto why = path(words[at]); !why.empty()) return why;
      if (words[at].glob && std::string_view("*?[").find(words[at].text[0]) != std::string_view::npos) return "a pattern that may become an option";
    }
    while (at < words.size()) {
      const ShellWord& word = words[at++];
      const FindTest* test = nullptr;
      for (const auto& row : find_tests())
        if (row.name == word.text) test = &row;
      if (!test || word.glob) return "find's " + word.text + " is not known to be safe";
      for (int k = 0; k < test->words; ++k, ++at) {
        if (at >= words.size()) return "find's " + word.text + " lacks its value";
        if (words[at].glob) return "a pattern that the shell expands";
        if (test->path)
          if (auto why = path(words[at]); !why.empty()) return why;
      }
    }
    return "";
  }

  std::string special(const ReadProgram& row, const Words& words) {
    for (const auto& word : words)
      if (word.glob) return "a pattern that the shell expands";
    const auto text = [&](std::size_t i) -> std::string_view { return i < words.size() ? std::string_view(words[i].text) : ""; };
    if (row.name == "cd") return change_folder(words);
    if (row.name == "command")
      return words.size() == 3 && (text(1) == "-v" || text(1) == "-V") && !text(2).starts_with('-') ? "" : "command runs a program";
    if (row.name == "date") return options(row, words, 1);
    if (row.name == "printf") {
      if (words.size() < 2 || text(1).starts_with('-')) return "printf with an option";
      for (std::size_t i = 0; i + 1 <= text(1).size(); ++i)
        if (text(1)[i] == '%' && text(1).substr(++i, 1) != "s" && text(1).substr(i, 1) != "%") return "printf with a number";
      return "";
    }
    // test and [: one question about one operand.
    const bool bracket = row.name == "[";
    const std::size_t last = words.size() - (bracket ? 1 : 0);
    if (bracket && text(words.size() - 1) != "]") return "[ without ]";
    if (last != 3 || text(1).size() != 2 || text(1)[0] != '-') return "only test -f NAME and its like are plain";
    if (text(1)[1] == 'z' || text(1)[1] == 'n') return "";
    return kTestsOfFiles.find(text(1)[1]) == kTestsOfFiles.npos ? "this test is not plain" : path(words[2]);
  }

  std::string change_folder(const Words& words) {
    if (words.size() != 2 || words[1].text.starts_with('-')) return "cd without a folder of the workspace";
    if (auto why = path(words[1]); !why.empty()) return why;
    if (words[1].text == "-" || folders_.size() > 8) return "cd too often";
    const auto before = folders_;
    for (const auto& folder : before) {
      std::string to = clean_path(words[1].text, folder, scope_.home);
      if (std::find(folders_.begin(), folders_.end(), to) == folders_.end()) folders_.push_back(std::move(to));
    }
    moved_ = true;
    return "";
  }

  // Rewrites `git diff x` to `git --no-pager diff --no-ext-diff --no-textconv x`.
  std::string git(Words& words) {
    std::size_t at = 1;
    while (at < words.size() && (words[at].text == "--no-pager" || words[at].text == "-P")) ++at;
    if (at >= words.size()) return "git without a command";
    const std::string name = words[at].text;
    const auto insert = [&](std::size_t where, std::string_view text) {
      ShellWord word;
      word.text = text;
      words.insert(words.begin() + static_cast<std::ptrdiff_t>(where), word);
    };
    git_ = true;
    if (moved_) return "git after cd may find another repository";
    if (name == "--version" && words.size() == at + 1) return "";
    if ((name == "stash" || name == "worktree") && words.size() == at + 2 && words[at + 1].text == "list") return insert(1, "--no-pager"), "";
    const ReadProgram* row = find(read_git_commands(), name);
    if (!row || words[at].glob) return "git " + name + " is not known to only read";
    if (auto why = options(*row, words, at + 1); !why.empty()) return why;
    const bool patches = name == "diff" || name == "show" || name == "log";
    if (patches || name == "blame" || name == "grep") insert(at + 1, "--no-textconv");
    if (patches) insert(at + 1, "--no-ext-diff");
    if (name == "status" || name == "diff") insert(at + 1, "--ignore-submodules=dirty");
    insert(1, "--no-pager");
    return "";
  }

  const ReadScope& scope_;
  std::vector<std::string> folders_;  // where a word's path may start: after cd there are two
  bool moved_ = false, git_ = false;
};

}  // namespace

PlainRead plain_read(const ShellText& text, const ReadScope& scope) { return Checker(scope).run(text); }

PlainRead plain_read(std::string_view text, const ReadScope& scope) {
  if (auto why = unsafe_text(text); !why.empty()) return {why, "", false};
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return plain_read(read_shell(text), scope);
}

}  // namespace wright::tools
