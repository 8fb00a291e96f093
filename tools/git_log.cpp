#include "tools/git_log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/utf8.h"
#include "tools/fs/workspace.h"
#include "tools/repo/git.h"

namespace wright::tools {

namespace {

constexpr std::string_view kSchema = R"({"type":"object","properties":{
"path":{"type":"string","minLength":1},
"revision":{"type":"string","minLength":1,"description":"default HEAD"},
"search":{"type":"string","minLength":1},
"limit":{"type":"integer","minimum":1,"maximum":200,"description":"default 20"}},
"additionalProperties":false})";
constexpr std::size_t kSearchedCommits = 20'000;

std::string date_of(const GitCommit& commit) {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(static_cast<std::time_t>(commit.time + commit.offset_minutes * 60)));
}

ToolResult run(ToolCall& call) {
  const auto git = Git::open(call.workspace.path());
  if (!git.ok()) return tool_error(git.error().text());
  std::string path;
  if (call.args.contains("path")) {
    const auto name = call.workspace.relative(call.args["path"].get<std::string>());
    if (!name.ok()) return tool_error(name.error().text());
    path = *name == "." ? "" : *name;
  }
  const auto limit = static_cast<std::size_t>(call.args.value("limit", 20));
  const std::string search = call.args.value("search", std::string());
  const auto commits = git->log(call.args.value("revision", std::string()), path, search.empty() ? limit : kSearchedCommits, call.context);
  if (!commits.ok()) return tool_error(commits.error().text());
  std::string out;
  nlohmann::json rows = nlohmann::json::array();
  for (const GitCommit& c : *commits) {
    if (rows.size() >= limit) break;
    if (!search.empty() && (c.summary + "\n" + c.body).find(search) == std::string::npos) continue;
    out += fmt::format("{} {} {}: {}\n", c.id.substr(0, 10), date_of(c), utf8::repair(c.author), utf8::repair(c.summary));
    if (limit == 1 && !c.body.empty()) out += "\n" + utf8::repair(c.body) + "\n";
    rows.push_back({{"id", c.id}, {"time", c.time}, {"author", utf8::repair(c.author)}, {"summary", utf8::repair(c.summary)}});
  }
  if (rows.empty()) out = path.empty() && search.empty() ? "no commit yet\n" : "no such commit\n";
  out.pop_back();
  return {std::move(out), false, {}, {{"commits", std::move(rows)}}};
}

}  // namespace

Tool git_log_tool() { return {{"git_log", Effect::read, kSchema, "commits, newest first"}, run}; }

}  // namespace wright::tools
