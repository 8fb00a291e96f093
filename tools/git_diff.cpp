#include "tools/git_diff.h"

#include <fmt/format.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "tools/fs/workspace.h"
#include "tools/repo/git.h"

namespace wright::tools {

namespace {

constexpr std::string_view kSchema = R"({"type":"object","properties":{
"path":{"type":"string","minLength":1,"description":"file or folder"},
"staged":{"type":"boolean"},
"unstaged":{"type":"boolean"},
"from":{"type":"string","minLength":1,"description":"revision"},
"to":{"type":"string","minLength":1,"description":"revision; default: the work tree"},
"commit":{"type":"string","minLength":1},
"context":{"type":"integer","minimum":0,"maximum":100},
"untracked":{"type":"boolean","description":"untracked files too"},
"stat":{"type":"boolean"}},"additionalProperties":false})";

// What is compared, from the arguments; an error when they contradict each other.
Result<void> choose(const Git& git, const nlohmann::json& args, GitDiffOptions& options) {
  const bool staged = args.value("staged", false), unstaged = args.value("unstaged", false);
  if (staged + unstaged + args.contains("from") + args.contains("commit") > 1)
    return Error{ErrorKind::usage, "give only one of staged, unstaged, from, commit", ""};
  if (args.contains("to") && !args.contains("from")) return Error{ErrorKind::usage, "`to` needs `from`", ""};
  if (staged) options.what = GitDiffOptions::What::staged;
  if (unstaged) options.what = GitDiffOptions::What::unstaged;
  if (args.contains("from")) {
    options.what = GitDiffOptions::What::revisions;
    options.from = args["from"].get<std::string>();
    options.to = args.value("to", std::string());
  }
  if (args.contains("commit")) {
    WRIGHT_TRY(const GitCommit commit, git.commit(args["commit"].get<std::string>()));
    options.what = GitDiffOptions::What::revisions;
    options.to = commit.id;
    options.from = commit.parents > 0 ? commit.id + "^" : std::string(kEmptyTree);
  }
  return {};
}

ToolResult run(ToolCall& call) {
  const auto git = Git::open(call.workspace.path());
  if (!git.ok()) return tool_error(git.error().text());
  GitDiffOptions options;
  if (const auto chosen = choose(*git, call.args, options); !chosen.ok()) return tool_error(chosen.error().text());
  if (call.args.contains("path")) {
    const auto path = call.workspace.relative(call.args["path"].get<std::string>());
    if (!path.ok()) return tool_error(path.error().text());
    options.paths.push_back(*path);
  }
  options.context_lines = call.args.value("context", 3);
  options.untracked = call.args.value("untracked", false);
  options.limit_bytes = limits::kToolOutputBytes * 3 / 4;
  const auto diff = git->diff(options, call.context);
  if (!diff.ok()) return tool_error(diff.error().text());
  if (diff->files.empty()) return {"no changes", false, {}, {{"files", nlohmann::json::array()}}};
  nlohmann::json files = nlohmann::json::array();
  std::string stat;
  for (const GitDiffFile& f : diff->files) {
    const std::string path = utf8::repair(f.path);
    if (stat.size() < limits::kToolOutputBytes / 8)
      stat += fmt::format("{} {}{} {}\n", f.status, f.old_path.empty() ? "" : utf8::repair(f.old_path) + " -> ", path,
                          f.binary ? std::string("binary") : fmt::format("+{} -{}", f.added, f.removed));
    files.push_back({{"path", path}, {"status", std::string(1, f.status)}, {"added", f.added}, {"removed", f.removed}});
  }
  const bool only_stat = call.args.value("stat", false);
  std::string out = only_stat ? stat : utf8::repair(diff->text);
  if (!only_stat && diff->truncated) out += "[the rest is too long; all changed files, ask for one with `path`:]\n" + stat;
  out.pop_back();
  return {std::move(out), false, {}, {{"files", std::move(files)}}};
}

}  // namespace

Tool git_diff_tool() { return {{"git_diff", Effect::read, kSchema, "changes as a unified diff"}, run}; }

}  // namespace wright::tools
