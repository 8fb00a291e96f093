#include "tools/git_blame.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "tools/fs/workspace.h"
#include "tools/repo/git.h"

namespace wright::tools {

namespace {

constexpr std::string_view kSchema = R"({"type":"object","properties":{
"path":{"type":"string","minLength":1},
"first":{"type":"integer","minimum":1,"description":"line, from 1"},
"last":{"type":"integer","minimum":1}},
"required":["path"],"additionalProperties":false})";
constexpr std::size_t kBlameLines = 500;
constexpr std::size_t kLineBytes = 200;

ToolResult run(ToolCall& call) {
  const auto git = Git::open(call.workspace.path());
  if (!git.ok()) return tool_error(git.error().text());
  const auto name = call.workspace.relative(call.args["path"].get<std::string>());
  if (!name.ok()) return tool_error(name.error().text());
  const auto text = call.workspace.peek(*name);
  if (!text.ok()) return tool_error(text.error().text());
  const auto first = static_cast<std::size_t>(call.args.value("first", std::int64_t{1}));
  const auto total = static_cast<std::size_t>(std::count(text->begin(), text->end(), '\n')) + (!text->empty() && text->back() != '\n');
  const std::size_t wanted = static_cast<std::size_t>(call.args.value("last", static_cast<std::int64_t>(total)));
  const std::size_t last = std::min({wanted, total, first + kBlameLines - 1});
  if (first > total) return tool_error(fmt::format("{} has {} lines", *name, total));
  const auto lines = git->blame(*name, first, last, *text);
  if (!lines.ok()) return tool_error(lines.error().text());
  std::string out, before;
  std::size_t at = 0;
  for (std::size_t skip = 1; skip < first; ++skip) at = text->find('\n', at) + 1;
  nlohmann::json rows = nlohmann::json::array();
  for (const GitBlameLine& line : *lines) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    // A run of lines of one commit names it once.
    const std::string who = line.commit.empty() ? "not committed"
        : fmt::format("{} {:%Y-%m-%d} {}: {}", line.commit.substr(0, 10), fmt::gmtime(static_cast<std::time_t>(line.time)), utf8::repair(line.author), utf8::repair(line.summary));
    if (who != before) out += who + "\n";
    before = who;
    std::string_view shown(text->data() + at, std::min(end - at, kLineBytes));
    shown = shown.substr(0, utf8::complete_prefix(shown));
    out += fmt::format("{}\t{}\n", line.line, utf8::repair(shown));
    rows.push_back({{"line", line.line}, {"commit", line.commit}});
    at = end + 1;
  }
  if (last < std::min(wanted, total)) out += fmt::format("[at most {} lines a call; continue with first {}]\n", kBlameLines, last + 1);
  if (!out.empty()) out.pop_back();
  return {std::move(out), false, {}, {{"lines", std::move(rows)}}};
}

}  // namespace

Tool git_blame_tool() { return {{"git_blame", Effect::read, kSchema, "who changed each line"}, run}; }

}  // namespace wright::tools
