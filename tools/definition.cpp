#include "tools/definition.h"

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
"near":{"type":"string","minLength":1,"description":"file"}},
"required":["name"],"additionalProperties":false})";

constexpr std::size_t kShown = 20;          // definitions listed
constexpr std::size_t kWithSource = 3;      // of them with their source
constexpr std::size_t kSourceLines = 80;    // of one, shared among those shown
constexpr std::size_t kLineBytes = 300;

std::string source_of(const Workspace& workspace, const SymbolHit& hit, std::size_t most_lines) {
  const auto text = workspace.root().read(hit.file->name, limits::kIndexFileBytes);
  const Symbol& s = hit.symbol();
  if (!text.ok()) return "";
  std::string out;
  std::size_t at = 0;
  for (std::size_t line = 1; line < s.line && at < text->size(); ++line) at = text->find('\n', at) == text->npos ? text->size() : text->find('\n', at) + 1;
  for (std::size_t line = s.line; line <= s.end_line && at < text->size(); ++line) {
    if (line - s.line >= most_lines) {
      out += fmt::format("[lines {}-{} follow; read_file shows them]\n", line, s.end_line);
      break;
    }
    const std::size_t end = std::min(text->find('\n', at), text->size());
    std::string_view shown(text->data() + at, std::min(end - at, kLineBytes));
    if (shown.ends_with('\r')) shown.remove_suffix(1);
    out += fmt::format("{}\t{}\n", line, utf8::repair(shown.substr(0, utf8::complete_prefix(shown))));
    at = end + 1;
  }
  return out;
}

ToolResult run(ToolCall& call) {
  const auto name = call.args["name"].get<std::string>();
  std::string near;
  if (call.args.contains("near")) {
    const auto file = call.workspace.relative(call.args["near"].get<std::string>());
    if (!file.ok()) return tool_error(file.error().text());
    near = *file;
  }
  const auto index = RepoIndex::shared(call.workspace.path());
  if (!index.ok()) return tool_error(index.error().text());
  const auto snapshot = (*index)->fresh(call.context);
  if (!snapshot.ok()) return tool_error(snapshot.error().text());
  const auto hits = (*snapshot)->definitions(name, near);
  if (hits.empty()) {
    std::string close;
    for (const SymbolHit& hit : (*snapshot)->search(name, 5)) close += (close.empty() ? "; similar: " : ", ") + utf8::repair(qualified_name(hit));
    return tool_error(fmt::format("{} is not defined in this workspace{}{}", name, close, close.empty() ? "; grep searches all text" : ""));
  }
  std::string out;
  nlohmann::json rows = nlohmann::json::array();
  const std::size_t with_source = std::min(hits.size(), kWithSource);
  for (const SymbolHit& hit : hits) {
    if (rows.size() >= kShown) {
      out += fmt::format("[{} more; give near or a qualified name]\n", hits.size() - kShown);
      break;
    }
    const Symbol& s = hit.symbol();
    out += fmt::format("{}:{} {} {}{}\n", utf8::repair(hit.file->name), s.name_line, to_string(s.kind), utf8::repair(qualified_name(hit)), s.declaration ? " (declaration)" : "");
    if (rows.size() < with_source) out += source_of(call.workspace, hit, kSourceLines / with_source);
    rows.push_back({{"path", utf8::repair(hit.file->name)}, {"line", s.name_line}, {"first", s.line}, {"last", s.end_line}, {"name", utf8::repair(qualified_name(hit))},
                    {"kind", std::string(to_string(s.kind))}});
  }
  out.pop_back();
  return {std::move(out), false, {}, {{"definitions", std::move(rows)}}};
}

}  // namespace

Tool definition_tool() { return {{"definition", Effect::read, kSchema, "where a name is defined"}, run}; }

}  // namespace wright::tools
