// Running things: the tests, a command, the verified patch search; and undo.
#include <algorithm>
#include <array>

#include "agent/checkpoint.h"
#include "agent/guided/intents.h"
#include "agent/search/search.h"
#include "agent/test_files.h"
#include "base/json.h"
#include "tools/exec/sandbox.h"

namespace wright::agent::guided {
namespace {

constexpr std::size_t kShownOutput = 3000;
constexpr const char* kPrograms[] = {"make", "npm", "npx", "node", "python", "python3", "pytest", "cargo", "go", "cmake", "ctest", "ls", "cat", "echo", "bash", "sh", "git", "pip", "ninja", "gcc", "g++", "java",
                                     "javac", "mvn", "gradle", "yarn", "pnpm", "ruby", "rustc", "tsc", "deno", "bun", "perl", "wc", "head", "tail", "date", "pwd", "env", "whoami", "uname", "rm", "sudo", "curl"};

bool have(const Turn& turn, const std::string& file) { return std::find(turn.files().begin(), turn.files().end(), file) != turn.files().end(); }

std::string base_name(const std::string& file) { return file.substr(file.rfind('/') + 1); }

std::string python_tests(const Turn& turn) {
  bool found = false, pytest = have(turn, "pytest.ini") || have(turn, "conftest.py"), unittest = false;
  std::string folder;
  for (const std::string& file : turn.files()) {
    const std::string name = base_name(file);
    if (!name.ends_with(".py") || !(name.starts_with("test_") || name.ends_with("_test.py"))) continue;
    found = true;
    const auto text = turn.text_of(file);
    if (!text) continue;
    unittest |= text->find("unittest") != std::string::npos;
    pytest |= text->find("import pytest") != std::string::npos || (text->find("unittest") == std::string::npos && text->find("def test_") != std::string::npos);
    if (file.find('/') != std::string::npos) folder = file.substr(0, file.rfind('/'));
  }
  if (!found) return "";
  if (pytest || !unittest) return "python3 -m pytest -q";
  if (folder.empty() || have(turn, folder + "/__init__.py")) return "python3 -m unittest discover";
  return "python3 -m unittest discover -s " + folder;
}

// The last lines of an output, for an answer.
std::string tail_of(const std::string& text) {
  if (text.size() <= kShownOutput) return text;
  const std::size_t from = text.find('\n', text.size() - kShownOutput);
  return "[…]\n" + text.substr(from == std::string::npos ? text.size() - kShownOutput : from + 1);
}

// "run the file main.py" -> python3 main.py.
std::string command_for(const std::string& file) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kRunners{{{".py", "python3 "}, {".js", "node "}, {".mjs", "node "}, {".sh", "sh "}, {".rb", "ruby "}}};
  for (const auto& [ending, runner] : kRunners)
    if (file.ends_with(ending)) return std::string(runner) + file;
  return "";
}

std::string said_command(const Turn& turn) {
  const Reading& r = turn.reading();
  if (!r.quoted.empty()) return r.quoted[0];
  // From the first program's name on to the end of the Latin words.
  for (std::size_t i = 0; i < r.words.size(); ++i) {
    if (std::find(std::begin(kPrograms), std::end(kPrograms), r.words[i].low) == std::end(kPrograms)) continue;
    if (r.words[i].low == "make" && i + 1 < r.words.size() && (r.words[i + 1].low == "it" || r.words[i + 1].low == "me" || r.words[i + 1].low == "a" || r.words[i + 1].low == "the")) continue;
    std::size_t last = i;
    while (last + 1 < r.words.size() && !r.words[last + 1].hangul && r.words[last + 1].low != "and" && r.words[last + 1].low != "please" && r.words[last + 1].low != "for") ++last;
    std::size_t end = r.words[last].end;
    return r.text.substr(r.words[i].begin, end - r.words[i].begin);
  }
  for (const std::string& path : r.paths)
    if (const std::string command = command_for(path); !command.empty()) return command;
  return "";
}

Result<void> run_and_tell(Turn& turn, const std::string& command) {
  WRIGHT_CHECK(turn.understood(turn.words(Say::run, command)));
  WRIGHT_TRY(const Called called, turn.call("run_command", {{"command", command}}));
  if (called.denied) return turn.not_done(turn.words(Say::denied, called.text));
  const std::string told = turn.words(Say::ran, command, tail_of(called.text));
  return called.ok ? turn.done(told) : turn.not_done(told);
}

// The newest turn, or checkpoint that stands alone, that changed more than the caches that running a program leaves behind; "" when
// there is none, and then the newest of all is meant.
Result<std::string> last_change(Checkpoints& checkpoints) {
  constexpr std::size_t kLookedAt = 200;
  WRIGHT_TRY(const auto all, checkpoints.list(kLookedAt));
  for (const Checkpoint& c : all) {
    if (c.undone || !c.undoes.empty()) continue;
    const bool real = std::any_of(c.files.begin(), c.files.end(), [](const std::string& f) { return f.find("__pycache__") == std::string::npos && f.find(".pytest_cache") == std::string::npos; });
    if (real) return c.turn.empty() ? c.id : c.turn;
  }
  return std::string();
}

struct Danger { std::string_view part, why; };
constexpr Danger kDangers[] = {{"rm -", "rm -"}, {"rm /", "rm /"}, {"sudo", "sudo"}, {"git push", "git push"}, {"mkfs", "mkfs"}, {"dd if=", "dd"}, {"reset --hard", "git reset --hard"}, {"git clean", "git clean"},
                               {":(){", "a fork bomb"}, {"| sh", "a download piped into a shell"}, {"| bash", "a download piped into a shell"}, {"|sh", "a download piped into a shell"}, {"|bash", "a download piped into a shell"},
                               {"> /dev/sd", "writing to a disk"}, {"shutdown", "shutdown"}, {"reboot", "reboot"}, {"npm publish", "npm publish"}, {"chmod -r", "chmod -R"}, {"-delete", "find -delete"}};

}  // namespace

