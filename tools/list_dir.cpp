#include "tools/list_dir.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/limits.h"
#include "base/utf8.h"
#include "tools/fs/workspace.h"
#include "tools/repo/walk.h"

namespace wright::tools {

namespace {

constexpr std::string_view kSchema = R"({"type":"object","properties":{
"path":{"type":"string","minLength":1,"description":"folder, relative to the workspace; default: the workspace"},
"depth":{"type":"integer","minimum":1,"maximum":5,"description":"levels of subfolders, default 1"}},
"additionalProperties":false})";

std::string line_of(const WalkEntry& e, const std::string& under) {
  std::string name = utf8::repair(under.empty() ? e.name : e.name.substr(under.size() + 1));
  switch (e.kind) {
    case WalkEntry::Kind::folder: return name + "/";
    case WalkEntry::Kind::link: return name + " (link)";
    case WalkEntry::Kind::other: return name + " (special)";
    default: return fmt::format("{} {}{}", name, e.size, e.executable ? " executable" : "");
  }
}

// The folder's own entries that the rules leave out.
std::string left_out(const WorkspaceRoot& root, const std::string& under, const std::set<std::string>& shown, const Context& context) {
  const auto all = walk(root, {.under = under, .ignore_rules = false, .heavy_folders = true, .folders = true, .links = true, .depth = 1,
                               .limit = limits::kListEntries}, context);
  std::string out;
  int count = 0;
  if (!all.ok()) return out;
  for (const WalkEntry& e : all->entries) {
    if (shown.count(e.name)) continue;
    if (++count <= 10)
      out += (out.empty() ? "" : ", ") + utf8::repair(under.empty() ? e.name : e.name.substr(under.size() + 1)) + (e.kind == WalkEntry::Kind::folder ? "/" : "");
  }
  return count == 0 ? "" : fmt::format("[ignored: {}{}]\n", out, count > 10 ? fmt::format(" and {} more", count - 10) : "");
}

ToolResult run(ToolCall& call) {
  const auto name = call.workspace.relative(call.args.value("path", std::string(".")));
  if (!name.ok()) return tool_error(name.error().text());
  const std::string under = *name == "." ? "" : *name;
  if (!under.empty() && call.workspace.exists(under) && !call.workspace.is_folder(under))
    return tool_error(under + " is a file; use read_file");
  WalkOptions options{.under = under, .folders = true, .links = true, .details = true, .limit = limits::kListEntries};
  options.depth = call.args.value("depth", 1);
  const auto found = walk(call.workspace.root(), options, call.context);
  if (!found.ok()) {
    if (found.error().kind == ErrorKind::not_found) return tool_error(under + " does not exist; list_dir of a folder above shows what does");
    return tool_error(found.error().text());
  }
  std::string out;
  std::set<std::string> shown;
  bool cut = found->truncated;
  nlohmann::json entries = nlohmann::json::array();
  for (const WalkEntry& e : found->entries) {
    const std::string line = line_of(e, under);
    if (out.size() + line.size() > limits::kToolOutputBytes - 1024) {
      cut = true;
      break;
    }
    out += line + "\n";
    shown.insert(e.name);
    entries.push_back({{"path", utf8::repair(e.name)}, {"folder", e.kind == WalkEntry::Kind::folder}, {"size", e.size}});
  }
  if (shown.empty()) out += "[nothing to show]\n";
  if (!cut) out += left_out(call.workspace.root(), under, shown, call.context);
  if (cut) out += fmt::format("[only the first {} entries; list a subfolder, or use glob]\n", shown.size());
  out.pop_back();
  return {std::move(out), false, {}, {{"entries", std::move(entries)}, {"truncated", cut}}};
}

}  // namespace

Tool list_dir_tool() { return {{"list_dir", Effect::read, kSchema, "list a folder"}, run}; }

}  // namespace wright::tools
