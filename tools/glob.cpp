#include "tools/glob.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "base/utf8.h"
#include "tools/fs/workspace.h"
#include "tools/repo/walk.h"

namespace wright::tools {

namespace {

constexpr std::string_view kSchema = R"({"type":"object","properties":{
"pattern":{"type":"string","minLength":1,"description":"for example **/*_test.go"},
"path":{"type":"string","minLength":1,"description":"folder to search in; the pattern is relative to it"},
"ignored":{"type":"boolean","description":"also ignored files"},
"limit":{"type":"integer","minimum":1,"maximum":5000,"description":"default 200"}},
"required":["pattern"],"additionalProperties":false})";

ToolResult run(ToolCall& call) {
  const auto name = call.workspace.relative(call.args.value("path", std::string(".")));
  if (!name.ok()) return tool_error(name.error().text());
  const std::string under = *name == "." ? "" : *name;
  const auto pattern = call.args["pattern"].get<std::string>();
  // Seen from the workspace, a pattern of a subfolder begins with that folder's name, taken literally.
  std::string full = pattern;
  if (!under.empty()) {
    full.clear();
    for (const char c : under) full += std::string_view("*?[]{}\\").find(c) == std::string_view::npos ? std::string(1, c) : std::string("\\") + c;
    const bool deep = pattern.find('/') == pattern.npos || pattern.find('/') + 1 == pattern.size();
    full += (deep ? "/**/" : "/") + pattern.substr(pattern.starts_with("/") ? 1 : 0);
  }
  const auto globs = GlobSet::compile({full});
  if (!globs.ok()) return tool_error(globs.error().text());
  const bool ignored = call.args.value("ignored", false);
  const auto limit = static_cast<std::size_t>(call.args.value("limit", 200));
  const auto found = walk(call.workspace.root(), {.under = under, .ignore_rules = !ignored, .heavy_folders = ignored, .links = true, .globs = &*globs}, call.context);
  if (!found.ok()) return tool_error(found.error().text());
  std::string out;
  nlohmann::json paths = nlohmann::json::array();
  for (const WalkEntry& e : found->entries) {
    if (paths.size() >= limit || out.size() + e.name.size() > limits::kToolOutputBytes - 512) break;
    paths.push_back(utf8::repair(e.name));
    out += paths.back().get<std::string>() + "\n";
  }
  const std::size_t total = found->entries.size();
  if (total == 0) out = fmt::format("no file matches {}{}\n", pattern, ignored ? "" : " (ignored files not counted)");
  if (paths.size() < total) out += fmt::format("[{} of {}{}; narrow the pattern or raise limit]\n", paths.size(), total, found->truncated ? "+" : "");
  out.pop_back();
  return {std::move(out), false, {}, {{"paths", std::move(paths)}, {"total", total}}};
}

}  // namespace

Tool glob_tool() { return {{"glob", Effect::read, kSchema, "find files by name"}, run}; }

}  // namespace wright::tools
