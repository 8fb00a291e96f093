#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/providers/conversation.h"
#include "agent/providers/openai.h"
#include "base/json.h"
#include "base/utf8.h"

namespace wright::agent {
namespace {

// Field `key` as text; "" when absent, null or of another type.
std::string text_of(const Json& object, const char* key) {
  if (!object.is_object()) return "";
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}
std::int64_t number_of(const Json& object, const char* key, std::int64_t fallback) {
  if (!object.is_object()) return fallback;
  const auto it = object.find(key);
  return it != object.end() && it->is_number_integer() ? it->get<std::int64_t>() : fallback;
}
const Json& field(const Json& object, const char* key) {
  static const Json nothing;
  if (!object.is_object()) return nothing;
  const auto it = object.find(key);
  return it == object.end() ? nothing : *it;
}

}  // namespace

nlohmann::json openai_chat_body(const std::string& model, const ModelRequest& request) {
  Json messages = Json::array();
  for (const engine::ChatMessage& m : conversation_of(request)) {
    Json out = {{"role", m.role}, {"content", m.content}};
    if (m.role == "tool") out["tool_call_id"] = m.tool_call_id;
    if (!m.tool_calls.empty()) {
      if (m.content.empty()) out["content"] = nullptr;
      for (const auto& c : m.tool_calls)
        out["tool_calls"].push_back({{"id", c.id}, {"type", "function"}, {"function", {{"name", c.name}, {"arguments", dump_json(c.arguments)}}}});
    }
    messages.push_back(std::move(out));
  }
  Json body = {{"model", model}, {"messages", std::move(messages)}, {"stream", true}, {"stream_options", {{"include_usage", true}}}};
  if (request.max_tokens > 0) body["max_tokens"] = request.max_tokens;
  for (const ToolSpec& t : request.tools)
    body["tools"].push_back({{"type", "function"}, {"function", {{"name", t.name}, {"description", t.description}, {"parameters", t.parameters}}}});
  constexpr const char* kEfforts[] = {nullptr, "low", "medium", "high"};
  if (const char* effort = kEfforts[static_cast<std::size_t>(request.effort)]) body["reasoning_effort"] = effort;
  if (!request.schema.is_null())
    body["response_format"] = {{"type", "json_schema"}, {"json_schema", {{"name", "reply"}, {"strict", true}, {"schema", request.schema}}}};
  return body;
}

// Fragments name their call by index; servers without one by id, or by order.
OpenAiStream::Call& OpenAiStream::call_at(std::int64_t index, const std::string& id) {
  if (index < 0) {
    for (auto& [i, call] : calls_)
      if (!id.empty() && call.id == id) return call;
    if (id.empty() && !calls_.empty()) return calls_.back().second;
    index = calls_.empty() ? 0 : calls_.back().first + 1;
  }
  for (auto& [i, call] : calls_)
    if (i == index) return call;
  calls_.emplace_back(index, Call{});
  return calls_.back().second;
}

Result<void> OpenAiStream::chunk(std::string_view data, const std::function<void(const ModelDelta&)>& sink) {
  if (data == "[DONE]") {
    ended_ = true;
    return {};
  }
  WRIGHT_TRY(const Json json, parse_json(data, "the provider's stream"));
  if (const Json& error = field(json, "error"); !error.is_null()) {
    const std::string message = error.is_string() ? error.get<std::string>() : text_of(error, "message");
    return Error{ErrorKind::model, "the provider reports: " + utf8::escape_for_terminal(message.empty() ? dump_json(error) : message, false), ""};
  }
  if (const Json& usage = field(json, "usage"); usage.is_object()) {
    usage_.input = number_of(usage, "prompt_tokens", usage_.input);
    usage_.output = number_of(usage, "completion_tokens", usage_.output);
    usage_.cached = number_of(field(usage, "prompt_tokens_details"), "cached_tokens", usage_.cached);
    usage_.reasoning = number_of(field(usage, "completion_tokens_details"), "reasoning_tokens", usage_.reasoning);
  }
  const Json& choices = field(json, "choices");
  if (!choices.is_array() || choices.empty()) return {};
  const Json& choice = choices[0];
  const Json& delta = field(choice, "delta").is_object() ? field(choice, "delta") : field(choice, "message");
  using Kind = ModelDelta::Kind;
  std::string reasoning = text_of(delta, "reasoning_content");
  if (reasoning.empty()) reasoning = text_of(delta, "reasoning");
  if (!reasoning.empty()) {
    reasoning_ += reasoning;
    if (sink) sink({Kind::reasoning, reasoning});
  }
  if (const std::string text = text_of(delta, "content"); !text.empty()) {
    text_ += text;
    if (sink) sink({Kind::text, text});
  }
  if (const Json& calls = field(delta, "tool_calls"); calls.is_array()) {
    for (const Json& part : calls) {
      if (!part.is_object()) continue;
      Call& call = call_at(number_of(part, "index", -1), text_of(part, "id"));
      if (const std::string id = text_of(part, "id"); !id.empty()) call.id = id;
      const Json& function = field(part, "function");
      if (call.name.empty()) call.name = text_of(function, "name");
      const Json& arguments = field(function, "arguments");
      if (arguments.is_string()) call.arguments += arguments.get<std::string>();
      else if (arguments.is_object()) call.arguments = dump_json(arguments);
      if (!call.announced && !call.name.empty()) {
        call.announced = true;
        if (sink) sink({Kind::tool_call_begin, call.name});
      }
    }
  }
  if (const std::string reason = text_of(choice, "finish_reason"); !reason.empty()) {
    finish_ = reason;
    ended_ = true;
  }
  return {};
}

Result<ModelReply> OpenAiStream::finish() {
  if (!ended_) return Error{ErrorKind::model, "the provider's stream ended in the middle of a reply", ""};
  std::vector<ToolCallItem> calls;
  for (auto& [index, call] : calls_) {
    if (call.name.empty()) return Error{ErrorKind::model, "the provider sent a tool call without a name", ""};
    Json arguments = Json::object();
    if (call.arguments.find_first_not_of(" \n\t\r") != std::string::npos) {
      auto parsed = parse_json(call.arguments, "arguments");
      const bool object = parsed.ok() && parsed->is_object();
      if (!object && finish_ == "length") continue;  // cut by the token limit: never run, the finish says why
      // What is no object stays as the model wrote it: the dispatcher tells the model, which can send it again.
      arguments = object ? std::move(*parsed) : Json(utf8::repair(call.arguments));
    } else if (finish_ == "length") {
      continue;
    }
    if (call.id.empty()) call.id = fmt::format("call_{}", index + 1);
    calls.push_back({call.id, call.name, std::move(arguments), {}});
  }
  const bool any = !calls.empty();
  ModelReply reply = reply_of(std::move(reasoning_), std::move(text_), std::move(calls));
  reply.usage = usage_;
  reply.finish = finish_ == "length" ? "length" : any ? "tool_calls" : "stop";
  return reply;
}

}  // namespace wright::agent
