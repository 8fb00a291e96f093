#include "engine/chat/chat_format.h"

#include <algorithm>

#include "base/json.h"
#include "engine/chat/harmony.h"
#include "engine/chat/jinja.h"
#include "engine/chat/reply_format.h"

namespace wright::engine {
namespace {

using jinja::Value;
using Templates = std::vector<std::pair<std::string, std::string>>;

// For models that bring no template.
constexpr std::string_view kChatMl =
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

// What a template must hold to be of a family; the first row that fits decides.
struct Family {
  std::string_view format, first, second;
};
constexpr Family kFamilies[] = {
    {"harmony", "<|channel|>", "<|start|>"},
    {"deepseek-v3.2", "｜DSML｜", ""},
    {"deepseek-r1", "<｜tool▁calls▁begin｜>", "```json"},
    {"deepseek-v3.1", "<｜tool▁calls▁begin｜>", ""},
    {"mistral-v11", "[TOOL_CALLS]", "[ARGS]"},
    {"mistral-v3", "[TOOL_CALLS]", ""},
    {"glm4", "<arg_key>", ""},
    {"minimax-m2", "<minimax:tool_call>", ""},
    {"gemma4", "<|tool_call>", ""},
    {"qwen3-coder-xml", "<function=", ""},
    {"hermes-json", "<tool_call>", ""},
    {"llama3-json", "<|python_tag|>", ""},
    {"llama3-json", "<|start_header_id|>", "\"parameters\""},
    {"deepseek-r1", "<｜Assistant｜>", ""},
};

std::string_view family_of(std::string_view source) {
  const auto holds = [&](std::string_view what) { return source.find(what) != std::string_view::npos; };
  for (const Family& f : kFamilies)
    if (holds(f.first) && holds(f.second)) return f.format;
  return "plain";
}

// How tools are told to a model whose template has no place for them: Hermes' words, its calls are hermes-json.
std::string tools_text(const std::vector<ToolSpec>& tools) {
  std::string out =
      "# Tools\n\nYou may call one or more functions. Signatures:\n<tools>\n";
  for (const ToolSpec& t : tools)
    out += dump_json(Json{{"type", "function"}, {"function", {{"name", t.name}, {"description", t.description}, {"parameters", t.parameters}}}}) + "\n";
  return out +
         "</tools>\n\nFor each call write a JSON object with the function's name and arguments between <tool_call></tool_call>:\n"
         "<tool_call>\n{\"name\": \"function-name\", \"arguments\": {}}\n</tool_call>";
}

Value text(std::string_view s, bool trusted = false) { return Value::string(std::string(s), trusted); }

class TemplateFormat final : public ChatFormat {
 public:
  TemplateFormat(std::string bos, std::string eos, std::shared_ptr<const Tokenizer> tokenizer)
      : bos_(std::move(bos)), eos_(std::move(eos)), tokenizer_(std::move(tokenizer)) {}

  Result<void> load(const Templates& templates) {
    const auto pick = [&](std::string_view name) {
      return std::find_if(templates.begin(), templates.end(), [&](const auto& t) { return t.first == name; });
    };
    auto plain = pick("default");
    if (plain == templates.end()) plain = templates.begin();
    auto with_tools = pick("tool_use");
    if (with_tools == templates.end()) with_tools = plain;
    WRIGHT_CHECK(set(plain_, plain->second));
    WRIGHT_CHECK(set(tools_, with_tools->second));
    RenderRequest probe;
    probe.messages.push_back({"user", "x"});
    if (const auto spans = render(probe)) default_tail_ = tail(*spans);
    return {};
  }

  std::string_view name() const override { return plain_.family; }
  std::vector<std::string> stop_texts() const override { return {}; }

  Result<std::vector<TextSpan>> render(const RenderRequest& request) const override {
    const Side& side = request.tools.empty() ? plain_ : tools_;
    auto out = side.source->render(variables(request, side, false), request.now);
    // Some templates join the arguments of past calls as text.
    const bool calls = std::any_of(request.messages.begin(), request.messages.end(), [](const auto& m) { return !m.tool_calls.empty(); });
    if (!out && calls) out = side.source->render(variables(request, side, true), request.now);
    if (!out) return out.error();
    return out->spans();
  }

  std::unique_ptr<ReplyParser> parser(const std::vector<ToolSpec>& tools, std::string_view prompt_tail) const override {
    const Side& side = tools.empty() ? plain_ : tools_;
    if (side.family == "harmony") return make_harmony_reply_parser(tokenizer_, tools);
    const ReplyFormat* format = find_reply_format(!tools.empty() && !side.knows_tools ? "hermes-json" : side.family);
    return make_reply_parser(*format, tools, std::string(prompt_tail.empty() ? std::string_view(default_tail_) : prompt_tail));
  }

 private:
  struct Side {
    std::optional<jinja::Template> source;
    std::string_view family;
    bool knows_tools = false, knows_effort = false;
  };

