#include <algorithm>

#include "agent/policy_command.h"
#include "tools/exec/path_names.h"

namespace wright::agent {

namespace {

using tools::ShellCommand;
using tools::ShellWord;

constexpr std::size_t kMostCommands = 20'000, kMostSuffixes = 256, kMostPaths = 100'000;
constexpr int kNestedShells = 4;

constexpr std::string_view kWrappers[] = {"env", "sudo", "doas", "nice", "nohup", "time", "timeout", "stdbuf", "setsid", "ionice", "chroot",
                                          "command", "builtin", "exec", "xargs", "busybox", "watch", "strace", "ltrace", "unshare", "bwrap", "flock",
                                          "parallel", "find", "fd", "chrt", "taskset", "systemd-run", "nsenter", "script", "entr", "if", "then", "do",
                                          "else", "while", "until", "coproc", "firejail", "gdb", "valgrind", "npx", "then", "su", "runuser", "setpriv",
                                          "unbuffer", "faketime", "cgexec", "prlimit", "rlwrap", "ld.so", "make", "toybox", "proot"};
constexpr std::string_view kShells[] = {"sh", "bash", "dash", "zsh", "ksh", "ash", "fish", "mksh", "rbash", "eval", "trap", "su", "watch", "script",
                                        "env", "parallel", "ssh", "flock", "timeout", "busybox", "xargs", "alias", "nsenter", "runuser", "tmux",
                                        "screen", "expect", "awk", "gawk", "mawk", "perl", "python", "python3", "ruby", "node", "php", "lua", "git"};
constexpr std::string_view kQuotes = "'\"\\`";
constexpr std::string_view kBreaks = ";&|()`\n{}<>$";

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') == path.npos ? 0 : path.rfind('/') + 1); }

template <std::size_t N>
bool in(const std::string_view (&table)[N], std::string_view name) {
  return std::find(std::begin(table), std::end(table), name) != std::end(table);
}

class Collector {
 public:
  void text(std::string_view text, int depth) {
    auto read = tools::read_shell(text);
    if (read.oddities & tools::kOverLimit) out_.complete = false;
    const unsigned simple = tools::kNewline | tools::kBackground | tools::kRedirect | tools::kAssignment;
    for (const auto& c : read.commands) take(c, depth);
    if (read.oddities & ~simple) raw(text, depth);
  }
  Candidates done() { return std::move(out_); }

