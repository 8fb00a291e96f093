// apply: edits from stdin, in any of the formats that models write, into the current folder. All files or none.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/utf8.h"
#include "daemon/cli/verbs.h"
#include "tools/fs/workspace.h"
#include "tools/patch/patch.h"

namespace wright::cli {
namespace {

using namespace tools::patch;

struct Flags {
  std::string format = "auto";
  std::string folder = ".";
  std::vector<std::string> files;
  bool compat = false;
  bool check = false;
};

const char* action(const FileChange& change) {
  if (!change.after) return "delete";
  if (!change.moved_from.empty()) return "move";
  return change.before ? "update" : "add";
}

Json report(const Plan& plan, const std::optional<Failure>& failed) {
  Json files = Json::array(), changes = Json::array();
  for (const auto& c : plan.changes) {
    files.push_back(c.path);
    Json row{{"path", c.path}, {"action", action(c)}};
    if (!c.moved_from.empty()) row["from"] = c.moved_from;
    changes.push_back(std::move(row));
  }
  Json out{{"files", files}, {"hunks", plan.hunks}, {"offset", plan.offset}, {"error", nullptr}, {"format", format_name(plan.format)}, {"changes", changes}};
  if (failed) {
    out["error"] = failed->kind;
    out["message"] = failed->error.text();
    if (!failed->file.empty()) out["file"] = failed->file;
    if (!failed->detail.empty()) out["detail"] = failed->detail;
  }
  if (!plan.notes.empty()) out["notes"] = plan.notes;
  if (!plan.shell_commands.empty()) out["shell"] = plan.shell_commands;
  return out;
}

// What does not apply is "not achieved", whatever kind of error it is; only a refusal has a code of its own.
int tell(const Failure& failed) {
  std::fprintf(stderr, "wright: apply: %s [%s]\n", utf8::escape_for_terminal(failed.error.text(), false).c_str(), failed.kind.c_str());
  if (!failed.detail.empty()) std::fputs(utf8::escape_for_terminal(failed.detail, true).c_str(), stderr);
  return 1;
}

int work(const Flags& flags) {
  const auto format = format_from_name(flags.format);
  if (!format) return fail({ErrorKind::usage, "apply: unknown format '" + flags.format + "'", "one of auto, v4a, unified, search-replace"});
  auto workspace = tools::Workspace::open(flags.folder);
  if (!workspace.ok()) return fail(workspace.error());
  const auto text = read_stdin();
  if (!text.ok()) return fail(text.error());
  WorkspaceReader reader(**workspace);
  Plan plan = make_plan(*format, *text, reader, {flags.compat, flags.files});
  auto failed = plan.failure;
  if (!flags.check) {
    if (const auto applied = apply_plan(**workspace, plan.changes); !applied.ok())
      failed = Failure{applied.error().kind == ErrorKind::refused ? "refused" : "write-failed", applied.error(), "", ""};
  } else {
    std::printf("%s\n", dump_json(report(plan, failed)).c_str());
    return failed ? 1 : 0;
  }
  if (failed) return tell(*failed);
  for (const auto& c : plan.changes) std::printf("%s %s\n", action(c), utf8::escape_for_terminal(c.path, false).c_str());
  for (const auto& note : plan.notes) std::fprintf(stderr, "note: %s\n", utf8::escape_for_terminal(note, false).c_str());
  for (const auto& command : plan.shell_commands)
    std::fprintf(stderr, "The reply suggests a command, which was not run: %s\n", utf8::escape_for_terminal(command, false).c_str());
  return 0;
}

}  // namespace

int verb_apply(const std::vector<std::string>& args) {
  CLI::App app(
      "Applies the edits in a patch or a model's reply (standard input) to the current folder: all files, or none.\n\n"
      "  git diff | wright apply -C ../copy\n"
      "  wright apply --format search-replace --file src/a.py < reply.md\n\n"
      "Exit 1 when it does not apply; then nothing was written, and stderr names the nearest lines or the candidates.\n",
      "wright apply");
  Flags flags;
  app.add_option("--format", flags.format, "auto, v4a (*** Begin Patch), unified (diff), search-replace")->capture_default_str();
  app.add_option("--file", flags.files, "a file that was in the chat, for SEARCH/REPLACE blocks (default: every file); repeatable")->take_all();
  app.add_flag("--compat", flags.compat, "the verdicts of the format's origin (codex apply_patch, aider), partial writes included");
  app.add_flag("--check", flags.check, "write nothing; print JSON {files, hunks, offset, error}");
  app.add_option("-C", flags.folder, "the folder to change")->capture_default_str();
  auto reversed = args;
  std::reverse(reversed.begin(), reversed.end());
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    return fail({ErrorKind::usage, std::string("apply: ") + error.what(), "see wright apply --help"});
  }
  return work(flags);
}

}  // namespace wright::cli
