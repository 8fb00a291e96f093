// Rendering of conversations, as openai-harmony 0.0.8 does it (github.com/openai/harmony).
#include <fmt/format.h>

#include <map>

#include "engine/chat/harmony.h"

namespace wright::engine {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& object, const char* key) {
  const auto it = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && it != object.end() && it->is_string() ? it->get<std::string>() : "";
}
const Json& field(const Json& object, const char* key) {
  static const Json nothing;
  if (!object.is_object()) return nothing;
  const auto it = object.find(key);
  return it == object.end() ? nothing : *it;
}

void comment(std::string& out, const std::string& indent, const std::string& text) {
  out += indent + "// " + text + "\n";
}

std::string default_text(const Json& schema) {
  const Json& value = field(schema, "default");
  if (value.is_null()) return "";
  if (value.is_string()) return field(schema, "enum").is_array() ? value.get<std::string>() : "\"" + value.get<std::string>() + "\"";
  return value.dump();
}

std::string typescript(const Json& schema, const std::string& indent, int depth);

std::string with_null(const Json& schema, std::string type) {
  if (field(schema, "nullable") == Json(true) && type.find("null") == std::string::npos) type += " | null";
  return type;
}

std::string object_type(const Json& schema, const std::string& indent, int depth) {
  std::string out;
  if (const auto text = text_of(schema, "description"); !text.empty()) comment(out, indent, text);
  out += "{\n";
  const Json& properties = field(schema, "properties");
  if (properties.is_object()) {
    for (const auto& [key, value] : properties.items()) {
      bool required = false;
      if (const Json& list = field(schema, "required"); list.is_array())
        for (const auto& r : list) required = required || r == Json(key);
      if (const auto title = text_of(value, "title"); !title.empty()) out += indent + "// " + title + "\n" + indent + "//\n";
      if (const auto text = text_of(value, "description"); !text.empty()) comment(out, indent, text);
      if (const Json& examples = field(value, "examples"); examples.is_array() && !examples.empty()) {
        out += indent + "// Examples:\n";
        for (const auto& e : examples)
          if (e.is_string()) out += indent + "// - \"" + e.get<std::string>() + "\"\n";
      }
      const std::string mark = required ? "" : "?", standard = default_text(value);
      if (const Json& variants = field(value, "oneOf"); variants.is_array()) {
        if (!standard.empty()) out += indent + "// default: " + standard + "\n";
        out += indent + key + mark + ":\n";
        for (const auto& variant : variants) {
          out += indent + " | " + with_null(variant, typescript(variant, indent + "   ", depth + 1));
          std::string notes = text_of(variant, "description");
          if (const auto d = default_text(variant); !d.empty()) notes += (notes.empty() ? "" : " ") + ("default: " + d);
          if (!notes.empty()) out += " // " + notes;
          out += "\n";
        }
        out += indent + ",\n";
        continue;
      }
      out += indent + key + mark + ": " + with_null(value, typescript(value, indent + "    ", depth + 1)) + ",";
      if (!standard.empty()) out += " // default: " + standard;
      out += "\n";
    }
  }
  return out + indent + "}";
}

std::string typescript(const Json& schema, const std::string& indent, int depth) {
  if (depth > 64) return "any";
  if (const Json& variants = field(schema, "oneOf"); variants.is_array()) {
    std::string out;
    for (const auto& variant : variants) out += "\n" + indent + " | " + typescript(variant, indent + "   ", depth + 1);
    return out;
  }
  const Json& type = field(schema, "type");
  if (type.is_array()) {
    std::string out;
    for (const auto& t : type)
      if (t.is_string()) out += (out.empty() ? "" : " | ") + (t == Json("integer") ? std::string("number") : t.get<std::string>());
    if (!out.empty()) return out;
  }
  if (!type.is_string()) return "any";
  const auto name = type.get<std::string>();
  if (name == "object") return object_type(schema, indent, depth);
  if (name == "string") {
    const Json& choices = field(schema, "enum");
    if (!choices.is_array() || choices.empty()) return "string";
    std::string out;
    for (const auto& c : choices)
      if (c.is_string()) out += (out.empty() ? "\"" : " | \"") + c.get<std::string>() + "\"";
    return out;
  }
  if (name == "number" || name == "integer") return "number";
  if (name == "boolean") return "boolean";
  if (name == "array") {
    const Json& items = field(schema, "items");
    return items.is_null() ? "Array<any>" : typescript(items, indent, depth + 1) + "[]";
  }
  return "any";
}

template <class F>
void each_line(const std::string& text, F f) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    f(text.substr(at, end - at));
    at = end + 1;
  }
}

