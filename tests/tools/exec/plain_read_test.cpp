// The table of plain reads: what is not listed asks, whatever the letter; and what is called a plain read is one: run for real,
// traced, in a workspace that it could write, it changes nothing and starts only programs of the table.
#include "tools/exec/plain_read.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "tests/support/temp_folder.h"

using namespace wright;
using namespace wright::tools;

namespace {

const ReadScope kScope{"/ws", "/ws", "/home/u", true};

bool plain(const std::string& text) { return plain_read(text, kScope).why.empty(); }

std::set<std::string> words_of(std::string_view text) {
  std::set<std::string> out;
  while (!text.empty()) {
    const auto blank = std::min(text.find(' '), text.size());
    std::string word(text.substr(0, blank));
    if (const auto end = word.find_first_of("=?"); end != word.npos) word.resize(end);
    if (!word.empty()) out.insert(word);
    text.remove_prefix(std::min(blank + 1, text.size()));
  }
  return out;
}

// Every long option that a manual of these programs knows and that writes, runs or follows, and more letters than any has.
constexpr const char* kDangerousLongs[] = {
    "output", "output=x", "in-place", "in-place=.bak", "compress-program=./p.sh", "temporary-directory=.", "files0-from=x", "exec", "delete", "pre=./p.sh", "pre", "follow",
    "dereference", "dereference-recursive", "search-zip", "hostname-bin=./p.sh", "paginate", "to-command=./p.sh", "rsh-command=./p.sh", "use-compress-program=./p.sh",
    "checkpoint-action=exec=./p.sh", "ext-diff", "textconv", "open-files-in-pager=./p.sh", "exec-path=.", "upload-pack=./p.sh", "set", "set=x", "file=../x", "reference=x",
    "config-env=x=y", "show-signature", "contents=x", "recurse-submodules", "filters", "compile", "uncompress", "magic-file=x", "from-file=x", "to-file=x", "random-source=x",
    "preserve-date", "debug", "debugger", "version-control=x", "ignore-revs-file=x", "no-index", "git-dir=x", "help", "edit-description", "set-upstream-to=x", "delete=x"};

std::string run(const ReadProgram& row, bool git, const std::string& option) {
  std::string text = (git ? "git " : "") + std::string(row.name) + " " + option;
  if (row.operands == 'g' || row.operands == 'x') text += " a in.txt";
  if (row.operands == 'p' && row.most != 0) text += " in.txt";
  if (row.operands == 's') text += " 1p in.txt";
  if (row.operands == 't' && row.name == "tr") text += " a b";
  return text;
}

}  // namespace

TEST_CASE("plain read: every option that is not in the table asks") {
  int asked = 0;
  for (const bool git : {false, true})
    for (const auto& row : git ? read_git_commands() : read_programs()) {
      if (row.operands == 'f' || row.operands == 'o' || row.name == "echo") continue;
      std::string letters(row.flags);
      for (std::size_t i = 0; i < row.valued.size(); i += 2) letters += row.valued[i];
      for (int c = '!'; c <= '~'; ++c) {
        if (letters.find(static_cast<char>(c)) != std::string::npos || c == '-' || (row.numeric && c >= '0' && c <= '9')) continue;
        const std::string first = row.flags.empty() ? "" : std::string(1, row.flags[0]);
        for (const std::string& option : {"-" + std::string(1, static_cast<char>(c)), "-" + first + static_cast<char>(c), "-" + std::string(1, static_cast<char>(c)) + first}) {
          INFO(row.name << " " << option);
          CHECK_FALSE(plain(run(row, git, shell_quote(option))));
          ++asked;
        }
      }
      const auto longs = words_of(row.longs);
      for (const std::string word : kDangerousLongs) {
        if (longs.count(word.substr(0, word.find('=')))) continue;
        INFO(row.name << " --" << word);
        CHECK_FALSE(plain(run(row, git, "--" + word)));
        ++asked;
      }
      for (const auto& name : longs)  // an abbreviation is another name
        for (std::size_t n = 2; n < name.size(); ++n)
          if (!longs.count(name.substr(0, n))) {
            INFO(row.name << " --" << name.substr(0, n));
            CHECK_FALSE(plain(run(row, git, "--" + name.substr(0, n))));
            ++asked;
          }
    }
  for (const char* word : {"-exec", "-execdir", "-ok", "-okdir", "-delete", "-fprint", "-fprint0", "-fprintf", "-fls", "-follow", "-files0-from", "-L", "-H", "-D", "-newermt", "-context", "-unheard"}) {
    CHECK_FALSE(plain("find . " + std::string(word)));
    CHECK_FALSE(plain("find . -name a " + std::string(word) + " x"));
  }
  CHECK(asked > 10'000);
}

TEST_CASE("plain read: every program that is not in the table asks, and none takes a file that writes") {
  for (const char* name : {"rm", "mv", "cp", "touch", "tee", "dd", "install", "ln", "mkdir", "chmod", "truncate", "split", "csplit", "patch", "ed", "ex", "vi", "awk", "perl", "python3", "node", "sh",
                           "bash", "env", "xargs", "nohup", "timeout", "nice", "make", "cc", "npm", "pip", "cargo", "curl", "wget", "nc", "ssh", "scp", "rsync", "tar", "zip", "unzip", "gzip", "less",
                           "more", "man", "watch", "kill", "eval", "exec", "source", ".", "export", "set", "unset", "alias", "hash", "trap", "declare", "read", "mapfile", "let", "shopt", "enable",
                           "builtin", "iconv", "openssl", "gpg", "docker", "systemctl", "crontab", "at", "strings", "objdump", "nm", "readelf", "ldd", "ps", "top", "mount", "su", "sudo"})
    CHECK_FALSE(plain(name + std::string(" in.txt")));
}

TEST_CASE("plain read: what runs is rebuilt from what was understood") {
  CHECK(plain_read("cat 'a b'|wc   -l", kScope).command == "cat 'a b' | wc -l");
  CHECK(plain_read("git diff HEAD -- a", kScope).command == "git --no-pager diff --ignore-submodules=dirty --no-ext-diff --no-textconv HEAD -- a");
  CHECK(plain_read("ls src/*.c 2>/dev/null && echo \"it's; $\" ", kScope).why != "");
  CHECK(plain_read("ls src/*.c 2>/dev/null && echo \"it's; x\" ", kScope).command == "ls src/*.c 2>/dev/null && echo 'it'\\''s; x'");
  for (const char* text : {"ls -la", "grep -rn 'a b' src | head -5; true", "find . -name '*.c' -o \\( -type d \\)", "[ -f a ] && cat a || false", "sed -n '1,5p' in.txt"}) {
    const auto once = plain_read(text, kScope);
    REQUIRE(once.why.empty());
    CHECK(plain_read(once.command, kScope).command == once.command);
  }
}

namespace {

// Runs `text` by bash with every program that it starts recorded. Ends after two seconds.
std::set<std::string> traced(const std::string& text, const std::string& folder) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::chdir(folder.c_str()) != 0 || !::freopen("/dev/null", "r", stdin) || !::freopen("/dev/null", "w", stdout) || !::freopen("/dev/null", "w", stderr)) _exit(1);
    ::alarm(2);
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    const std::string home = "HOME=" + folder;
    const char* env[] = {"PATH=/usr/bin:/bin", home.c_str(), nullptr};
    ::execle("/bin/bash", "bash", "-c", text.c_str(), nullptr, env);
    _exit(127);
  }
  std::set<std::string> out;
  int status = 0;
  bool set = false;
  for (pid_t pid; (pid = ::waitpid(-1, &status, __WALL)) > 0;) {
    if (!WIFSTOPPED(status)) {
      if (pid == child) break;
      continue;
    }
    if (!set) ::ptrace(PTRACE_SETOPTIONS, pid, nullptr, PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL);
    set = true;
    char path[64], target[4096];
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    if (const ssize_t n = ::readlink(path, target, sizeof target); n > 0) {
      const std::string exe(target, static_cast<std::size_t>(n));
      out.insert(exe.substr(exe.rfind('/') + 1));
    }
    const int signal = WSTOPSIG(status);
    ::ptrace(PTRACE_CONT, pid, nullptr, signal == SIGTRAP || signal == SIGSTOP ? 0 : signal);
  }
  return out;
}

}  // namespace

