#include "agent/prompt.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <time.h>

#include <algorithm>
#include <map>
#include <set>

#include "agent/instructions.h"
#include "agent/prompts.h"
#include "base/json.h"
#include "tools/tool.h"

namespace wright::agent {
namespace {

constexpr const char* kModeWords[] = {"plan: read only; nothing may be changed", "ask: what changes files or runs commands is asked of the user",
                                      "auto-edit: edits pass, commands are asked of the user", "auto: edits and sandboxed commands pass"};

// Most needed first: what no longer fits into the first request is left to the command line.
constexpr std::string_view kByUse[] = {"read_file", "edit_file", "run_command", "grep", "write_file", "apply_patch", "list_dir", "glob", "symbols", "definition",
                                       "references", "repo_map", "git_diff", "git_status", "git_log", "git_blame"};

std::string surroundings(const LoopRequest& request) {
  utsname system{};
  ::uname(&system);
  const time_t now = Clock::system().unix_ms() / 1000;
  tm local{};
  ::localtime_r(&now, &local);
  char date[32];
  ::strftime(date, sizeof date, "%Y-%m-%d", &local);
  const std::string cwd = request.policy.cwd.empty() ? request.workspace.path() : request.policy.cwd;
  return fmt::format("Folder: {}\nSystem: {} {}\nDate: {}\nMode: {}", cwd, system.sysname, system.machine, date,
                     kModeWords[static_cast<int>(request.policy.mode)]);
}

// The last user message that begins like `text` up to its first colon or line end; "" when none was said.
std::string said_last(const std::vector<Item>& history, std::string_view opening) {
  for (auto it = history.rbegin(); it != history.rend(); ++it)
    if (const auto* message = std::get_if<MessageItem>(&it->body); message && message->role == "user" && message->text.starts_with(opening))
      return message->text;
  return "";
}

}  // namespace

std::string system_text() { return std::string(prompt_text("system")); }

std::vector<engine::ToolSpec> tool_specs(std::span<const tools::Tool> tools) {
  std::vector<engine::ToolSpec> out;
  for (const tools::Tool& tool : tools) {
    std::string_view words = tools::tool_description(tool.info.name);
    if (words.empty()) words = tool.info.summary;
    while (words.ends_with('\n')) words.remove_suffix(1);
    auto schema = parse_json(tool.info.schema, tool.info.name);
    out.push_back({std::string(tool.info.name), std::string(words), schema ? std::move(*schema) : Json::object()});
  }
  return out;
}

std::vector<tools::Tool> offered_tools() {
  std::vector<tools::Tool> out;
  std::size_t bytes = system_text().size();
  for (const std::string_view name : kByUse) {
    const tools::Tool* tool = tools::find_tool(name);
    if (!tool) continue;
    const engine::ToolSpec spec = tool_specs({tool, 1})[0];
    const std::size_t size = dump_json({{"name", spec.name}, {"description", spec.description}, {"parameters", spec.parameters}}).size() + 2;
    if (bytes + size > kFirstRequestBytes) continue;
    bytes += size;
    out.push_back(*tool);
  }
  std::sort(out.begin(), out.end(), [](const tools::Tool& a, const tools::Tool& b) { return a.info.name < b.info.name; });
  return out;
}

std::vector<ItemBody> opening_items(const LoopRequest& request, const std::vector<Item>& history) {
  std::vector<ItemBody> out;
  const std::string here = surroundings(request);
  if (said_last(history, "Folder: ") != here) out.push_back(MessageItem{"user", here, {}});
  const std::string cwd = request.policy.cwd.empty() ? request.workspace.path() : request.policy.cwd;
  const Instructions found = find_instructions(request.instructions_home, cwd);
  const std::string text = instructions_text(found);
  if (!text.empty() && said_last(history, prompt_text("instructions")) != text) {
    out.push_back(MessageItem{"user", text, {}});
    out.push_back(NoticeItem{instructions_notice(found)});
  }
  return out;
}

std::vector<Item> sound_history(const std::vector<Item>& items) {
  std::map<std::string, const Item*> results;  // of calls by id: the first
  for (const Item& item : items)
    if (const auto* result = std::get_if<ToolResultItem>(&item.body)) results.emplace(result->call_id, &item);
  std::vector<Item> out;
  std::vector<Item> waiting;  // results owed to the calls just passed
  bool answered = false;      // a result was met since: the next call belongs to another reply
  const auto pay = [&] {
    for (Item& item : waiting) out.push_back(std::move(item));
    waiting.clear();
    answered = false;
  };
  std::set<std::string> called;
  for (const Item& item : items) {
    const auto* call = std::get_if<ToolCallItem>(&item.body);
    if (!call) {
      // Approvals, checkpoints and notices are not the model's; results are placed by their calls.
      if (std::holds_alternative<ToolResultItem>(item.body)) answered = true;
      if (std::holds_alternative<ToolResultItem>(item.body)) continue;
      const bool shown = std::holds_alternative<TurnItem>(item.body) || std::holds_alternative<MessageItem>(item.body) ||
                         std::holds_alternative<ReasoningItem>(item.body) || std::holds_alternative<CompactionItem>(item.body);
      if (!shown) continue;
      pay();
      out.push_back(item);
      continue;
    }
    if (!called.insert(call->call_id).second) continue;  // an id may stand once
    if (answered) pay();
    out.push_back(item);
    const auto found = results.find(call->call_id);
    waiting.push_back(found != results.end()
                          ? *found->second
                          : Item{"", "", item.time_ms, ToolResultItem{call->call_id, std::string(prompt_text("interrupted")), true, {}}});
  }
  pay();
  return out;
}

ModelRequest assemble(const LoopRequest& request) {
  ModelRequest out;
  out.system = system_text();
  out.items = sound_history(request.session.items());
  static const std::vector<tools::Tool> offered = offered_tools();
  out.tools = tool_specs(request.tools.empty() ? std::span<const tools::Tool>(offered) : request.tools);
  out.effort = request.effort;
  out.cache_key = request.session.id();
  return out;
}

}  // namespace wright::agent
