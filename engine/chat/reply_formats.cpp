// The table of reply formats. Names are the command line's.
#include "engine/chat/reply_format.h"

namespace wright::engine {
namespace {

const std::vector<ReplyFormat>& table() {
  constexpr std::string_view kThink = "<think>", kThinkEnd = "</think>";
  constexpr std::string_view kDeepSeekEnd = "<｜end▁of▁sentence｜>";
  const CallBlock hermes{"<tool_call>", "</tool_call>", read_json_calls, json_body_complete};
  static const std::vector<ReplyFormat> rows = {
      {"plain", kThink, kThinkEnd, {}, {"<|im_end|>", "<|endoftext|>", "</s>", "<end_of_turn>", "<|eot_id|>"}},
      {"hermes-json", kThink, kThinkEnd, {hermes}, {"<|im_end|>", "<|endoftext|>", "</s>"}},
      {"qwen3-coder-xml",
       kThink,
       kThinkEnd,
       {{"<tool_call>", "</tool_call>", read_function_xml, function_xml_complete},
        {"<function=", "</function>", read_function_xml, nullptr, true}},
       {"<|im_end|>", "<|endoftext|>"}},
      {"deepseek-r1",
       kThink,
       kThinkEnd,
       {{"<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>", read_deepseek_r1},
        {"<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>", read_deepseek_r1, nullptr, true}},
       {kDeepSeekEnd},
       true},
      {"deepseek-v3.1",
       kThink,
       kThinkEnd,
       {{"<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>", read_deepseek_v31},
        {"<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>", read_deepseek_v31, nullptr, true}},
       {kDeepSeekEnd}},
      {"deepseek-v3.2",
       kThink,
       kThinkEnd,
       {{"<｜DSML｜function_calls>", "</｜DSML｜function_calls>", read_dsml, invoke_xml_complete},
        {"<｜DSML｜invoke", "</｜DSML｜invoke>", read_dsml, nullptr, true}},
       {kDeepSeekEnd}},
      {"llama3-json",
       "",
       "",
       {{"<|python_tag|>", "", read_python_tag}, {"{", "", read_json_calls, nullptr, true, true}},
       {"<|eot_id|>", "<|eom_id|>", "<|end_of_text|>"}},
      {"mistral-v3", "", "", {{"[TOOL_CALLS]", "", read_json_calls}}, {"</s>"}},
      {"mistral-v11", "[THINK]", "[/THINK]", {{"[TOOL_CALLS]", "", read_named_args}}, {"</s>"}},
      {"glm4",
       kThink,
       kThinkEnd,
       {{"<tool_call>", "</tool_call>", read_arg_pairs, arg_pairs_complete}},
       {"<|user|>", "<|observation|>", "<|endoftext|>"}},
      {"minimax-m2",
       kThink,
       kThinkEnd,
       {{"<minimax:tool_call>", "</minimax:tool_call>", read_invoke_xml, invoke_xml_complete},
        {"<invoke", "</invoke>", read_invoke_xml, nullptr, true}},
       {"[e~["}},
      {"gemma4",
       "<|channel>thought",
       "<channel|>",
       {{"<|tool_call>", "<tool_call|>", read_gemma_call, gemma_complete}},
       {"<turn|>", "<|tool_response>", "<eos>"}},
  };
  return rows;
}

}  // namespace

const ReplyFormat* find_reply_format(std::string_view name) {
  for (const ReplyFormat& row : table())
    if (row.name == name) return &row;
  return nullptr;
}

std::vector<std::string_view> reply_format_names() {
  std::vector<std::string_view> out;
  for (const ReplyFormat& row : table()) out.push_back(row.name);
  return out;
}

}  // namespace wright::engine