std::string harmful_command(std::string_view command) {
  const std::string low = lower(command);
  for (const auto& [part, why] : kDangers)
    if (low.find(part) != std::string::npos) return std::string(why);
  return low == "rm" || low.starts_with("rm ") || low.find(" rm ") != std::string::npos ? "rm" : "";
}

std::string test_command(const Turn& turn) {
  for (const std::string& q : turn.reading().quoted)
    for (const std::string_view word : {"test", "check", "spec"})
      if (q.find(word) != std::string::npos && q.find(' ') != std::string::npos) return q;
  for (const char* name : {"Makefile", "makefile", "GNUmakefile"})
    if (const auto text = have(turn, name) ? turn.text_of(name) : std::nullopt; text && ("\n" + *text).find("\ntest:") != std::string::npos) return "make test";
  if (const auto text = have(turn, "package.json") ? turn.text_of("package.json") : std::nullopt) {
    const auto json = parse_json(*text, "package.json");
    if (json.ok() && json->is_object() && json->contains("scripts") && (*json)["scripts"].is_object() && (*json)["scripts"].contains("test")) {
      const Json& script = (*json)["scripts"]["test"];
      if (script.is_string() && script.get<std::string>().starts_with("node --test")) return script.get<std::string>();
      if (script.is_string() && script.get<std::string>().find("no test specified") == std::string::npos) return "npm test --silent";
    }
  }
  if (have(turn, "Cargo.toml")) return "cargo test";
  if (have(turn, "go.mod")) return "go test ./...";
  if (const std::string python = python_tests(turn); !python.empty()) return python;
  if (const auto text = have(turn, "CMakeLists.txt") ? turn.text_of("CMakeLists.txt") : std::nullopt; text && text->find("enable_testing") != std::string::npos)
    return "cmake -B build && cmake --build build && ctest --test-dir build --output-on-failure";
  for (const std::string& file : turn.files())
    if (file.ends_with(".test.js") || file.ends_with(".test.mjs") || file.ends_with("_test.js")) return "node --test";
  return "";
}

