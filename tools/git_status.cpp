#include "tools/git_status.h"

#include <fmt/format.h>

#include "base/utf8.h"
#include "tools/fs/workspace.h"
#include "tools/repo/git.h"

namespace wright::tools {

namespace {

constexpr std::string_view kSchema = R"({"type":"object","properties":{},"additionalProperties":false})";
constexpr std::size_t kShownFiles = 300;

std::string head_line(const GitHead& head) {
  std::string out = head.branch.empty() ? "detached" : "branch " + head.branch;
  out += head.commit.empty() ? ", no commit yet" : fmt::format(", at {} {}", head.commit.substr(0, 10), utf8::repair(head.summary));
  if (!head.upstream.empty()) out += fmt::format("\nupstream {}: {} ahead, {} behind", head.upstream, head.ahead, head.behind);
  return out;
}

ToolResult run(ToolCall& call) {
  const auto git = Git::open(call.workspace.path());
  if (!git.ok()) return tool_error(git.error().text());
  const auto head = git->head();
  if (!head.ok()) return tool_error(head.error().text());
  const auto status = git->status();
  if (!status.ok()) return tool_error(status.error().text());
  std::string out = head_line(*head);
  nlohmann::json files = nlohmann::json::array();
  for (const GitStatusEntry& e : status->entries) {
    const std::string path = utf8::repair(e.path);
    if (files.size() < kShownFiles)
      out += fmt::format("\n{}{} {}{}", e.staged, e.unstaged, e.old_path.empty() ? "" : utf8::repair(e.old_path) + " -> ", path);
    files.push_back({{"path", path}, {"staged", std::string(1, e.staged)}, {"unstaged", std::string(1, e.unstaged)}});
  }
  if (files.empty()) out += "\nnothing changed";
  if (files.size() > kShownFiles) out += fmt::format("\n[and {}{} more files]", files.size() - kShownFiles, status->truncated ? "+" : "");
  return {std::move(out), false, {}, {{"branch", head->branch}, {"commit", head->commit}, {"files", std::move(files)}}};
}

}  // namespace

Tool git_status_tool() { return {{"git_status", Effect::read, kSchema, "branch and changed files"}, run}; }

}  // namespace wright::tools
