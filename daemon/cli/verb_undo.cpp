// wright undo: takes back what Wright did to files, the conversation, or both.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <time.h>

#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "daemon/cli/job_client.h"
#include "daemon/cli/run_args.h"
#include "daemon/cli/verbs.h"

namespace wright::cli {
namespace {

constexpr const char* kHelp =
    "Restores files as they were before Wright's last task in this folder, byte for byte: contents, modes, links, deleted and\n"
    "created files. A file that you changed since is a conflict: nothing is restored and it is named.\n\n"
    "  wright undo                  the last task; again: the one before\n"
    "  wright undo --list           what can be taken back\n"
    "  wright undo ID               one task or one call, by its id; the id of an undo brings it back\n"
    "  wright undo --conversation   forgets the last turn of the conversation, files stay\n"
    "  wright undo --files --conversation   both\n"
    "  wright undo --force          overwrites what you changed since; the undo of that undo has it\n\n"
    "Exit status: 0 done, 1 a conflict or nothing to take back, 2 usage or no such id.";

std::string when(std::int64_t ms) {
  const time_t at = ms / 1000;
  tm local{};
  char text[32];
  ::localtime_r(&at, &local);
  ::strftime(text, sizeof text, "%m-%d %H:%M", &local);
  return text;
}

int print_list(const daemon::Json& list) {
  if (list.empty()) fmt::print(stderr, "Nothing was done in this folder yet.\n");
  std::string turn;
  for (const daemon::Json& c : list) {
    if (const std::string of = c.value("turn", ""); of != turn && !of.empty()) fmt::print("task {}\n", turn = of);
    const auto files = c.value("files", std::vector<std::string>{});
    std::string names;
    for (std::size_t i = 0; i < files.size() && i < 3; ++i) names += (i ? ", " : "") + files[i];
    if (files.size() > 3) names += fmt::format(" and {} more", files.size() - 3);
    fmt::print("  {}  {}  {}{}  ({})\n", c.value("id", ""), when(c.value("time_ms", std::int64_t{0})), utf8::escape_for_terminal(c.value("label", ""), false),
               c.value("undone", false) ? " [undone]" : "", utf8::escape_for_terminal(names, false));
  }
  return 0;
}

void print_names(const char* verb, const daemon::Json& names) {
  for (const daemon::Json& name : names) fmt::print("{} {}\n", verb, utf8::escape_for_terminal(name.get<std::string>(), false));
}

}  // namespace

int verb_undo(const std::vector<std::string>& args) {
  std::string id, folder;
  bool list = false, files = false, conversation = false, force = false;
  CLI::App app(kHelp, "wright undo");
  app.add_option("ID", id, "of a task or a call: see --list");
  app.add_flag("--list", list, "what can be taken back, newest first");
  app.add_flag("--files", files, "files (the default)");
  app.add_flag("--conversation", conversation, "the conversation");
  app.add_flag("--force", force, "overwrite what you changed since; it is kept and can be brought back");
  app.add_option("-C", folder, "the folder");
  if (const auto code = parse_args(app, "undo", args)) return *code;
  RunArgs here;
  here.folder = folder;
  auto parameters = run_parameters(here, "");
  if (!parameters.ok()) return fail(parameters.error());
  const daemon::Json ask = {{"workspace", (*parameters)["workspace"]}, {"id", id}, {"files", files || !conversation}, {"conversation", conversation}, {"force", force}};
  const auto result = run_client_job(interrupt_context(), list ? "checkpoints" : "undo", ask, {});
  if (!result.ok()) return result.error().kind == ErrorKind::not_found && id.empty() ? (fail(result.error()), 1) : fail(result.error());
  if (list) return print_list((*result)["checkpoints"]);
  print_names("restored", (*result)["restored"]);
  print_names("removed", (*result)["removed"]);
  if (result->contains("conversation")) fmt::print("the conversation of {} is back before: {}\n", (*result)["conversation"].value("session", ""), utf8::escape_for_terminal((*result)["conversation"].value("prompt", ""), false));
  if (result->contains("checkpoint")) fmt::print(stderr, "To bring it back: wright undo {}\n", result->value("checkpoint", ""));
  return 0;
}

}  // namespace wright::cli
