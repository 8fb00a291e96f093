#include "daemon/cli/interactive.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/file.h"
#include "base/utf8.h"
#include "daemon/api/services.h"
#include "daemon/cli/job_client.h"
#include "daemon/cli/line_editor.h"
#include "daemon/cli/run_view.h"
#include "daemon/cli/verbs.h"

namespace wright::cli {
namespace {

std::atomic<int> interrupts{0};

// Turns Ctrl-C into a cancel of `context` while it lives. The signal also ends a read of an answer (no SA_RESTART).
class CancelOnInterrupt {
 public:
  explicit CancelOnInterrupt(const Context& context) : thread_([this, context] {
    const int before = interrupts;
    while (!stop_) {
      if (interrupts != before) context.cancel();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }) {}
  ~CancelOnInterrupt() {
    stop_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

struct Conversation {
  RunArgs args;
  std::string folder, diff;
  std::vector<std::string> granted;  // rules of calls that were answered with always
};

struct Command {
  std::string_view name, doc;
  bool (*run)(Conversation& c, const std::string& rest);  // false ends the conversation
};

void say(const std::string& text) { fmt::print(stderr, "{}\n", text); }

bool set_mode(Conversation& c, const std::string& rest) {
  for (const char* mode : {"plan", "ask", "auto-edit", "auto"})
    if (rest == mode) return c.args.mode = rest, say("Mode " + rest + " from the next task on."), true;
  say("The mode is " + c.args.mode + ". /mode plan|ask|auto-edit|auto changes it.");
  return true;
}

bool set_model(Conversation& c, const std::string& rest) {
  if (!rest.empty()) c.args.model = rest;
  say("The model is " + (c.args.model.empty() ? "the default model" : utf8::escape_for_terminal(c.args.model, false)) + ".");
  return true;
}

bool clear(Conversation& c, const std::string&) {
  c.args.session.clear();
  c.granted.clear();
  say("A new conversation; the one before is kept: /sessions.");
  return true;
}

bool show_diff(Conversation& c, const std::string&) {
  if (c.diff.empty()) say("The last task changed nothing.");
  else print_diff(stdout, c.diff);
  return true;
}

bool undo(Conversation& c, const std::string& rest) {
  const auto result = run_client_job(Context(), "undo", {{"workspace", c.folder}, {"id", rest}, {"files", true}, {"conversation", false}}, {});
  if (!result.ok()) return fail(result.error()), true;
  for (const char* what : {"restored", "removed"})
    for (const daemon::Json& name : (*result)[what]) say(fmt::format("{} {}", what, utf8::escape_for_terminal(name.get<std::string>(), false)));
  say("To bring it back: /undo " + result->value("checkpoint", ""));
  return true;
}

bool list_sessions(Conversation& c, const std::string&) {
  const auto result = run_client_job(Context(), "sessions", {{"workspace", c.folder}, {"limit", 10}}, {});
  if (!result.ok()) return fail(result.error()), true;
  for (const daemon::Json& row : (*result)["sessions"]) say(fmt::format("{}  {}", row.value("id", ""), utf8::escape_for_terminal(row.value("title", ""), false)));
  return true;
}

bool help(Conversation& c, const std::string& rest);

constexpr Command kCommands[] = {
    {"/help", "this list", help},
    {"/undo", "[ID]  take back the last task, or one by its id", undo},
    {"/diff", "what the last task changed", show_diff},
    {"/mode", "[plan|ask|auto-edit|auto]  what passes without a question", set_mode},
    {"/model", "[NAME]  which model answers", set_model},
    {"/clear", "begin a new conversation", clear},
    {"/sessions", "past conversations of this folder", list_sessions},
    {"/quit", "end (Ctrl-D too)", [](Conversation&, const std::string&) { return false; }},
};

bool help(Conversation&, const std::string&) {
  say("Type a task in your own words and press Enter. Ctrl-C cancels a running task.");
  for (const Command& command : kCommands) say(fmt::format("  {:<10} {}", command.name, command.doc));
  return true;
}

bool run_command(Conversation& c, const std::string& line) {
  const std::size_t blank = line.find(' ');
  const std::string name = line.substr(0, blank);
  std::string rest = blank == std::string::npos ? "" : line.substr(line.find_first_not_of(' ', blank) == std::string::npos ? line.size() : line.find_first_not_of(' ', blank));
  while (rest.ends_with(' ')) rest.pop_back();
  for (const Command& command : kCommands)
    if (command.name == name) return command.run(c, rest);
  say("There is no command " + utf8::escape_for_terminal(name, false) + "; /help lists them.");
  return true;
}

void run_task(Conversation& c, const std::string& prompt) {
  RunArgs args = c.args;
  args.allow.insert(args.allow.end(), c.granted.begin(), c.granted.end());
  auto parameters = run_parameters(args, prompt);
  if (!parameters.ok()) return void(fail(parameters.error()));
  (*parameters)["workspace"] = c.folder;
  RunView view(false);
  daemon::JobIo io;
  io.emit = [&](const daemon::Json& event) {
    if (event.value("type", "") == "session") c.args.session = event.value("id", "");
    view.show(event);
  };
  io.ask = [&](const daemon::Json& question) {
    auto answer = view.ask(question);
    // Each task opens the session anew: what is granted for the conversation goes with it as a rule.
    if (answer.ok() && answer->value("answer", "") == "always") c.granted.push_back(question.value("always", ""));
    return answer;
  };
  const Context context;
  view.context = &context;
  const CancelOnInterrupt cancel(context);
  const auto result = run_client_job(context, "run", std::move(*parameters), io);
  if (!result.ok()) {
    fputc('\n', stderr);
    if (result.error().kind == ErrorKind::cancelled) return say("Cancelled. What was said and done so far is kept.");
    return void(fail(result.error()));
  }
  c.diff = result->value("diff", "");
  view.finish(*result);
}

}  // namespace

int verb_interactive(const std::vector<std::string>& args) {
  RunArgs options;
  CLI::App app("A conversation in the current folder.", "wright");
  add_run_options(app, options);
  if (const auto code = parse_args(app, "wright", args)) return *code;
  if (!::isatty(STDIN_FILENO) || !::isatty(STDOUT_FILENO)) return fail({ErrorKind::usage, "a conversation needs a terminal", "give the task: wright run \"...\""});
  return interactive(std::move(options));
}

int interactive(RunArgs args) {
  struct sigaction action {};
  action.sa_handler = [](int) { ++interrupts; };
  ::sigaction(SIGINT, &action, nullptr);
  auto parameters = run_parameters(args, "");
  if (!parameters.ok()) return fail(parameters.error());
  Conversation c{std::move(args), (*parameters)["workspace"].get<std::string>(), "", {}};
  const auto bold = colour(1, "\033[1m"), off = colour(1, "\033[0m");
  say(fmt::format("{}Wright{} in {}, mode {}. /help says what can be typed; Ctrl-D ends.", bold, off, utf8::escape_for_terminal(c.folder, false), c.args.mode));
  const std::string state = daemon::Folders::from_environment().state;
  LineEditor editor(make_directories(state, 0700).ok() ? state + "/history" : "");
  for (std::string line;;) {
    const auto end = editor.read("> ", line);
    if (end == LineEditor::End::end_of_input) return 0;
    if (end == LineEditor::End::interrupt || line.find_first_not_of(" \t\n") == std::string::npos) continue;
    if (line[0] == '/') {
      if (!run_command(c, line)) return 0;
      continue;
    }
    run_task(c, line);
  }
}

}  // namespace wright::cli
