#include "tools/symbols.h"

#include <fmt/format.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "tools/fs/workspace.h"
#include "tools/repo/index.h"

namespace wright::tools {

namespace {

constexpr std::string_view kSchema = R"({"type":"object","properties":{
"path":{"type":"string","minLength":1,"description":"file"},
"query":{"type":"string","minLength":1},
"limit":{"type":"integer","minimum":1,"maximum":2000}},
"additionalProperties":false})";

nlohmann::json row(const std::string& file, const Symbol& s, const std::string& full) {
  return {{"path", utf8::repair(file)}, {"name", utf8::repair(full)}, {"kind", std::string(to_string(s.kind))}, {"line", s.name_line}, {"end_line", s.end_line}};
}

ToolResult outline(ToolCall& call, std::size_t limit) {
  const auto name = call.workspace.relative(call.args["path"].get<std::string>());
  if (!name.ok()) return tool_error(name.error().text());
  if (call.workspace.is_folder(*name)) return tool_error(*name + " is a folder; give a file, or `query` to search all of them");
  auto text = call.workspace.peek(*name);
  if (!text.ok()) return tool_error(text.error().text());
  const auto language = language_of(*name, std::string_view(*text).substr(0, 128));
  if (!language) return tool_error(*name + " is in no language that is parsed; use grep or read_file");
  const auto tree = SyntaxTree::parse(*language, std::move(*text), call.context);
  const auto symbols = tree.ok() ? file_symbols(*tree, call.context) : Result<FileSymbols>(tree.error());
  if (!symbols.ok()) return tool_error(*name + ": " + symbols.error().text());
  std::string out;
  nlohmann::json rows = nlohmann::json::array();
  for (std::size_t i = 0; i < symbols->definitions.size(); ++i) {
    const Symbol& s = symbols->definitions[i];
    if (rows.size() >= limit || out.size() > limits::kToolOutputBytes - 1024) {
      out += fmt::format("[{} of {} symbols]\n", rows.size(), symbols->definitions.size());
      break;
    }
    int depth = 0;
    for (int up = s.parent; up >= 0; up = symbols->definitions[static_cast<std::size_t>(up)].parent) ++depth;
    out += fmt::format("{:{}}{}-{} {} {}{}\n", "", depth * 2, s.line, s.end_line, to_string(s.kind), s.scope.empty() ? "" : utf8::repair(s.scope) + "::", utf8::repair(s.name));
    rows.push_back(row(*name, s, qualified_name(*symbols, static_cast<int>(i))));
  }
  if (out.empty()) out = "no definitions in " + *name + "\n";
  if (tree->root().has_error()) out += "[the file has syntax errors; parts may be missing]\n";
  out.pop_back();
  return {std::move(out), false, {}, {{"symbols", std::move(rows)}}};
}

ToolResult search(ToolCall& call, std::size_t limit) {
  const auto query = call.args["query"].get<std::string>();
  const auto index = RepoIndex::shared(call.workspace.path());
  if (!index.ok()) return tool_error(index.error().text());
  const auto snapshot = (*index)->fresh(call.context);
  if (!snapshot.ok()) return tool_error(snapshot.error().text());
  const auto hits = (*snapshot)->search(query, limit + 1);
  std::string out;
  nlohmann::json rows = nlohmann::json::array();
  for (const SymbolHit& hit : hits) {
    if (rows.size() >= limit || out.size() > limits::kToolOutputBytes - 1024) {
      out += "[more; make the query longer]\n";
      break;
    }
    const Symbol& s = hit.symbol();
    const std::string full = qualified_name(hit);
    out += fmt::format("{}:{} {} {}{}\n", utf8::repair(hit.file->name), s.name_line, to_string(s.kind), utf8::repair(full), s.declaration ? " (declaration)" : "");
    rows.push_back(row(hit.file->name, s, full));
  }
  if (rows.empty()) out = fmt::format("no definition whose name contains {}; grep searches all text\n", query);
  out.pop_back();
  return {std::move(out), false, {}, {{"symbols", std::move(rows)}}};
}

ToolResult run(ToolCall& call) {
  const bool path = call.args.contains("path"), query = call.args.contains("query");
  if (path == query) return tool_error("give either path (outline of a file) or query (search by name)");
  return path ? outline(call, static_cast<std::size_t>(call.args.value("limit", 1000))) : search(call, static_cast<std::size_t>(call.args.value("limit", 50)));
}

}  // namespace

Tool symbols_tool() { return {{"symbols", Effect::read, kSchema, "outline of a file, or definitions by name"}, run}; }

}  // namespace wright::tools
