// Readers of the ways in which model families write a tool call's name and arguments.
#include <algorithm>

#include "engine/chat/lenient_json.h"
#include "engine/chat/reply_format.h"

namespace wright::engine {
namespace {

using nlohmann::json;
constexpr std::string_view kSep = "<｜tool▁sep｜>", kCallBegin = "<｜tool▁call▁begin｜>", kCallEnd = "<｜tool▁call▁end｜>";
constexpr std::string_view kQuote = "<|\"|>";

bool white(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
std::string_view trim(std::string_view t) {
  while (!t.empty() && white(t.front())) t.remove_prefix(1);
  while (!t.empty() && white(t.back())) t.remove_suffix(1);
  return t;
}

// A value's text without the one line break that the format puts on either side.
std::string_view unwrap(std::string_view t) {
  if (t.starts_with("\n")) t.remove_prefix(1);
  if (t.ends_with("\n")) t.remove_suffix(1);
  return t;
}

// The schema of argument `key` of tool `name`; null when not known.
const json* schema_of(const Tools& tools, std::string_view name, std::string_view key) {
  for (const ToolSpec& tool : tools) {
    if (tool.name != name || !tool.parameters.is_object()) continue;
    const auto properties = tool.parameters.find("properties");
    if (properties == tool.parameters.end() || !properties->is_object()) return nullptr;
    const auto it = properties->find(std::string(key));
    return it == properties->end() ? nullptr : &*it;
  }
  return nullptr;
}

// Whether the schema lets a value of JSON type `type` be.
bool allows(const json& schema, std::string_view type) {
  if (!schema.is_object()) return true;
  for (const char* any : {"anyOf", "oneOf"})
    if (const auto it = schema.find(any); it != schema.end() && it->is_array())
      return std::any_of(it->begin(), it->end(), [&](const json& s) { return allows(s, type); });
  const auto fits = [&](const json& t) { return t.is_string() && (t == std::string(type) || (t == "number" && type == "integer")); };
  const auto it = schema.find("type");
  if (it == schema.end()) {
    const auto choices = schema.find("enum");
    if (choices == schema.end() || !choices->is_array()) return true;
    return type != "string" || std::any_of(choices->begin(), choices->end(), [](const json& c) { return c.is_string(); });
  }
  return it->is_array() ? std::any_of(it->begin(), it->end(), fits) : fits(*it);
}

std::string_view type_of(const json& v) {
  if (v.is_string()) return "string";
  if (v.is_boolean()) return "boolean";
  if (v.is_number_integer()) return "integer";
  if (v.is_number()) return "number";
  if (v.is_array()) return "array";
  if (v.is_object()) return "object";
  return "null";
}

// A bare argument text, typed by the tool's schema: text where a string is meant, JSON otherwise.
json typed(std::string_view text, const json* schema, bool& repaired) {
  const bool strings = !schema || allows(*schema, "string");
  const auto value = read_json(text);
  const bool whole = value && trim(text.substr(std::min(value->end, text.size()))).empty();
  if (whole && !value->repaired && !value->value.is_string() && (!schema || allows(*schema, type_of(value->value))))
    return value->value;
  if (strings) return std::string(text);
  repaired = true;
  if (whole && allows(*schema, type_of(value->value))) return value->value;
  return std::string(text);
}

// {"name": …, "arguments": {…}} in its spellings.
bool put_json_call(const json& v, ParsedCalls& out) {
  if (!v.is_object()) return false;
  const json* call = &v;
  if (const auto f = v.find("function"); f != v.end() && f->is_object()) call = &*f;
  const auto name = call->find("name");
  if (name == call->end() || !name->is_string() || name->get<std::string>().empty()) return false;
  ChatToolCall made;
  made.name = name->get<std::string>();
  made.arguments = json::object();
  for (const char* key : {"arguments", "parameters"}) {
    const auto it = call->find(key);
    if (it == call->end() || it->is_null()) continue;
    if (it->is_object()) made.arguments = *it;
    if (it->is_string()) {
      const auto inner = read_json(it->get<std::string>());
      out.repaired = true;
      if (inner && inner->value.is_object()) made.arguments = inner->value;
    }
    break;
  }
  out.calls.push_back(std::move(made));
  return true;
}

json arguments_object(std::string_view text, bool& repaired) {
  text = trim(text);
  if (text.empty()) return json::object();
  const auto value = read_json(text);
  if (!value || !value->value.is_object()) return repaired = true, json::object();
  repaired = repaired || value->repaired || !trim(text.substr(std::min(value->end, text.size()))).empty();
  return value->value;
}

// `name="value"` of a tag's attributes; "" when absent.
std::string attribute(std::string_view tag, std::string_view name) {
  for (std::size_t at = 0; (at = tag.find(name, at)) != std::string_view::npos; at += name.size()) {
    const std::size_t eq = at + name.size();
    if (eq + 1 >= tag.size() || tag[eq] != '=') continue;
    const char quote = tag[eq + 1];
    if (quote != '"' && quote != '\'') {
      const std::size_t end = std::min(tag.find_first_of(" >", eq + 1), tag.size());
      return std::string(tag.substr(eq + 1, end - eq - 1));
    }
    const std::size_t end = tag.find(quote, eq + 2);
    return std::string(tag.substr(eq + 2, (end == std::string_view::npos ? tag.size() : end) - eq - 2));
  }
  return "";
}

const json& any_but_text() {
  static const json schema = {{"type", {"number", "integer", "boolean", "array", "object", "null"}}};
  return schema;
}

// Tags of one XML-like dialect.
struct Dialect {
  std::string call_open, call_close, value_open, value_close;  // opens are prefixes, up to '>'
  bool attributes = true;   // name="f"; otherwise =f
  bool string_flag = false; // string="true|false" says how to read the value
};

ParsedCalls read_xml(std::string_view body, const Tools& tools, const Dialect& d) {
  ParsedCalls out;
  std::size_t at = 0;
  const auto tag_name = [&](std::string_view tag) { return d.attributes ? attribute(tag, "name") : std::string(trim(tag)); };
  while ((at = body.find(d.call_open, at)) != std::string_view::npos) {
    at += d.call_open.size();
    const std::size_t tag_end = body.find('>', at);
    if (tag_end == std::string_view::npos) {
      out.repaired = true;
      break;
    }
    ChatToolCall call;
    call.name = tag_name(body.substr(at, tag_end - at));
    call.arguments = json::object();
    at = tag_end + 1;
    for (;;) {
      const std::size_t value = body.find(d.value_open, at), close = body.find(d.call_close, at), next = body.find(d.call_open, at);
      if (value == std::string_view::npos || close < value || next < value) {
        if (close == std::string_view::npos || next < close) {
          out.repaired = true;
          at = std::min(next, body.size());
        } else {
          at = close + d.call_close.size();
        }
        break;
      }
      const std::size_t open_end = body.find('>', value);
      if (open_end == std::string_view::npos) {
        out.repaired = true;
        at = body.size();
        break;
      }
      const std::string_view tag = body.substr(value + d.value_open.size(), open_end - value - d.value_open.size());
      const std::string key = tag_name(tag);
      const std::size_t begin = open_end + 1;
      // The value ends at a close tag after which the call goes on as it should; else at the first one.
      std::size_t end = std::string_view::npos, first = std::string_view::npos;
      for (std::size_t k = body.find(d.value_close, begin); k != std::string_view::npos; k = body.find(d.value_close, k + 1)) {
        if (first == std::string_view::npos) first = k;
        const std::string_view after = trim(body.substr(k + d.value_close.size()));
        if (after.empty() || after.starts_with(d.value_open) || after.starts_with(d.call_close)) {
          end = k;
          break;
        }
      }
      std::size_t resume;
      if (end == std::string_view::npos) end = first;
      if (end == std::string_view::npos) {  // never closed: up to what must come next
        out.repaired = true;
        end = std::min({body.find(d.value_open, begin), body.find(d.call_close, begin), body.size()});
        resume = end;
      } else {
        resume = end + d.value_close.size();
      }
      std::string_view text = body.substr(begin, end - begin);
      // <function=…> always puts a value between line breaks; <invoke> writes it bare, so that one break is the value's own.
      if (!d.string_flag && (!d.attributes || (text.starts_with("\n") && text.ends_with("\n")))) text = unwrap(text);
      const std::string flag = d.string_flag ? attribute(tag, "string") : "";
      if (flag == "true") call.arguments[key] = std::string(text);
      else call.arguments[key] = typed(text, flag == "false" ? &any_but_text() : schema_of(tools, call.name, key), out.repaired);
      at = resume;
    }
    if (call.name.empty()) out.repaired = true;
    else out.calls.push_back(std::move(call));
  }
  return out;
}

// Gemma's values: <|"|>text<|"|>, numbers, true, false, null, lists, {key:value} with bare or quoted keys.
class GemmaReader {
 public:
  explicit GemmaReader(std::string_view text) : s_(text) {}
  bool repaired = false;

  json object(int depth) {
    json out = json::object();
    ++at_;
    while (at_ < s_.size()) {
      space();
      if (take("}")) return out;
      if (take(",")) continue;
      std::string key;
      if (s_.substr(at_).starts_with(kQuote)) key = quoted();
      else {
        const std::size_t colon = std::min(s_.find_first_of(":}", at_), s_.size());
        key = std::string(trim(s_.substr(at_, colon - at_)));
        at_ = colon;
      }
      space();
      if (!take(":") || key.empty() || depth > 64) return repaired = true, out;
      out[key] = value(depth + 1);
    }
    repaired = true;
    return out;
  }

 private:
  void space() {
    while (at_ < s_.size() && white(s_[at_])) ++at_;
  }
  bool take(std::string_view what) {
    if (!s_.substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }
  std::string quoted() {
    at_ += kQuote.size();
    const std::size_t end = s_.find(kQuote, at_);
    if (end == std::string_view::npos) repaired = true;
    std::string out(s_.substr(at_, std::min(end, s_.size()) - at_));
    at_ = end == std::string_view::npos ? s_.size() : end + kQuote.size();
    return out;
  }
  json value(int depth) {
    space();
    if (s_.substr(at_).starts_with(kQuote)) return quoted();
    if (at_ < s_.size() && s_[at_] == '{') return object(depth);
    if (take("[")) {
      json out = json::array();
      while (at_ < s_.size()) {
        space();
        if (take("]")) return out;
        if (take(",")) continue;
        const std::size_t before = at_;
        if (depth > 64) break;
        out.push_back(value(depth + 1));
        if (at_ == before) break;
      }
      repaired = true;
      return out;
    }
    const std::size_t end = std::min(s_.find_first_of(",}]", at_), s_.size());
    const std::string_view word = trim(s_.substr(at_, end - at_));
    at_ = end;
    const auto v = read_json(word);
    if (v && v->end >= word.size()) return repaired = repaired || v->repaired, v->value;
    if (word == "None") return nullptr;
    repaired = true;
    return std::string(word);
  }

  std::string_view s_;
  std::size_t at_ = 0;
};

}  // namespace

ParsedCalls read_json_calls(std::string_view body, const Tools&) {
  ParsedCalls out;
  body = trim(body);
  while (!body.empty()) {
    const auto value = read_json(body);
    if (!value) {
      out.repaired = true;
      break;
    }
    out.repaired = out.repaired || value->repaired;
    bool any = false;
    if (value->value.is_array()) {
      for (const json& item : value->value) any = put_json_call(item, out) || any;
      if (!any && value->value.empty()) any = true;
    } else {
      any = put_json_call(value->value, out);
    }
    if (!any) out.repaired = true;
    body = trim(body.substr(std::min(value->end, body.size())));
    while (body.starts_with(";") || body.starts_with(",")) body = trim(body.substr(1));
    if (!any) break;
  }
  if (!trim(body).empty()) out.repaired = true;
  return out;
}

ParsedCalls read_function_xml(std::string_view body, const Tools& tools) {
  static const Dialect d{"<function=", "</function>", "<parameter=", "</parameter>", false, false};
  return read_xml(body, tools, d);
}
ParsedCalls read_invoke_xml(std::string_view body, const Tools& tools) {
  static const Dialect d{"<invoke", "</invoke>", "<parameter", "</parameter>", true, false};
  return read_xml(body, tools, d);
}
ParsedCalls read_dsml(std::string_view body, const Tools& tools) {
  static const Dialect d{"<｜DSML｜invoke", "</｜DSML｜invoke>", "<｜DSML｜parameter", "</｜DSML｜parameter>", true, true};
  return read_xml(body, tools, d);
}

ParsedCalls read_arg_pairs(std::string_view body, const Tools& tools) {
  constexpr std::string_view kKey = "<arg_key>", kKeyEnd = "</arg_key>", kValue = "<arg_value>", kValueEnd = "</arg_value>";
  ParsedCalls out;
  ChatToolCall call;
  std::size_t at = body.find(kKey);
  call.name = std::string(trim(body.substr(0, at)));
  call.arguments = json::object();
  if (call.name.empty() || call.name.find_first_of("\n<{ ") != std::string::npos) {
    out.repaired = true;
    const std::size_t stop = call.name.find_first_of("\n<{ ");
    call.name.resize(std::min(stop, call.name.size()));
    if (call.name.empty()) return out;
  }
  while (at != std::string_view::npos) {
    const std::size_t key_end = body.find(kKeyEnd, at), value = body.find(kValue, at);
    if (value == std::string_view::npos) {
      out.repaired = true;
      break;
    }
    if (key_end == std::string_view::npos || key_end > value) out.repaired = true;
    const std::string key(trim(body.substr(at + kKey.size(), std::min(key_end, value) - at - kKey.size())));
    const std::size_t begin = value + kValue.size();
    std::size_t end = std::string_view::npos, first = std::string_view::npos;
    for (std::size_t k = body.find(kValueEnd, begin); k != std::string_view::npos; k = body.find(kValueEnd, k + 1)) {
      if (first == std::string_view::npos) first = k;
      const std::string_view after = trim(body.substr(k + kValueEnd.size()));
      if (after.empty() || after.starts_with(kKey)) {
        end = k;
        break;
      }
    }
    if (end == std::string_view::npos) end = first;
    if (end == std::string_view::npos) {
      out.repaired = true;
      end = std::min(body.find(kKey, begin), body.size());
    }
    call.arguments[key] = typed(body.substr(begin, end - begin), schema_of(tools, call.name, key), out.repaired);
    at = body.find(kKey, end);
  }
  out.calls.push_back(std::move(call));
  return out;
}

// Both DeepSeek forms: calls between call marks; `r1` has "function<sep>name" and a fenced object.
static ParsedCalls read_deepseek(std::string_view body, bool r1) {
  ParsedCalls out;
  for (std::size_t at = 0; (at = body.find(kCallBegin, at)) != std::string_view::npos;) {
    at += kCallBegin.size();
    std::size_t end = body.find(kCallEnd, at);
    while (end != std::string_view::npos) {  // the mark may stand inside an argument
      const std::size_t open = body.substr(at, end - at).find('{');
      if (open == std::string_view::npos || json_closed_at(body.substr(at + open), end - at - open)) break;
      end = body.find(kCallEnd, end + 1);
    }
    if (end == std::string_view::npos) out.repaired = true;
    std::string_view text = body.substr(at, std::min(end, body.size()) - at);
    at = std::min(end, body.size());
    const std::size_t sep = text.find(kSep);
    ChatToolCall call;
    std::string_view rest;
    if (sep == std::string_view::npos) {
      out.repaired = true;
      const std::size_t brace = std::min(text.find('{'), text.size());
      call.name = std::string(trim(text.substr(0, brace)));
      rest = text.substr(brace);
    } else if (r1 || trim(text.substr(0, sep)) == "function") {
      if (!r1) out.repaired = true;
      text.remove_prefix(sep + kSep.size());
      const std::size_t stop = std::min(text.find_first_of("\n{`"), text.size());
      call.name = std::string(trim(text.substr(0, stop)));
      rest = text.substr(stop);
    } else {
      call.name = std::string(trim(text.substr(0, sep)));
      rest = text.substr(sep + kSep.size());
    }
    rest = trim(rest);
    bool fenced = false;
    for (const std::string_view fence : {"```json", "```"})
      if (!fenced && rest.starts_with(fence)) rest.remove_prefix(fence.size()), fenced = true;
    if (fenced && trim(rest).ends_with("```")) rest = trim(rest), rest.remove_suffix(3);
    if (fenced != r1) out.repaired = true;
    call.arguments = arguments_object(rest, out.repaired);
    if (call.name.empty()) out.repaired = true;
    else out.calls.push_back(std::move(call));
  }
  return out;
}
ParsedCalls read_deepseek_r1(std::string_view body, const Tools&) { return read_deepseek(body, true); }
ParsedCalls read_deepseek_v31(std::string_view body, const Tools&) { return read_deepseek(body, false); }

ParsedCalls read_named_args(std::string_view body, const Tools& tools) {
  constexpr std::string_view kNext = "[TOOL_CALLS]", kArgs = "[ARGS]", kId = "[CALL_ID]";
  body = trim(body);
  if (body.starts_with("[{") || body.starts_with("{")) {  // the older form
    ParsedCalls out = read_json_calls(body, tools);
    out.repaired = true;
    return out;
  }
  ParsedCalls out;
  while (!body.empty()) {
    std::size_t args = body.find(kArgs);
    const std::size_t brace = body.find('{');
    ChatToolCall call;
    std::string_view head = body.substr(0, std::min({args, brace, body.size()}));
    head = head.substr(0, head.find(kId));
    call.name = std::string(trim(head));
    std::string_view rest;
    if (args == std::string_view::npos) {
      out.repaired = true;
      rest = brace == std::string_view::npos ? std::string_view() : body.substr(brace);
    } else {
      rest = body.substr(args + kArgs.size());
    }
    const auto value = read_json(rest);
    if (value && value->value.is_object()) {
      call.arguments = value->value;
      out.repaired = out.repaired || value->repaired;
      rest = trim(rest.substr(std::min(value->end, rest.size())));
    } else {
      call.arguments = json::object();
      if (!trim(rest).empty() || args == std::string_view::npos) out.repaired = true;
      rest = {};
    }
    if (call.name.empty()) {
      out.repaired = true;
      break;
    }
    out.calls.push_back(std::move(call));
    const std::size_t next = rest.find(kNext);
    if (next != 0 && !rest.empty()) out.repaired = true;
    body = next == std::string_view::npos ? std::string_view() : trim(rest.substr(next + kNext.size()));
  }
  return out;
}

ParsedCalls read_python_tag(std::string_view body, const Tools& tools) {
  body = trim(body);
  if (body.starts_with("{") || body.starts_with("[")) return read_json_calls(body, tools);
  ParsedCalls out;
  const std::size_t call_at = body.find(".call(");
  if (call_at == std::string_view::npos) {
    for (const ToolSpec& tool : tools)  // the code interpreter's tag: bare code
      if (tool.name == "code_interpreter" || tool.name == "ipython" || tool.name == "python")
        return {{{"", tool.name, {{"code", std::string(body)}}}}, false};
    return out;
  }
  ChatToolCall call;
  call.name = std::string(trim(body.substr(0, call_at)));
  call.arguments = json::object();
  std::string_view rest = body.substr(call_at + 6);
  while (!rest.empty() && !rest.starts_with(")")) {
    const std::size_t eq = rest.find('=');
    if (eq == std::string_view::npos) {
      out.repaired = true;
      break;
    }
    std::string key(trim(rest.substr(0, eq)));
    const auto value = read_json(rest.substr(eq + 1));
    if (key.empty() || !value) {
      // A string in Python's brackets ends differently from JSON's: read it by its quotes.
      const std::string_view text = trim(rest.substr(eq + 1));
      const std::size_t end = text.size() > 1 && (text[0] == '"' || text[0] == '\'') ? text.find(text[0], 1) : std::string_view::npos;
      out.repaired = true;
      if (end != std::string_view::npos) call.arguments[key] = std::string(text.substr(1, end - 1));
      break;
    }
    std::string_view used = rest.substr(eq + 1);
    const std::string_view quoted = trim(used);
    if (quoted.starts_with("\"")) {  // JSON's reader takes a quote before ')' for one inside
      std::size_t end = 1;
      while (end < quoted.size() && quoted[end] != '"') end += quoted[end] == '\\' ? 2 : 1;
      const auto text = read_json(quoted.substr(0, std::min(end + 1, quoted.size())));
      call.arguments[key] = text ? text->value : json("");
      if (!text || text->repaired) out.repaired = true;
      rest = quoted.substr(std::min(end + 1, quoted.size()));
    } else {
      const std::size_t end = std::min(used.find_first_of(",)"), used.size());
      bool repaired = false;
      call.arguments[key] = value->end <= end ? value->value : typed(trim(used.substr(0, end)), nullptr, repaired);
      rest = used.substr(std::max(end, value->end <= end ? end : std::size_t{0}));
    }
    rest = trim(rest);
    if (rest.starts_with(",")) rest = trim(rest.substr(1));
  }
  if (!rest.starts_with(")")) out.repaired = true;
  if (!call.name.empty()) out.calls.push_back(std::move(call));
  return out;
}

ParsedCalls read_gemma_call(std::string_view body, const Tools&) {
  ParsedCalls out;
  body = trim(body);
  if (body.starts_with("call:")) body.remove_prefix(5);
  else out.repaired = true;
  const std::size_t brace = body.find('{');
  ChatToolCall call;
  call.name = std::string(trim(body.substr(0, brace)));
  call.arguments = json::object();
  if (brace == std::string_view::npos) {
    out.repaired = true;
  } else {
    GemmaReader reader(body.substr(brace));
    call.arguments = reader.object(0);
    out.repaired = out.repaired || reader.repaired;
  }
  if (!call.name.empty()) out.calls.push_back(std::move(call));
  return out;
}

bool json_body_complete(std::string_view body) { return json_closed_at(body, body.size()); }
bool function_xml_complete(std::string_view body) { return trim(body).ends_with("</function>"); }
bool invoke_xml_complete(std::string_view body) { return trim(body).ends_with("</invoke>") || trim(body).ends_with("</｜DSML｜invoke>"); }
bool arg_pairs_complete(std::string_view body) { return body.find("<arg_key>") == std::string_view::npos || trim(body).ends_with("</arg_value>"); }
bool gemma_complete(std::string_view body) {
  std::size_t quotes = 0;
  for (std::size_t at = 0; (at = body.find(kQuote, at)) != std::string_view::npos; at += kQuote.size()) ++quotes;
  return quotes % 2 == 0;
}

}  // namespace wright::engine
