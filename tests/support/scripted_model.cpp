#include "tests/support/scripted_model.h"

namespace wright::test {

ScriptedReply call(std::string name, nlohmann::json arguments, std::string text) {
  ScriptedReply reply;
  reply.text = std::move(text);
  reply.calls.push_back({"", std::move(name), std::move(arguments), {}});
  return reply;
}

ScriptedModel::ScriptedModel(std::vector<ScriptedReply> replies, agent::ModelInfo info)
    : info_(std::move(info)), replies_(std::make_move_iterator(replies.begin()), std::make_move_iterator(replies.end())) {}

void ScriptedModel::add(ScriptedReply reply) {
  std::lock_guard lock(mutex_);
  replies_.push_back(std::move(reply));
}

std::vector<agent::ModelRequest> ScriptedModel::requests() const {
  std::lock_guard lock(mutex_);
  return requests_;
}

std::size_t ScriptedModel::left() const {
  std::lock_guard lock(mutex_);
  return replies_.size();
}

Result<agent::ModelReply> ScriptedModel::generate(const Context& context, const agent::ModelRequest& request,
                                                  const std::function<void(const agent::ModelDelta&)>& sink) {
  ScriptedReply reply;
  {
    std::lock_guard lock(mutex_);
    requests_.push_back(request);
    if (replies_.empty()) return Error{ErrorKind::model, "the script is at its end", "give ScriptedModel more replies"};
    reply = std::move(replies_.front());
    replies_.pop_front();
    for (auto& c : reply.calls)
      if (c.call_id.empty()) c.call_id = "call_" + std::to_string(++calls_);
  }
  if (reply.before) reply.before(context, request);
  WRIGHT_CHECK(context.check());
  using Kind = agent::ModelDelta::Kind;
  const auto stream = [&](Kind kind, const std::string& text) {
    for (std::size_t at = 0; sink && at < text.size(); at += piece) sink({kind, text.substr(at, piece)});
  };
  stream(Kind::reasoning, reply.reasoning);
  stream(Kind::text, reply.text);
  if (reply.error) return *reply.error;
  for (const auto& c : reply.calls)
    if (sink) sink({Kind::tool_call_begin, c.name});
  WRIGHT_CHECK(context.check());
  agent::ModelReply out;
  out.usage = reply.usage;
  out.finish = !reply.finish.empty() ? reply.finish : reply.calls.empty() ? "stop" : "tool_calls";
  const auto put = [&](agent::ItemBody body) { out.items.push_back({"", "", 0, std::move(body)}); };
  if (!reply.reasoning.empty()) put(agent::ReasoningItem{reply.reasoning, ""});
  if (!reply.text.empty()) put(agent::MessageItem{"assistant", reply.text, {}});
  for (auto& c : reply.calls) put(std::move(c));
  return out;
}

}  // namespace wright::test
