#include "agent/providers/conversation.h"

#include <map>

namespace wright::agent {

std::vector<engine::ChatMessage> conversation_of(const ModelRequest& request) {
  std::vector<engine::ChatMessage> out;
  if (!request.system.empty()) out.push_back({"system", request.system, "", {}, "", ""});
  const std::size_t fixed = out.size();
  std::map<std::string, std::string> names;  // of calls by id
  // Within a reply, calls close the message: reasoning or text after them begins a new one.
  const auto assistant = [&](bool after_calls) -> engine::ChatMessage& {
    if (out.size() == fixed || out.back().role != "assistant" || (!after_calls && !out.back().tool_calls.empty()))
      out.push_back({"assistant", "", "", {}, "", ""});
    return out.back();
  };
  for (const Item& item : request.items) {
    if (const auto* turn = std::get_if<TurnItem>(&item.body)) {
      if (!turn->prompt.empty()) out.push_back({"user", turn->prompt, "", {}, "", ""});
    } else if (const auto* message = std::get_if<MessageItem>(&item.body)) {
      if (message->role == "assistant") {
        auto& m = assistant(false);
        if (!m.content.empty()) m.content += "\n";
        m.content += message->text;
      } else if (!(message->role == "user" && !out.empty() && out.back().role == "user" && out.back().content == message->text)) {
        out.push_back({message->role, message->text, "", {}, "", ""});  // a turn's own prompt stands once
      }
    } else if (const auto* reasoning = std::get_if<ReasoningItem>(&item.body)) {
      auto& m = assistant(false);
      m.reasoning += reasoning->text;
    } else if (const auto* call = std::get_if<ToolCallItem>(&item.body)) {
      names[call->call_id] = call->name;
      // Servers and chat templates take objects only; the result that follows says what was wrong.
      const bool object = call->arguments.is_object();
      assistant(true).tool_calls.push_back({call->call_id, call->name, object ? call->arguments : nlohmann::json{{"not_json", call->arguments}}});
    } else if (const auto* result = std::get_if<ToolResultItem>(&item.body)) {
      const auto name = names.find(result->call_id);
      out.push_back({"tool", result->text, "", {}, result->call_id, name == names.end() ? "" : name->second});
    } else if (const auto* compaction = std::get_if<CompactionItem>(&item.body)) {
      out.resize(fixed);
      out.push_back({"user", "Summary of the conversation so far:\n" + compaction->summary, "", {}, "", ""});
    }
  }
  return out;
}

ModelReply reply_of(std::string reasoning, std::string text, std::vector<ToolCallItem> calls) {
  ModelReply out;
  const auto put = [&](ItemBody body) { out.items.push_back({"", "", 0, std::move(body)}); };
  if (!reasoning.empty()) put(ReasoningItem{std::move(reasoning), ""});
  if (!text.empty()) put(MessageItem{"assistant", std::move(text), {}});
  for (ToolCallItem& call : calls) put(std::move(call));
  return out;
}

}  // namespace wright::agent
