#include "daemon/api/openai_request.h"

#include <fmt/format.h>

#include <chrono>
#include <random>

#include "base/json.h"

namespace wright::daemon {
namespace {

Error bad(std::string_view field, std::string_view what) { return {ErrorKind::usage, fmt::format("{}: {}", field, what), ""}; }

// A number within [low, high], or `fallback` when absent or null.
Result<double> number(const Json& body, std::string_view field, double low, double high, double fallback) {
  const auto found = body.find(field);
  if (found == body.end() || found->is_null()) return fallback;
  if (!found->is_number()) return bad(field, "must be a number");
  const double value = found->get<double>();
  if (!(value >= low && value <= high)) return bad(field, fmt::format("must be between {} and {}", low, high));
  return value;
}

Result<std::int64_t> integer(const Json& body, std::string_view field, std::int64_t low, std::int64_t high, std::int64_t fallback) {
  const auto found = body.find(field);
  if (found == body.end() || found->is_null()) return fallback;
  if (!found->is_number_integer()) return bad(field, "must be an integer");
  if (found->is_number_unsigned() && found->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) return bad(field, "is too large");
  const auto value = found->get<std::int64_t>();
  if (value < low || value > high) return bad(field, fmt::format("must be between {} and {}", low, high));
  return value;
}

Result<bool> boolean(const Json& body, std::string_view field, bool fallback) {
  const auto found = body.find(field);
  if (found == body.end() || found->is_null()) return fallback;
  if (!found->is_boolean()) return bad(field, "must be true or false");
  return found->get<bool>();
}

Result<std::string> text(const Json& object, std::string_view field, std::string fallback) {
  const auto found = object.find(field);
  if (found == object.end() || found->is_null()) return fallback;
  if (!found->is_string()) return bad(field, "must be a string");
  return found->get<std::string>();
}

Result<void> read_stops(const Json& body, std::vector<std::string>& stops) {
  const auto found = body.find("stop");
  if (found == body.end() || found->is_null()) return {};
  const Json list = found->is_array() ? *found : Json::array({*found});
  if (list.size() > 16) return bad("stop", "at most 16 texts");
  for (const Json& stop : list) {
    if (!stop.is_string() || stop.get_ref<const std::string&>().empty()) return bad("stop", "must be a text or a list of texts");
    stops.push_back(stop.get<std::string>());
  }
  return {};
}

Result<void> read_bias(const Json& body, engine::Sampling& sampling) {
  const auto found = body.find("logit_bias");
  if (found == body.end() || found->is_null()) return {};
  if (!found->is_object() || found->size() > 4096) return bad("logit_bias", "must be an object of token ids");
  for (const auto& [key, value] : found->items()) {
    char* end = nullptr;
    const long id = std::strtol(key.c_str(), &end, 10);
    if (key.empty() || *end != '\0' || id < 0 || id > INT32_MAX || !value.is_number()) return bad("logit_bias", "must map token ids to numbers");
    sampling.logit_bias.emplace_back(static_cast<engine::TokenId>(id), value.get<float>());
  }
  return {};
}

Result<void> read_logprobs(const Json& body, engine::Sampling& sampling) {
  const auto found = body.find("logprobs");
  if (found != body.end() && found->is_number_integer()) {  // Completions: a count
    WRIGHT_TRY(const auto count, integer(body, "logprobs", 0, 20, 0));
    sampling.logprobs = static_cast<int>(count);
    return {};
  }
  WRIGHT_TRY(const bool wanted, boolean(body, "logprobs", false));
  WRIGHT_TRY(const auto top, integer(body, "top_logprobs", 0, 20, 0));
  if (top > 0 && !wanted) return bad("top_logprobs", "needs logprobs: true");
  if (wanted) sampling.logprobs = static_cast<int>(top);
  return {};
}

// A message's content: a text, null, or a list of text parts.
Result<std::string> read_content(const Json& message, const std::string& at) {
  const auto found = message.find("content");
  if (found == message.end() || found->is_null()) return std::string();
  if (found->is_string()) return found->get<std::string>();
  if (!found->is_array()) return bad(at + ".content", "must be a text or a list of parts");
  std::string out;
  for (const Json& part : *found) {
    const std::string type = part.is_object() ? part.value("type", "") : "";
    if (type == "image_url" || type == "input_image") return bad(at + ".content", "this model takes no images");
    if ((type != "text" && type != "input_text") || !part.contains("text") || !part["text"].is_string())
      return bad(at + ".content", "holds a part that is not text");
    out += part["text"].get<std::string>();
  }
  return out;
}

Result<void> read_calls(const Json& message, const std::string& at, engine::ChatMessage& out) {
  const auto found = message.find("tool_calls");
  if (found == message.end() || found->is_null()) return {};
  if (!found->is_array()) return bad(at + ".tool_calls", "must be a list");
  for (const Json& call : *found) {
    if (!call.is_object() || !call.contains("function") || !call["function"].is_object()) return bad(at + ".tool_calls", "each needs a function");
    WRIGHT_TRY(const std::string name, text(call["function"], "name", ""));
    WRIGHT_TRY(const std::string arguments, text(call["function"], "arguments", "{}"));
    // A malformed call in the history is kept as what was written: it must not make every later request fail.
    auto parsed = parse_json(arguments.empty() ? "{}" : arguments, "arguments");
    Json value = parsed.ok() && parsed->is_object() ? std::move(*parsed) : Json{{"malformed", arguments}};
    out.tool_calls.push_back({call.value("id", ""), name, std::move(value)});
  }
  return {};
}

Result<engine::ChatMessage> read_message(const Json& message, const std::string& at) {
  static constexpr std::string_view kRoles[] = {"system", "developer", "user", "assistant", "tool"};
  if (!message.is_object()) return bad(at, "must be an object");
  engine::ChatMessage out;
  WRIGHT_TRY(out.role, text(message, "role", ""));
  if (std::find(std::begin(kRoles), std::end(kRoles), out.role) == std::end(kRoles)) return bad(at + ".role", "unknown role '" + out.role + "'");
  WRIGHT_TRY(out.content, read_content(message, at));
  for (const std::string_view field : {"reasoning_content", "reasoning"})
    if (out.reasoning.empty() && message.contains(field) && message[std::string(field)].is_string()) out.reasoning = message[std::string(field)];
  WRIGHT_CHECK(read_calls(message, at, out));
  WRIGHT_TRY(out.tool_call_id, text(message, "tool_call_id", ""));
  WRIGHT_TRY(out.name, text(message, "name", ""));
  return out;
}

Result<std::vector<engine::ToolSpec>> read_tools(const Json& body) {
  std::vector<engine::ToolSpec> tools;
  const auto found = body.find("tools");
  if (found == body.end() || found->is_null()) return tools;
  if (!found->is_array() || found->size() > 512) return bad("tools", "must be a list of at most 512");
  for (const Json& tool : *found) {
    if (!tool.is_object() || tool.value("type", "") != "function" || !tool.contains("function") || !tool["function"].is_object())
      return bad("tools", "each must be {\"type\":\"function\",\"function\":{…}}");
    const Json& function = tool["function"];
    WRIGHT_TRY(const std::string name, text(function, "name", ""));
    if (name.empty()) return bad("tools", "a function has no name");
    WRIGHT_TRY(const std::string description, text(function, "description", ""));
    const Json parameters = function.contains("parameters") && function["parameters"].is_object() ? function["parameters"]
                                                                                                  : Json{{"type", "object"}, {"properties", Json::object()}};
    tools.push_back({name, description, parameters});
  }
  return tools;
}

// {"name","arguments"} of one of the tools.
Json call_schema(const std::vector<engine::ToolSpec>& tools) {
  Json any = Json::array();
  for (const auto& tool : tools)
    any.push_back({{"type", "object"},
                   {"properties", {{"name", {{"const", tool.name}}}, {"arguments", tool.parameters}}},
                   {"required", {"name", "arguments"}},
                   {"additionalProperties", false}});
  return any.size() == 1 ? any[0] : Json{{"anyOf", any}};
}

Result<void> read_tool_choice(const Json& body, ChatFields& out) {
  const auto found = body.find("tool_choice");
  if (found == body.end() || found->is_null() || *found == "auto") return {};
  auto& tools = out.render.tools;
  if (*found == "none") {
    tools.clear();
    return {};
  }
  std::vector<engine::ToolSpec> allowed = tools;
  if (found->is_object()) {
    const Json function = found->value("function", Json::object());
    const std::string name = function.is_object() ? function.value("name", "") : "";
    std::erase_if(allowed, [&](const auto& tool) { return tool.name != name; });
    if (allowed.empty()) return bad("tool_choice", "no tool is named '" + name + "'");
  } else if (*found != "required") {
    return bad("tool_choice", "must be auto, none, required or a function");
  }
  if (allowed.empty()) return bad("tool_choice", "there are no tools to choose from");
  out.schema = std::make_shared<const Json>(call_schema(allowed));
  out.call_required = true;
  return {};
}

Result<void> read_response_format(const Json& body, ChatFields& out) {
  const auto found = body.find("response_format");
  if (found == body.end() || found->is_null() || out.call_required) return {};
  const std::string type = found->is_object() ? found->value("type", "") : "";
  if (type == "text") return {};
  if (type == "json_object") {
    out.schema = std::make_shared<const Json>(Json{{"type", "object"}});
    return {};
  }
  if (type != "json_schema" || !found->contains("json_schema") || !(*found)["json_schema"].is_object() ||
      !(*found)["json_schema"].contains("schema"))
    return bad("response_format", "must be text, json_object, or json_schema with a schema");
  out.schema = std::make_shared<const Json>((*found)["json_schema"]["schema"]);
  return {};
}

}  // namespace

Result<GenerationFields> read_generation_fields(const Json& body) {
  GenerationFields out;
  auto& s = out.sampling;
  WRIGHT_TRY(out.model, text(body, "model", ""));
  WRIGHT_TRY(const double temperature, number(body, "temperature", 0, 2, 1));
  WRIGHT_TRY(const double top_p, number(body, "top_p", 0, 1, 1));
  WRIGHT_TRY(const double min_p, number(body, "min_p", 0, 1, 0));
  WRIGHT_TRY(const auto top_k, integer(body, "top_k", 0, INT32_MAX, 0));
  WRIGHT_TRY(const double presence, number(body, "presence_penalty", -2, 2, 0));
  WRIGHT_TRY(const double frequency, number(body, "frequency_penalty", -2, 2, 0));
  WRIGHT_TRY(const double repeat, number(body, "repeat_penalty", 0.01, 10, 1));
  WRIGHT_TRY(const auto seed, integer(body, "seed", INT64_MIN, INT64_MAX, static_cast<std::int64_t>(std::random_device{}())));
  s.temperature = static_cast<float>(temperature);
  s.top_p = static_cast<float>(top_p);
  s.min_p = static_cast<float>(min_p);
  s.top_k = static_cast<int>(top_k);
  s.presence_penalty = static_cast<float>(presence);
  s.frequency_penalty = static_cast<float>(frequency);
  s.repeat_penalty = static_cast<float>(repeat);
  s.seed = static_cast<std::uint64_t>(seed);
  WRIGHT_CHECK(read_bias(body, s));
  WRIGHT_CHECK(read_logprobs(body, s));
  WRIGHT_CHECK(read_stops(body, out.stops));
  for (const std::string_view field : {"max_tokens", "max_completion_tokens"}) {
    WRIGHT_TRY(const auto limit, integer(body, field, 1, INT32_MAX, 0));
    if (limit > 0) out.max_tokens = static_cast<int>(limit);
  }
  WRIGHT_TRY(const auto n, integer(body, "n", 1, 16, 1));
  out.n = static_cast<int>(n);
  WRIGHT_TRY(out.stream, boolean(body, "stream", false));
  if (const auto options = body.find("stream_options"); options != body.end() && options->is_object()) {
    WRIGHT_TRY(out.include_usage, boolean(*options, "include_usage", false));
  }
  return out;
}

Result<ChatFields> read_chat_fields(const Json& body) {
  ChatFields out;
  const auto messages = body.find("messages");
  if (messages == body.end() || !messages->is_array() || messages->empty()) return bad("messages", "must be a list with at least one message");
  for (std::size_t i = 0; i < messages->size(); ++i) {
    WRIGHT_TRY(auto message, read_message((*messages)[i], fmt::format("messages[{}]", i)));
    out.render.messages.push_back(std::move(message));
  }
  WRIGHT_TRY(out.render.tools, read_tools(body));
  WRIGHT_CHECK(read_tool_choice(body, out));
  WRIGHT_CHECK(read_response_format(body, out));
  WRIGHT_TRY(const std::string effort, text(body, "reasoning_effort", ""));
  static constexpr std::pair<std::string_view, engine::Effort> kEfforts[] = {
      {"", engine::Effort::none}, {"none", engine::Effort::none}, {"minimal", engine::Effort::low}, {"low", engine::Effort::low},
      {"medium", engine::Effort::medium}, {"high", engine::Effort::high}};
  for (const auto& [name, value] : kEfforts)
    if (name == effort) {
      out.render.effort = value;
      return out;
    }
  return bad("reasoning_effort", "must be none, low, medium or high");
}

Json usage_json(const engine::Usage& usage) {
  return {{"prompt_tokens", usage.prompt_tokens}, {"completion_tokens", usage.completion_tokens},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
          {"prompt_tokens_details", {{"cached_tokens", usage.cached_tokens}}}};
}

std::string new_id(std::string_view prefix) {
  static thread_local std::mt19937_64 random{std::random_device{}()};
  return fmt::format("{}{:016x}{:08x}", prefix, random(), static_cast<std::uint32_t>(random()));
}

std::int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

FieldError split_field(const Error& error) {
  const auto colon = error.message.find(": ");
  return {error.text(), colon == std::string::npos ? "" : error.message.substr(0, colon)};
}

}  // namespace wright::daemon
