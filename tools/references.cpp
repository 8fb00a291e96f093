#include "tools/references.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "base/utf8.h"
#include "tools/fs/workspace.h"
#include "tools/repo/index.h"

namespace wright::tools {

namespace {

constexpr std::string_view kSchema = R"({"type":"object","properties":{
"name":{"type":"string","minLength":1},
"path":{"type":"string","minLength":1,"description":"file or folder"},
"limit":{"type":"integer","minimum":1,"maximum":2000,"description":"default 100"}},
"required":["name"],"additionalProperties":false})";
constexpr std::size_t kLineBytes = 200;

std::string shown(const ReferenceHit& hit) {
  std::string_view line = hit.text;
  const std::size_t blank = std::min(line.find_first_not_of(" \t"), line.size());
  line = line.substr(blank, kLineBytes);
  return utf8::repair(line.substr(0, utf8::complete_prefix(line)));
}

ToolResult run(ToolCall& call) {
  std::string name = call.args["name"].get<std::string>();
  if (const std::size_t cut = name.find_last_of(".:#"); cut != name.npos) name = name.substr(cut + 1);  // "A.f" is sought as "f"
  if (name.empty()) return tool_error("name: give an identifier");
  const auto under = call.workspace.relative(call.args.value("path", std::string(".")));
  if (!under.ok()) return tool_error(under.error().text());
  if (!call.workspace.exists(*under)) return tool_error(*under + " does not exist");
  const auto limit = static_cast<std::size_t>(call.args.value("limit", 100));
  const auto index = RepoIndex::shared(call.workspace.path());
  if (!index.ok()) return tool_error(index.error().text());
  const auto snapshot = (*index)->fresh(call.context);
  if (!snapshot.ok()) return tool_error(snapshot.error().text());
  const auto found = find_references((*index)->root(), **snapshot, name, *under, limit, call.context);
  if (!found.ok()) return tool_error(found.error().text());
  std::string out, file;
  nlohmann::json rows = nlohmann::json::array();
  bool cut = found->truncated;
  for (const ReferenceHit& hit : found->hits) {
    if (out.size() > limits::kToolOutputBytes - 2048) {
      cut = true;
      break;
    }
    if (hit.file != file) out += utf8::repair(hit.file) + "\n";
    file = hit.file;
    out += fmt::format("{}:{}{}{}\n", hit.line, shown(hit), hit.within.empty() ? "" : "  [in " + utf8::repair(hit.within) + "]", hit.definition ? "  [definition]" : "");
    rows.push_back({{"path", utf8::repair(hit.file)}, {"line", hit.line}, {"text", shown(hit)}, {"definition", hit.definition}});
  }
  if (rows.empty()) out = fmt::format("no use of {} in parsed code; grep also finds comments, strings and other file types\n", name);
  if (cut) out += fmt::format("[only the first {}; limit with path]\n", rows.size());
  if (!found->skipped.empty()) {
    out += "[not parsed: ";
    for (std::size_t i = 0; i < std::min<std::size_t>(5, found->skipped.size()); ++i) out += (i ? ", " : "") + utf8::repair(found->skipped[i]);
    out += "; use grep there]\n";
  }
  out.pop_back();
  return {std::move(out), false, {}, {{"references", std::move(rows)}, {"truncated", cut}}};
}

}  // namespace

Tool references_tool() { return {{"references", Effect::read, kSchema, "where a name is used"}, run}; }

}  // namespace wright::tools
