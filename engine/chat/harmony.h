// OpenAI's harmony format (gpt-oss): messages with channel and recipient, as openai-harmony 0.0.8 renders and parses them.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/chat/chat_format.h"
#include "engine/chat/marked_text.h"

namespace wright::engine {

struct HarmonyMessage {
  std::string role, name, channel, recipient, content_type, content;
};

// Parses a completion (which follows "<|start|>assistant") as it streams. Markers are special tokens by id where a tokenizer
// tells, else their texts.
class HarmonyParser {
 public:
  explicit HarmonyParser(std::shared_ptr<const Tokenizer> tokenizer = nullptr) : tokenizer_(std::move(tokenizer)) {}
  // `id` -1: text, in which markers are recognised by their spelling.
  void feed(TokenId id, std::string_view bytes);
  void finish();
  const std::vector<HarmonyMessage>& messages() const { return messages_; }  // finished ones
  // The message that is being written; null outside of a content.
  const HarmonyMessage* current() const { return state_ == State::content ? &now_ : nullptr; }
  // What departs from the format; "" when nothing did.
  const std::string& fault() const { return fault_; }

 private:
  enum class State { start, header, content };
  void marker(std::string_view name);
  void text(std::string_view bytes);
  void open_content();
  void close_message();
  void note(std::string_view what);
  std::shared_ptr<const Tokenizer> tokenizer_;
  State state_ = State::header;
  std::string header_, held_, fault_;
  bool given_role_ = true;  // the header continues "<|start|>assistant"
  HarmonyMessage now_;
  std::vector<HarmonyMessage> messages_;
};

nlohmann::ordered_json harmony_to_json(const HarmonyMessage& message);
std::unique_ptr<ReplyParser> make_harmony_reply_parser(std::shared_ptr<const Tokenizer> tokenizer, std::vector<ToolSpec> tools);
// {"messages": […]} as openai-harmony serialises a conversation -> the prompt for the assistant's next message.
Result<MarkedText> render_harmony(const nlohmann::ordered_json& conversation);

}  // namespace wright::engine
