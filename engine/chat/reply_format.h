// How families of models write reasoning and tool calls, as a table (reply_formats.cpp), and the parser that the table
// drives. A parser decides by the text so far alone, so that the way it was cut into tokens never matters.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/chat/chat_format.h"

namespace wright::engine {

struct ParsedCalls {
  std::vector<ChatToolCall> calls;  // ids unset
  bool repaired = false;
};
using Tools = std::vector<ToolSpec>;

// One way in which a block of tool calls is written.
struct CallBlock {
  std::string_view open, close;  // close "": to the end of the reply
  // Calls in the text between the markers; empty when there is no making sense of it.
  ParsedCalls (*parse)(std::string_view body, const Tools& tools);
  // Whether the block may end before the close marker that follows `body` (the marker may stand inside an argument).
  bool (*complete)(std::string_view body) = nullptr;
  bool keep_open = false;   // the open marker is part of the body, and so is close
  bool at_start = false;    // only as the first thing of the content
};

struct ReplyFormat {
  std::string_view name;
  std::string_view think_open, think_close;  // "" : no reasoning
  std::vector<CallBlock> blocks;
  std::vector<std::string_view> ends;        // texts of end tokens, dropped at the very end
  bool starts_thinking = false;              // replies begin inside reasoning even when the prompt's tail is not known
};

// By the contract's name ("hermes-json", "glm4", …, "plain"); null when unknown. Harmony has its own parser.
const ReplyFormat* find_reply_format(std::string_view name);
std::vector<std::string_view> reply_format_names();

// `prompt_tail`: the end of the prompt, which tells whether the reply begins inside reasoning; nothing when it is not known:
// then the reply is held back until a marker settles it.
std::unique_ptr<ReplyParser> make_reply_parser(const ReplyFormat& format, Tools tools, std::optional<std::string> prompt_tail);

// Readers of argument lists, shared by formats (call_readers.cpp).
ParsedCalls read_json_calls(std::string_view body, const Tools& tools);          // {"name","arguments"} or a list of them
ParsedCalls read_function_xml(std::string_view body, const Tools& tools);        // <function=f><parameter=p>
ParsedCalls read_invoke_xml(std::string_view body, const Tools& tools);          // <invoke name="f"><parameter name="p">
ParsedCalls read_dsml(std::string_view body, const Tools& tools);                // the same with DeepSeek's marks
ParsedCalls read_arg_pairs(std::string_view body, const Tools& tools);           // f<arg_key>k</arg_key><arg_value>v…
ParsedCalls read_deepseek_r1(std::string_view body, const Tools& tools);         // function<sep>f\n```json
ParsedCalls read_deepseek_v31(std::string_view body, const Tools& tools);        // f<sep>{…}
ParsedCalls read_named_args(std::string_view body, const Tools& tools);          // f[ARGS]{…}
ParsedCalls read_python_tag(std::string_view body, const Tools& tools);          // f.call(k="v") or JSON
ParsedCalls read_gemma_call(std::string_view body, const Tools& tools);          // call:f{k:<|"|>v<|"|>}
bool json_body_complete(std::string_view body);
bool function_xml_complete(std::string_view body);
bool invoke_xml_complete(std::string_view body);
bool arg_pairs_complete(std::string_view body);
bool gemma_complete(std::string_view body);

}  // namespace wright::engine