std::string tools_section(const Json& tools) {
  std::string out = "# Tools";
  std::map<std::string, const Json*> sorted;
  for (const auto& [name, space] : tools.items()) sorted[name] = &space;
  for (const auto& [key, space] : sorted) {
    const std::string name = text_of(*space, "name").empty() ? key : text_of(*space, "name");
    const Json& list = field(*space, "tools");
    const bool any = list.is_array() && !list.empty();
    std::string body = "## " + name + "\n";
    each_line(text_of(*space, "description"), [&](const std::string& line) { body += (any ? "\n// " : "\n") + line; });
    if (any) {
      body += "\nnamespace " + name + " {\n";
      for (const auto& tool : list) {
        each_line(text_of(tool, "description"), [&](const std::string& line) { body += "\n// " + line; });
        const Json& parameters = field(tool, "parameters");
        body += "\ntype " + text_of(tool, "name") + " = " + (parameters.is_null() ? "()" : "(_: " + typescript(parameters, "", 0) + ")") + " => any;\n";
      }
      body += "\n} // namespace " + name;
    }
    out += "\n\n" + body;
  }
  return out;
}

std::string joined(const std::vector<std::string>& sections) {
  std::string out;
  for (const auto& s : sections) out += (out.empty() ? "" : "\n\n") + s;
  return out;
}

std::string system_text(const Json& content, bool functions) {
  std::vector<std::string> sections;
  std::string top = text_of(content, "model_identity");
  if (const auto cutoff = text_of(content, "knowledge_cutoff"); !cutoff.empty()) top += (top.empty() ? "" : "\n") + ("Knowledge cutoff: " + cutoff);
  if (const auto date = text_of(content, "conversation_start_date"); !date.empty()) top += (top.empty() ? "" : "\n") + ("Current date: " + date);
  if (!top.empty()) sections.push_back(top);
  if (auto effort = text_of(content, "reasoning_effort"); !effort.empty()) {
    for (char& c : effort) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    sections.push_back("Reasoning: " + effort);
  }
  if (const Json& tools = field(content, "tools"); tools.is_object() && !tools.empty()) sections.push_back(tools_section(tools));
  const Json& config = field(content, "channel_config");
  if (const Json& channels = field(config, "valid_channels"); channels.is_array() && !channels.empty()) {
    std::string list;
    for (const auto& c : channels)
      if (c.is_string()) list += (list.empty() ? "" : ", ") + c.get<std::string>();
    std::string section = "# Valid channels: " + list + ".";
    if (field(config, "channel_required") == Json(true)) section += " Channel must be included for every message.";
    if (functions) section += "\nCalls to these tools must go to the commentary channel: 'functions'.";
    sections.push_back(section);
  }
  return joined(sections);
}

std::string developer_text(const Json& content) {
  std::vector<std::string> sections;
  if (const auto text = text_of(content, "instructions"); !text.empty()) sections.push_back("# Instructions\n\n" + text);
  if (const Json& tools = field(content, "tools"); tools.is_object() && !tools.empty()) sections.push_back(tools_section(tools));
  return joined(sections);
}

}  // namespace

Result<MarkedText> render_harmony(const Json& conversation) {
  const Json& messages = field(conversation, "messages");
  if (!messages.is_array()) return Error{ErrorKind::usage, "conversation.messages: expected a list", ""};
  bool functions = false, last_final = false;
  std::size_t first_final = messages.size();
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Json& m = messages[i];
    if (!m.is_object()) return Error{ErrorKind::usage, fmt::format("conversation.messages[{}]: expected an object", i), ""};
    if (const Json& parts = field(m, "content"); parts.is_array())
      for (const auto& part : parts)
        if (const Json& f = field(field(part, "tools"), "functions"); field(f, "tools").is_array() && !field(f, "tools").empty()) functions = true;
    if (text_of(m, "role") == "assistant") last_final = text_of(m, "channel") == "final";
    if (text_of(m, "channel") == "final") first_final = std::min(first_final, i);
  }
  MarkedText out;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Json& m = messages[i];
    const auto role = text_of(m, "role"), name = text_of(m, "name"), channel = text_of(m, "channel"), recipient = text_of(m, "recipient"),
               type = text_of(m, "content_type");
    if (channel == "analysis" && last_final && i < first_final) continue;  // reasoning of finished replies is dropped
    out.append("<|start|>", true);
    if (role == "tool") out.append(name, false);
    else out.append(name.empty() ? role : role + ":" + name, false);
    if (!recipient.empty() && recipient != "all") out.append(" to=" + recipient, false);
    if (!channel.empty()) {
      out.append("<|channel|>", true);
      out.append(channel, false);
    }
    if (!type.empty()) {
      constexpr std::string_view kConstrain = "<|constrain|>";
      out.append(" ", true);
      const bool constrained = type.starts_with(kConstrain);
      if (constrained) out.append(kConstrain, true);
      out.append(constrained ? type.substr(kConstrain.size()) : type, false);
    }
    out.append("<|message|>", true);
    const Json& content = field(m, "content");
    if (content.is_string()) out.append(content.get<std::string>(), false);
    if (content.is_array())
      for (const auto& part : content) {
        const auto kind = text_of(part, "type");
        if (kind == "system_content") out.append(system_text(part, functions), false);
        else if (kind == "developer_content") out.append(developer_text(part), false);
        else out.append(text_of(part, "text"), false);
      }
    const bool call = role == "assistant" && !recipient.empty() && recipient != "all";
    out.append(call ? "<|call|>" : "<|end|>", true);
  }
  out.append("<|start|>", true);
  out.append("assistant", true);
  return out;
}

}  // namespace wright::engine
