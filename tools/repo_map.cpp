#include "tools/repo_map.h"

#include <fmt/format.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "tools/fs/workspace.h"
#include "tools/repo/repo_map.h"

namespace wright::tools {

namespace {

constexpr std::string_view kSchema = R"({"type":"object","properties":{
"tokens":{"type":"integer","minimum":100,"maximum":16000,"description":"budget, default 2000"},
"mentions":{"type":"array","items":{"type":"string","minLength":1}}},
"additionalProperties":false})";

ToolResult run(ToolCall& call) {
  const auto index = RepoIndex::shared(call.workspace.path());
  if (!index.ok()) return tool_error(index.error().text());
  const auto snapshot = (*index)->fresh(call.context);
  if (!snapshot.ok()) return tool_error(snapshot.error().text());
  MapOptions options;
  if (call.args.contains("mentions"))
    for (const auto& mention : call.args["mentions"]) options.mentions.push_back(mention.get<std::string>());
  const auto ranked = rank_symbols(**snapshot, options, call.context);
  if (!ranked.ok()) return tool_error(ranked.error().text());
  const auto map = render_map((*index)->root(), *ranked, static_cast<std::size_t>(call.args.value("tokens", 2000)), estimate_tokens, call.context);
  if (!map.ok()) return tool_error(map.error().text());
  std::string out = map->text;
  if (ranked->empty()) out += "[no definitions found: no source code in a language that is parsed; use list_dir and grep]\n";
  else if (map->symbols < ranked->size()) out += fmt::format("[{} of {} definitions]\n", map->symbols, ranked->size());
  std::size_t skipped = 0;
  std::string names;
  for (const auto& file : (*snapshot)->files)
    if (!file->skipped.empty() && ++skipped <= 5) names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", utf8::repair(file->name), file->skipped);
  if (skipped > 0) out += fmt::format("[not parsed: {}{}]\n", names, skipped > 5 ? fmt::format(" and {} more", skipped - 5) : "");
  if (!out.empty()) out.pop_back();
  return {std::move(out), false, {}, {{"symbols", map->symbols}, {"all", ranked->size()}, {"tokens", map->tokens}}};
}

}  // namespace

Tool repo_map_tool() { return {{"repo_map", Effect::read, kSchema, "the most important definitions"}, run}; }

}  // namespace wright::tools
