// How one model talks: render a conversation to spans (origin-marked), and parse its reply as it streams.
// A format is immutable; a parser belongs to one generation.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/chat/message.h"
#include "engine/format/weights.h"
#include "engine/text/tokenizer.h"

namespace wright::engine {

struct RenderRequest {
  std::vector<ChatMessage> messages;
  std::vector<ToolSpec> tools;
  Effort effort = Effort::none;
  bool add_generation_prompt = true;
  std::string now;  // local ISO time; empty: the clock
};

// What a reply parser finds; deltas come in order.
struct ReplyDelta {
  enum class Kind { text, reasoning, tool_call } kind = Kind::text;
  std::string text;         // text and reasoning
  ChatToolCall tool_call;   // tool_call: whole once its arguments are complete
};

class ReplyParser {
 public:
  virtual ~ReplyParser() = default;
  virtual std::vector<ReplyDelta> feed(TokenId id, std::string_view bytes) = 0;
  virtual std::vector<ReplyDelta> finish() = 0;  // repairs what was cut; never fails
  virtual bool repaired() const = 0;
};

class ChatFormat {
 public:
  virtual ~ChatFormat() = default;
  virtual std::string_view name() const = 0;  // "chatml", "harmony", …
  virtual Result<std::vector<TextSpan>> render(const RenderRequest& request) const = 0;
  // `prompt_tail`: the end of the rendered prompt, which tells whether the reply begins inside reasoning; empty: as the
  // template ends a prompt by default.
  virtual std::unique_ptr<ReplyParser> parser(const std::vector<ToolSpec>& tools, std::string_view prompt_tail = {}) const = 0;
  virtual std::vector<std::string> stop_texts() const = 0;
};

// The model's own template (chat_template in GGUF metadata, chat_template.jinja or tokenizer_config.json in a folder), else
// ChatML with a warning in the log.
Result<std::shared_ptr<const ChatFormat>> load_chat_format(const Weights& weights,
                                                           std::shared_ptr<const Tokenizer> tokenizer);

// The chat templates of a GGUF or a model's folder, (name, template); empty when there is none.
Result<std::vector<std::pair<std::string, std::string>>> chat_templates(const std::string& path);
// Those of a folder; `path`: the folder, or a file in it.
Result<std::vector<std::pair<std::string, std::string>>> folder_chat_templates(const std::string& path);

// From the text of templates: (name, template); "default" (or the first) is used unless there are tools and a "tool_use".
Result<std::shared_ptr<const ChatFormat>> make_chat_format(const std::vector<std::pair<std::string, std::string>>& templates,
                                                           std::string bos_token, std::string eos_token,
                                                           std::shared_ptr<const Tokenizer> tokenizer);

}  // namespace wright::engine