 private:
  void take(const ShellCommand& command, int depth) {
    if (out_.commands.size() >= kMostCommands) {
      out_.complete = false;
      return;
    }
    out_.commands.push_back(command);
    for (const auto& w : command.words) paths(w.text);
    for (const auto& r : command.redirects) paths(r.target.text);
    for (const auto& a : command.assignments) paths(a);
    const auto& words = command.words;
    if (words.empty()) return;
    const std::string_view name = base_name(words[0].text);
    // The shell's own escapes: what is not literal may be any wrapper.
    if (in(kShells, name) || !words[0].literal) nested(words, depth);
    if (!in(kWrappers, name) && words[0].literal) return;
    if (words.size() > kMostSuffixes) out_.complete = false;
    for (std::size_t i = 1; i < std::min(words.size(), kMostSuffixes); ++i) {
      ShellCommand part;
      part.words.assign(words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
      part.depth = command.depth + 1;
      if (out_.commands.size() >= kMostCommands) {
        out_.complete = false;
        return;
      }
      if (in(kShells, base_name(part.words[0].text))) nested(part.words, depth);
      out_.commands.push_back(std::move(part));
    }
  }

  // The text that a shell or an interpreter is given.
  void nested(const std::vector<ShellWord>& words, int depth) {
    for (std::size_t i = 1; i < words.size(); ++i) {
      const std::string& t = words[i].text;
      if (t.find_first_of(" \t\n;|&()'\"") == t.npos) continue;
      if (depth >= kNestedShells) {
        out_.complete = false;
        return;
      }
      text(t, depth + 1);
      raw(t, depth + 1);
    }
  }

  // No quoting, no comment, no here-document: every run of characters between separators is a command.
  void raw(std::string_view text, int depth) {
    ShellCommand command;
    command.depth = depth + 1;
    std::string word;
    const auto end_word = [&] {
      if (!word.empty()) {
        paths(word);
        command.words.push_back({std::move(word), true, false, false, false});
      }
      word.clear();
    };
    const auto end_command = [&] {
      end_word();
      if (!command.words.empty() && out_.commands.size() < kMostCommands) out_.commands.push_back(std::move(command));
      else if (!command.words.empty()) out_.complete = false;
      command = {};
      command.depth = depth + 1;
    };
    for (const char c : text) {
      if (kBreaks.find(c) != kBreaks.npos) end_command();
      else if (c == ' ' || c == '\t' || c == ',') end_word();
      else if (kQuotes.find(c) == kQuotes.npos) word += c;
    }
    end_command();
  }

  // The word, what follows '=' or ':' in it, and what follows an option's letter.
  void paths(std::string_view word) {
    if (out_.paths.size() >= kMostPaths) {
      out_.complete = false;
      return;
    }
    if (word.empty() || word.size() > 8192) return;
    out_.paths.emplace_back(word);
    if (word[0] == '-' && word.size() > 2) out_.paths.emplace_back(word.substr(2));
    if (word[0] == '@' && word.size() > 1) out_.paths.emplace_back(word.substr(1));
    if (const auto at = word.find('='); at != word.npos && at + 1 < word.size()) paths(word.substr(at + 1));
    if (const auto at = word.find(':'); at != word.npos && at + 1 < word.size()) paths(word.substr(at + 1));
  }

  Candidates out_;
};

constexpr std::string_view kDestroys[] = {"checkout", "restore", "reset", "clean", "rebase", "push", "filter-branch", "filter-repo", "gc", "prune",
                                          "update-ref", "rm", "read-tree", "checkout-index", "switch", "replace", "symbolic-ref"};
constexpr std::string_view kDestroysUnlessListed[] = {"stash", "branch", "tag", "reflog", "worktree", "submodule", "remote", "notes"};
constexpr std::string_view kDeletes[] = {"rm", "rmdir", "unlink", "shred", "truncate", "mv", "dd", "srm", "wipe"};
constexpr std::string_view kSystem[] = {"sudo", "su", "doas", "shutdown", "reboot", "halt", "poweroff", "mkfs", "fdisk", "parted", "wipefs", "crontab", "at"};

std::string git_verb(const ShellCommand& command, bool& harmless_form) {
  const auto& w = command.words;
  for (std::size_t i = 1; i < w.size(); ++i) {
    const std::string& t = w[i].text;
    if (t == "-C" || t == "-c" || t == "--git-dir" || t == "--work-tree" || t == "--namespace" || t == "--exec-path" || t == "--super-prefix" ||
        t == "--config-env") {
      ++i;
      continue;
    }
    if (t.starts_with('-')) continue;
    harmless_form = i + 1 == w.size() ? t != "stash" : w[i + 1].text == "list" || w[i + 1].text == "--list" || w[i + 1].text == "show" ||
                                                         w[i + 1].text == "status" || w[i + 1].text == "-v" || w[i + 1].text == "-a" || w[i + 1].text == "-l";
    return w[i].literal ? t : "?";
  }
  return "";
}

}  // namespace

Candidates candidates(std::string_view command) {
  Collector collector;
  collector.text(command, 0);
  return collector.done();
}

std::string joined_words(const ShellCommand& command, bool ambiguous_too) {
  std::string out;
  for (const auto& word : command.words) {
    if (!ambiguous_too && (word.text.empty() || word.text.find_first_of(" \t\n") != std::string::npos)) return "";
    if (!out.empty()) out += ' ';
    out += word.text;
  }
  return out;
}

std::string why_destructive(const PolicyContext& context, const ShellCommand& command, std::string_view cwd) {
  if (command.words.empty()) return "";
  const std::string_view name = base_name(command.words[0].text);
  if (in(kSystem, name) || name.starts_with("mkfs.")) return std::string(name) + " changes the system or the user";
  if (name == "git") {
    bool harmless = false;
    const std::string verb = git_verb(command, harmless);
    if (in(kDestroys, verb) || verb == "?" || (in(kDestroysUnlessListed, verb) && !harmless)) return "git " + verb + " can destroy work";
    return "";
  }
  if (!in(kDeletes, name)) return "";
  for (std::size_t i = 1; i < command.words.size(); ++i) {
    const ShellWord& word = command.words[i];
    std::string_view text = word.text;
    if (name == "dd" && text.starts_with("of=")) text.remove_prefix(3);
    else if (text.starts_with('-') || name == "dd") continue;
    if (!word.literal) return std::string(name) + " of a name that is not known yet";
    const std::string full = tools::clean_path(text, cwd, context.home);
    if (!tools::path_inside(full, context.workspace) && full != "/dev/null") return std::string(name) + " outside the workspace: " + std::string(text);
    if (full == context.workspace) return std::string(name) + " of the whole workspace";
  }
  return "";
}

}  // namespace wright::agent
