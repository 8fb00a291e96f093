#include "agent/items.h"

#include <fmt/format.h>

#include "base/json.h"

namespace wright::agent {
namespace {

using nlohmann::json;

// One pair of functions a body type: fields to JSON and back. The names are the storage format (kSchemaVersion).
void put(json& j, const TurnItem& b) { j["prompt"] = b.prompt, j["mode"] = b.mode, j["model"] = b.model; }
void put(json& j, const MessageItem& b) {
  j["role"] = b.role, j["text"] = b.text;
  if (!b.token_ids.empty()) j["token_ids"] = b.token_ids;
}
void put(json& j, const ReasoningItem& b) {
  j["text"] = b.text;
  if (!b.signature.empty()) j["signature"] = b.signature;
}
void put(json& j, const ToolCallItem& b) {
  j["call_id"] = b.call_id, j["name"] = b.name, j["arguments"] = b.arguments;
  if (!b.token_ids.empty()) j["token_ids"] = b.token_ids;
}
void put(json& j, const ToolResultItem& b) {
  j["call_id"] = b.call_id, j["text"] = b.text, j["is_error"] = b.is_error, j["changed_files"] = b.changed_files;
}
void put(json& j, const PatchItem& b) { j["diff"] = b.diff, j["files"] = b.files, j["evidence"] = b.evidence; }
void put(json& j, const PlanItem& b) {
  json steps = json::array();
  for (const auto& [text, state] : b.steps) steps.push_back({{"text", text}, {"state", state}});
  j["steps"] = std::move(steps);
}
void put(json& j, const ApprovalItem& b) {
  j["call_id"] = b.call_id, j["decision"] = b.decision, j["reason"] = b.reason, j["rule"] = b.rule, j["by"] = b.by;
}
void put(json& j, const CheckpointItem& b) {
  j["checkpoint_id"] = b.checkpoint_id, j["label"] = b.label, j["files"] = b.files;
}
void put(json& j, const CompactionItem& b) { j["summary"] = b.summary, j["dropped_items"] = b.dropped_items; }
void put(json& j, const SubagentItem& b) { j["session_id"] = b.session_id, j["task"] = b.task, j["outcome"] = b.outcome; }
void put(json& j, const NoticeItem& b) { j["text"] = b.text; }
void put(json& j, const ErrorItem& b) { j["kind"] = b.kind, j["message"] = b.message, j["next"] = b.next; }

Result<void> take(const JsonView& v, std::string_view key, std::string& out) {
  WRIGHT_TRY(out, v.string_or(key, ""));
  return {};
}
template <class T>
Result<void> take_list(const JsonView& v, std::string_view key, std::vector<T>& out) {
  if (!v.has(key)) return {};
  WRIGHT_TRY(const JsonView list, v.at(key));
  if (!list.raw().is_array()) return list.error("expected an array");
  for (std::size_t i = 0; i < list.size(); ++i) {
    WRIGHT_TRY(const JsonView element, list.at(i));
    if constexpr (std::is_same_v<T, std::string>) {
      WRIGHT_TRY(std::string text, element.string());
      out.push_back(std::move(text));
    } else {
      WRIGHT_TRY(const std::int64_t number, element.integer());
      out.push_back(static_cast<T>(number));
    }
  }
  return {};
}

Result<void> get(const JsonView& v, TurnItem& b) {
  WRIGHT_CHECK(take(v, "prompt", b.prompt));
  WRIGHT_CHECK(take(v, "mode", b.mode));
  return take(v, "model", b.model);
}
Result<void> get(const JsonView& v, MessageItem& b) {
  WRIGHT_CHECK(take(v, "role", b.role));
  WRIGHT_CHECK(take(v, "text", b.text));
  return take_list(v, "token_ids", b.token_ids);
}
Result<void> get(const JsonView& v, ReasoningItem& b) {
  WRIGHT_CHECK(take(v, "text", b.text));
  return take(v, "signature", b.signature);
}
Result<void> get(const JsonView& v, ToolCallItem& b) {
  WRIGHT_CHECK(take(v, "call_id", b.call_id));
  WRIGHT_CHECK(take(v, "name", b.name));
  if (v.raw().contains("arguments")) b.arguments = v.raw()["arguments"];
  return take_list(v, "token_ids", b.token_ids);
}
Result<void> get(const JsonView& v, ToolResultItem& b) {
  WRIGHT_CHECK(take(v, "call_id", b.call_id));
  WRIGHT_CHECK(take(v, "text", b.text));
  WRIGHT_TRY(b.is_error, v.boolean_or("is_error", false));
  return take_list(v, "changed_files", b.changed_files);
}
Result<void> get(const JsonView& v, PatchItem& b) {
  WRIGHT_CHECK(take(v, "diff", b.diff));
  WRIGHT_CHECK(take(v, "evidence", b.evidence));
  return take_list(v, "files", b.files);
}
Result<void> get(const JsonView& v, PlanItem& b) {
  WRIGHT_TRY(const JsonView steps, v.at("steps"));
  for (std::size_t i = 0; i < steps.size(); ++i) {
    WRIGHT_TRY(const JsonView step, steps.at(i));
    std::pair<std::string, std::string> entry;
    WRIGHT_CHECK(take(step, "text", entry.first));
    WRIGHT_CHECK(take(step, "state", entry.second));
    b.steps.push_back(std::move(entry));
  }
  return {};
}
Result<void> get(const JsonView& v, ApprovalItem& b) {
  WRIGHT_CHECK(take(v, "call_id", b.call_id));
  WRIGHT_CHECK(take(v, "decision", b.decision));
  WRIGHT_CHECK(take(v, "reason", b.reason));
  WRIGHT_CHECK(take(v, "rule", b.rule));
  return take(v, "by", b.by);
}
Result<void> get(const JsonView& v, CheckpointItem& b) {
  WRIGHT_CHECK(take(v, "checkpoint_id", b.checkpoint_id));
  WRIGHT_CHECK(take(v, "label", b.label));
  return take_list(v, "files", b.files);
}
Result<void> get(const JsonView& v, CompactionItem& b) {
  WRIGHT_CHECK(take(v, "summary", b.summary));
  WRIGHT_TRY(b.dropped_items, v.integer_or("dropped_items", 0));
  return {};
}
Result<void> get(const JsonView& v, SubagentItem& b) {
  WRIGHT_CHECK(take(v, "session_id", b.session_id));
  WRIGHT_CHECK(take(v, "task", b.task));
  return take(v, "outcome", b.outcome);
}
Result<void> get(const JsonView& v, NoticeItem& b) { return take(v, "text", b.text); }
Result<void> get(const JsonView& v, ErrorItem& b) {
  WRIGHT_CHECK(take(v, "kind", b.kind));
  WRIGHT_CHECK(take(v, "message", b.message));
  return take(v, "next", b.next);
}

// In the order of ItemBody's alternatives.
constexpr std::string_view kTypes[] = {"turn",     "message",    "reasoning",  "tool_call", "tool_result", "patch", "plan",
                                       "approval", "checkpoint", "compaction", "subagent",  "notice",      "error"};
static_assert(std::size(kTypes) == std::variant_size_v<ItemBody>);

template <std::size_t I = 0>
Result<ItemBody> body_from(std::string_view type, const JsonView& view) {
  if constexpr (I == std::variant_size_v<ItemBody>) {
    return Error{ErrorKind::invalid, fmt::format("item: unknown type '{}'", type), ""};
  } else {
    if (type != kTypes[I]) return body_from<I + 1>(type, view);
    std::variant_alternative_t<I, ItemBody> body;
    WRIGHT_CHECK(get(view, body));
    return ItemBody(std::move(body));
  }
}

}  // namespace

std::string_view item_type(const ItemBody& body) { return kTypes[body.index()]; }

json to_json(const Item& item) {
  json j = {{"id", item.id}, {"parent", item.parent}, {"time_ms", item.time_ms}, {"type", item_type(item.body)}};
  std::visit([&](const auto& body) { put(j, body); }, item.body);
  return j;
}

Result<Item> item_from_json(const json& value) {
  const JsonView view(value, "item");
  Item item;
  WRIGHT_CHECK(take(view, "id", item.id));
  WRIGHT_CHECK(take(view, "parent", item.parent));
  WRIGHT_TRY(item.time_ms, view.integer_or("time_ms", 0));
  WRIGHT_TRY(const JsonView type, view.at("type"));
  WRIGHT_TRY(const std::string name, type.string());
  WRIGHT_TRY(item.body, body_from(name, view));
  return item;
}

json to_json(const Event& event) {
  static constexpr const char* kKinds[] = {"added", "delta", "done"};
  json j = {{"kind", kKinds[static_cast<int>(event.kind)]}, {"sequence", event.sequence}, {"session", event.session}};
  if (event.kind == Event::Kind::delta) {
    j["item"] = {{"id", event.item.id}, {"type", item_type(event.item.body)}};
    j["text"] = event.text;
  } else {
    j["item"] = to_json(event.item);
  }
  return j;
}

}  // namespace wright::agent
