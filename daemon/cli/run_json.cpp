#include "daemon/cli/run_json.h"

#include <nlohmann/json.hpp>

#include "daemon/cli/verbs.h"

namespace wright::cli {
namespace {

using daemon::Json;

std::string text_of(const Json& object, const char* key) { return object.value(key, ""); }

// The item of a call: codex's own kinds for commands and edits.
Json call_item(const Json& item) {
  const std::string name = text_of(item, "name");
  const Json arguments = item.value("arguments", Json::object());
  Json out = {{"id", text_of(item, "call_id")}, {"status", "in_progress"}};
  if (name == "run_command") {
    out["type"] = "command_execution";
    out["command"] = arguments.is_object() ? text_of(arguments, "command") : "";
    out["aggregated_output"] = "";
    out["exit_code"] = nullptr;
    return out;
  }
  const bool edits = name == "write_file" || name == "edit_file" || name == "apply_patch";
  out["type"] = edits ? "file_change" : "tool_call";
  if (edits) out["changes"] = Json::array();
  out["tool"] = name;
  out["arguments"] = arguments;
  return out;
}

Json completed(Json item) { return {{"type", "item.completed"}, {"item", std::move(item)}}; }

Json simple(const Json& item, const char* type, const char* field) {
  return completed({{"id", text_of(item, "id")}, {"type", type}, {"text", text_of(item, field)}});
}

}  // namespace

std::optional<Json> RunJson::line(const Json& event) {
  if (text_of(event, "type") == "session")
    return Json{{"type", "thread.started"}, {"thread_id", text_of(event, "id")}, {"workspace", text_of(event, "workspace")}, {"model", text_of(event, "model")}, {"mode", text_of(event, "mode")}};
  if (text_of(event, "kind") != "done") return std::nullopt;
  const Json& item = event["item"];
  const std::string type = text_of(item, "type");
  if (type == "turn") return Json{{"type", "turn.started"}, {"turn_id", text_of(item, "id")}};
  if (type == "message") return text_of(item, "role") == "assistant" ? std::optional(simple(item, "agent_message", "text")) : std::nullopt;
  if (type == "reasoning") return simple(item, "reasoning", "text");
  if (type == "notice") return simple(item, "notice", "text");
  if (type == "error") return completed({{"id", text_of(item, "id")}, {"type", "error"}, {"message", text_of(item, "message")}});
  if (type == "approval")
    return completed({{"id", text_of(item, "id")}, {"type", "approval"}, {"call_id", text_of(item, "call_id")}, {"decision", text_of(item, "decision")},
                      {"reason", text_of(item, "reason")}, {"rule", text_of(item, "rule")}, {"by", text_of(item, "by")}});
  if (type == "checkpoint")
    return completed({{"id", text_of(item, "id")}, {"type", "checkpoint"}, {"checkpoint_id", text_of(item, "checkpoint_id")}, {"label", text_of(item, "label")}, {"files", item.value("files", Json::array())}});
  if (type == "patch")
    return completed({{"id", text_of(item, "id")}, {"type", "patch"}, {"diff", text_of(item, "diff")}, {"files", item.value("files", Json::array())}, {"evidence", text_of(item, "evidence")}});
  if (type == "tool_call") {
    Json out = call_item(item);
    calls_[text_of(item, "call_id")] = out;
    return Json{{"type", "item.started"}, {"item", std::move(out)}};
  }
  if (type != "tool_result") return std::nullopt;
  const auto call = calls_.find(text_of(item, "call_id"));
  if (call == calls_.end()) return std::nullopt;
  Json out = std::move(call->second);
  calls_.erase(call);
  const bool failed = item.value("is_error", false);
  out["status"] = failed ? "failed" : "completed";
  if (out["type"] == "command_execution") {
    out["aggregated_output"] = text_of(item, "text");
    out["exit_code"] = failed ? 1 : 0;
  } else {
    out["output"] = text_of(item, "text");
    if (out.contains("changes"))
      for (const Json& file : item.value("changed_files", Json::array())) out["changes"].push_back({{"path", file}});
  }
  return completed(std::move(out));
}

std::vector<Json> RunJson::last_lines(const Json& result) {
  return {{{"type", "turn.completed"}, {"usage", result.value("usage", Json::object())}}, result};
}

std::vector<Json> RunJson::last_lines(const Error& error) {
  const bool cancelled = error.kind == ErrorKind::cancelled;
  return {{{"type", "turn.failed"}, {"error", {{"message", error.text()}}}},
          {{"type", "result"}, {"status", cancelled ? "cancelled" : "failed"}, {"exit_code", exit_code(error.kind)}, {"error", {{"message", error.message}, {"next", error.next}}}}};
}

}  // namespace wright::cli