TEST_CASE("plain read: run for real it changes nothing and starts only programs of the table") {
  test::TempFolder ws({{"in.txt", "b\na\na\n"}, {"x", "1\n"}, {"src/a.c", "int a;\n"}, {"p.sh", "#!/bin/sh\ntouch H\n"}, {"j.json", "{\"a\":1}"}});
  ::chmod((ws.path() + "/p.sh").c_str(), 0755);
  REQUIRE(::system(("cd " + ws.path() + " && git init -q . && git add -A && git -c user.name=x -c user.email=x@x commit -qm one").c_str()) == 0);
  std::set<std::string> known{"bash", "sh", "dash", "git", "mawk", "gawk"};
  for (const auto& row : read_programs()) known.insert(std::string(row.name));
  const ReadScope scope{ws.path(), ws.path(), "/nowhere", true};
  const auto before = ws.tree();
  std::mt19937 random(7);
  const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  constexpr const char* kOperands[] = {"in.txt", "x", "out.txt", "./p.sh", "src", "src/a.c", ".", "j.json", "'a b'", "a", "1", "-", "--", "'.a'", "HEAD", "1p", "'1,$p'", "+%F", "src/*.c", "-name", "'*.c'", "-5"};
  int ran = 0, generated = 0;
  std::set<std::string> programs;
  while (generated < 20'000 && ran < 300) {
    ++generated;
    const bool git = pick(4) == 0;
    const auto table = git ? read_git_commands() : read_programs();
    const ReadProgram& row = table[pick(table.size())];
    std::string text = (git ? "git " : "") + std::string(row.name);
    for (std::size_t k = pick(4); k > 0; --k) {
      std::string letters(row.flags);
      for (std::size_t i = 0; i < row.valued.size(); i += 2) letters += row.valued[i];
      const auto longs = words_of(row.longs);
      if (pick(2) && !letters.empty()) {
        text += " -";
        for (std::size_t n = 1 + pick(3); n > 0; --n) text += letters[pick(letters.size())];
      } else if (!longs.empty()) {
        text += " --" + *std::next(longs.begin(), static_cast<long>(pick(longs.size())));
        if (pick(3) == 0) text += "=1";
      }
    }
    for (std::size_t k = pick(4); k > 0; --k) text += std::string(" ") + kOperands[pick(std::size(kOperands))];
    const auto judged = plain_read(text, scope);
    if (!judged.why.empty()) continue;
    // As written, not as rebuilt, but for git, whose rebuilt form is what makes it safe.
    const auto started = traced(judged.git ? judged.command : text, ws.path());
    INFO(text);
    CHECK(ws.tree() == before);
    for (const auto& name : started)
      if (!known.count(name)) programs.insert(name + " by " + text);
    ++ran;
  }
  INFO("also started: " << (programs.empty() ? "nothing" : *programs.begin()));
  CHECK(programs.empty());
  CHECK(ran == 300);
}