  static Result<void> set(Side& side, const std::string& source) {
    WRIGHT_TRY(auto parsed, jinja::Template::parse(source, "chat_template"));
    side.source = std::move(parsed);
    side.family = family_of(source);
    side.knows_tools = source.find("tools") != std::string::npos;
    side.knows_effort = source.find("reasoning_effort") != std::string::npos;
    return {};
  }

  static std::string tail(const std::vector<TextSpan>& spans) {
    std::string out;
    for (auto it = spans.rbegin(); it != spans.rend() && out.size() < 256; ++it) out.insert(0, it->text);
    return out;
  }

  Value variables(const RenderRequest& request, const Side& side, bool text_arguments) const {
    jinja::List messages;
    bool told = request.tools.empty() || side.knows_tools;
    const auto tell = [&](std::string content) {
      if (!told) content = content.empty() ? tools_text(request.tools) : content + "\n\n" + tools_text(request.tools);
      told = true;
      return content;
    };
    if (!told && (request.messages.empty() || request.messages[0].role != "system")) {
      jinja::Dict system;
      system.emplace_back(text("role", true), text("system", true));
      system.emplace_back(text("content", true), text(tell("")));
      messages.push_back(Value::dict(std::move(system)));
    }
    for (const ChatMessage& m : request.messages) {
      jinja::Dict d;
      const auto put = [&](const char* key, Value v) { d.emplace_back(text(key, true), std::move(v)); };
      const bool known = m.role == "system" || m.role == "user" || m.role == "assistant" || m.role == "tool" || m.role == "developer";
      put("role", text(m.role, known));
      put("content", text(m.role == "system" ? tell(m.content) : m.content));
      if (!m.reasoning.empty())
        for (const char* key : {"reasoning_content", "thinking", "reasoning"}) put(key, text(m.reasoning));
      if (!m.tool_calls.empty()) {
        jinja::List calls;
        for (const ChatToolCall& c : m.tool_calls) {
          const nlohmann::ordered_json arguments = nlohmann::ordered_json::parse(dump_json(c.arguments));
          jinja::Dict function;
          function.emplace_back(text("name", true), text(c.name));
          function.emplace_back(text("arguments", true), text_arguments ? text(dump_json(c.arguments)) : Value::from_json(arguments));
          jinja::Dict call;
          call.emplace_back(text("id", true), text(c.id));
          call.emplace_back(text("type", true), text("function", true));
          call.emplace_back(text("function", true), Value::dict(std::move(function)));
          calls.push_back(Value::dict(std::move(call)));
        }
        put("tool_calls", Value::list(std::move(calls)));
      }
      if (m.role == "tool") {
        put("tool_call_id", text(m.tool_call_id));
        if (!m.name.empty()) put("name", text(m.name));
      }
      messages.push_back(Value::dict(std::move(d)));
    }
    jinja::Dict out;
    const auto put = [&](const char* key, Value v) { out.emplace_back(text(key, true), std::move(v)); };
    put("messages", Value::list(std::move(messages)));
    Value tools = Value::none();
    if (!request.tools.empty()) {
      nlohmann::ordered_json list = nlohmann::ordered_json::array();
      for (const ToolSpec& t : request.tools)
        list.push_back({{"type", "function"},
                        {"function",
                         {{"name", t.name},
                          {"description", t.description},
                          {"parameters", nlohmann::ordered_json::parse(dump_json(t.parameters))}}}});
      tools = Value::from_json(list);
    }
    put("tools", tools);
    put("add_generation_prompt", Value::boolean(request.add_generation_prompt));
    put("bos_token", text(bos_, true));
    put("eos_token", text(eos_, true));
    if (request.effort != Effort::none) {
      constexpr std::string_view kLevels[] = {"none", "low", "medium", "high"};
      put("reasoning_effort", text(kLevels[static_cast<std::size_t>(request.effort)]));
      // A family with a switch only: low is off.
      const bool think = side.knows_effort || request.effort != Effort::low;
      put("enable_thinking", Value::boolean(think));
      put("thinking", Value::boolean(think));
    }
    return Value::dict(std::move(out));
  }

  const std::string bos_, eos_;
  const std::shared_ptr<const Tokenizer> tokenizer_;
  Side plain_, tools_;
  std::string default_tail_;
};

}  // namespace

Result<std::shared_ptr<const ChatFormat>> make_chat_format(const Templates& templates, std::string bos_token, std::string eos_token,
                                                           std::shared_ptr<const Tokenizer> tokenizer) {
  const Templates fallback = {{"default", std::string(kChatMl)}};
  auto format = std::make_shared<TemplateFormat>(std::move(bos_token), std::move(eos_token), std::move(tokenizer));
  WRIGHT_CHECK(format->load(templates.empty() ? fallback : templates));
  return std::shared_ptr<const ChatFormat>(std::move(format));
}

}  // namespace wright::engine