Result<void> run_tests(Turn& turn) {
  const std::string command = test_command(turn);
  return command.empty() ? turn.not_done(turn.words(Say::no_tests)) : run_and_tell(turn, command);
}

Result<void> run_words(Turn& turn) {
  const std::string command = said_command(turn);
  if (command.empty()) return turn.not_done(turn.words(Say::run_what));
  if (const std::string why = harmful_command(command); !why.empty()) return turn.not_done(turn.words(Say::harmful, turn.words(Say::unsafe_command, why)));
  return run_and_tell(turn, command);
}

Result<void> mend_tests(Turn& turn) {
  const std::string command = test_command(turn);
  if (command.empty()) return turn.not_done(turn.words(Say::no_tests));
  WRIGHT_CHECK(turn.understood(turn.words(Say::mend, command)));
  if (turn.plan()) return turn.not_done(turn.words(Say::plan_only, turn.words(Say::mend, command)));
  WRIGHT_TRY(const bool may, turn.may_run(command));
  if (!may) return {};
  FixRequest request;
  request.workspace = turn.root().path();
  request.test = command;
  request.description = turn.reading().text;
  request.engine = turn.request().engine;
  if (!request.engine) request.order = "prior";
  for (const std::string& path : turn.reading().paths)
    if (!is_test_file(path)) request.files.push_back(path);
  if (turn.request().loop.workspace.commands) request.commands = *turn.request().loop.workspace.commands;
  const auto progress = [&](const FixProgress& p) {
    if (p.kind == FixProgress::Kind::location || p.kind == FixProgress::Kind::phase) (void)turn.notice(p.text).ok();
  };
  WRIGHT_TRY(const FixReport report, fix(turn.context(), request, progress));
  if (report.already_passing) return turn.done(turn.words(Say::already_passing, command, report.tests_before));
  if (!report.verified) return turn.not_done(turn.words(Say::none_found, command, report.why_none, report.runs) + "\n" + turn.words(Say::larger));
  for (const auto& [file, text] : report.patch.files) {
    WRIGHT_TRY(const bool wrote, turn.replace(file, text));
    if (!wrote) return turn.roll_back();
  }
  std::string told = turn.words(Say::mended, report.patch.description, command, report.patch.tests_after, report.runs) + "\n" + turn.words(Say::tests_pass_now);
  if (!report.runner_up.empty()) told += "\n" + turn.words(Say::other_patch, report.runner_up[0].description);
  return turn.done(told);
}

Result<void> undo_last(Turn& turn) {
  if (says(turn.reading(), "commit*/커밋")) return turn.not_done(turn.words(Say::harmful, turn.words(Say::undo_commits)));
  const std::string what = turn.words(Say::undo);
  WRIGHT_CHECK(turn.understood(what));
  if (turn.plan()) return turn.not_done(turn.words(Say::plan_only, what));
  Checkpoints* const checkpoints = turn.request().loop.checkpoints;
  if (!checkpoints) return turn.not_done(turn.words(Say::nothing_to_undo, "no checkpoints here"));
  WRIGHT_TRY(const std::string turn_id, last_change(*checkpoints));
  const auto undone = checkpoints->undo(turn_id);
  if (!undone.ok() && undone.error().kind == ErrorKind::cancelled) return undone.error();
  if (!undone.ok()) return turn.not_done(turn.words(Say::nothing_to_undo, undone.error().text()));
  std::string names;
  for (const auto* list : {&undone->restored, &undone->removed})
    for (const std::string& name : *list) names += (names.empty() ? "" : ", ") + name;
  std::string label = undone->checkpoint.label;
  if (label.starts_with("undo of ")) label.erase(0, 8);
  return turn.done(turn.words(Say::undone, label, names));
}

}  // namespace wright::agent::guided
