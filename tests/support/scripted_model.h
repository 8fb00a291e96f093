// An agent::Model that answers from a list: for tests of everything that drives a model. Any thread.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/model.h"

namespace wright::test {

// Replies in short: text, a call, several calls, a failure.
struct ScriptedReply {
  std::string reasoning, text;
  std::vector<agent::ToolCallItem> calls;
  std::optional<Error> error;       // generate() fails with it (after the deltas of `text`)
  std::string finish;               // "" : tool_calls when there are calls, else stop
  agent::ModelUsage usage{100, 0, 10, 0, 0};
  // Runs before the reply is given (e.g. cancels, waits, looks at the request).
  std::function<void(const Context&, const agent::ModelRequest&)> before;
};

inline ScriptedReply say(std::string text) { return {"", std::move(text), {}, {}, "", {}, {}}; }
ScriptedReply call(std::string name, nlohmann::json arguments, std::string text = "");
inline ScriptedReply fail_with(Error error) { return {"", "", {}, std::move(error), "", {}, {}}; }

class ScriptedModel final : public agent::Model {
 public:
  explicit ScriptedModel(std::vector<ScriptedReply> replies, agent::ModelInfo info = {"scripted", "scripted", 32768});
  const agent::ModelInfo& info() const override { return info_; }
  // The next reply, streamed in pieces of `piece` bytes; call ids are "call_1", "call_2", … where unset. When the list is at
  // its end: an ErrorKind::model error "the script is at its end".
  Result<agent::ModelReply> generate(const Context& context, const agent::ModelRequest& request,
                                     const std::function<void(const agent::ModelDelta&)>& sink) override;
  int count_tokens(const std::string& text) const override { return static_cast<int>(text.size() + 3) / 4; }

  void add(ScriptedReply reply);
  std::vector<agent::ModelRequest> requests() const;  // what was asked, in order
  std::size_t left() const;
  std::size_t piece = 5;

 private:
  const agent::ModelInfo info_;
  mutable std::mutex mutex_;  // guards the rest
  std::deque<ScriptedReply> replies_;
  std::vector<agent::ModelRequest> requests_;
  int calls_ = 0;
};

}  // namespace wright::test
