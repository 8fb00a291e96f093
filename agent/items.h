// The data model: a session is an append-only list of items; a fork shares its parent's. Everything that happens is an
// item first, and every reader (terminal, editor, web, replay) sees the same list. Plain values.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace wright::agent {

inline constexpr int kSchemaVersion = 1;

struct TurnItem { std::string prompt; std::string mode; std::string model; };
struct MessageItem { std::string role; std::string text; std::vector<std::int32_t> token_ids; };
struct ReasoningItem { std::string text; std::string signature; };
struct ToolCallItem { std::string call_id, name; nlohmann::json arguments; std::vector<std::int32_t> token_ids; };
struct ToolResultItem { std::string call_id, text; bool is_error = false; std::vector<std::string> changed_files; };
struct PatchItem { std::string diff; std::vector<std::string> files; std::string evidence; };
struct PlanItem { std::vector<std::pair<std::string, std::string>> steps; };  // text, state: pending|active|done
struct ApprovalItem { std::string call_id, decision, reason, rule, by; };     // allow|ask|deny; by: policy|user
struct CheckpointItem { std::string checkpoint_id, label; std::vector<std::string> files; };
struct CompactionItem { std::string summary; std::int64_t dropped_items = 0; };
struct SubagentItem { std::string session_id, task, outcome; };
struct NoticeItem { std::string text; };
struct ErrorItem { std::string kind, message, next; };

using ItemBody = std::variant<TurnItem, MessageItem, ReasoningItem, ToolCallItem, ToolResultItem, PatchItem, PlanItem,
                              ApprovalItem, CheckpointItem, CompactionItem, SubagentItem, NoticeItem, ErrorItem>;

struct Item {
  std::string id;        // "i_" + 16 hex, unique in the store
  std::string parent;    // the item before it, "" for the first; forks branch here
  std::int64_t time_ms = 0;
  ItemBody body;
};

// "turn", "message", "reasoning", "tool_call", …
std::string_view item_type(const ItemBody& body);
nlohmann::json to_json(const Item& item);
Result<Item> item_from_json(const nlohmann::json& json);

// An event announces a change of an item. `delta` carries text as it grows; `done` follows once the item is stored.
struct Event {
  enum class Kind { added, delta, done } kind = Kind::added;
  std::int64_t sequence = 0;  // per session, from 1, without gaps
  std::string session;
  Item item;                  // added, done: whole; delta: id and type matter
  std::string text;           // delta
};
nlohmann::json to_json(const Event& event);

}  // namespace wright::agent
