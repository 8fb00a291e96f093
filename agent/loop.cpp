#include "agent/loop.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "agent/dispatch.h"
#include "agent/evidence.h"
#include "agent/prompt.h"
#include "agent/prompts.h"
#include "agent/reply_stream.h"
#include "base/utf8.h"

namespace wright::agent {
namespace {

constexpr std::size_t kTitleBytes = 80;

// One turn: the state between two passes of the loop.
class Turn {
 public:
  Turn(const Context& context, const LoopRequest& request) : request_(request), context_(context) {
    if (request.limits.time > Duration::zero()) context_ = context.with_timeout(request.limits.time);
  }

  Result<LoopOutcome> run() {
    WRIGHT_CHECK(open());
    ChangeRecorder recorder(request_.session, request_.workspace, request_.checkpoints, out_.turn);
    Result<void> end;
    while (end.ok() && !finished()) end = step(recorder);
    WRIGHT_CHECK(close());
    if (end.ok()) return std::move(out_);
    if (end.error().kind == ErrorKind::timeout && request_.limits.time > Duration::zero()) return out_.stopped_by = "time", std::move(out_);
    WRIGHT_CHECK(say(ErrorItem{end.error().kind == ErrorKind::cancelled ? "cancelled" : "failed", end.error().message, end.error().next}));
    return end.error();
  }

 private:
  Result<void> say(ItemBody body) {
    WRIGHT_CHECK(request_.session.append(std::move(body)));
    return {};
  }

  Result<void> open() {
    Session& session = request_.session;
    const std::vector<Item> history = session.items();
    if (history.empty()) {
      const std::string title = request_.prompt.substr(0, utf8::complete_prefix(std::string_view(request_.prompt).substr(0, kTitleBytes)));
      WRIGHT_CHECK(session.store().set_title(session.id(), title));
    }
    for (ItemBody& body : opening_items(request_, history)) WRIGHT_CHECK(say(std::move(body)));
    WRIGHT_TRY(const Item turn, session.append(TurnItem{request_.prompt, std::string(to_string(request_.policy.mode)), request_.model.info().name}));
    out_.turn = turn.id;
    return {};
  }

  bool finished() {
    const LoopLimits& l = request_.limits;
    if (out_.achieved || !out_.stopped_by.empty()) return true;
    if (out_.steps >= l.steps) out_.stopped_by = "steps";
    else if (l.tokens > 0 && out_.usage.input + out_.usage.output >= l.tokens) out_.stopped_by = "tokens";
    else if (l.cost_usd > 0 && out_.usage.cost_usd >= l.cost_usd) out_.stopped_by = "cost";
    else if (worst_ >= l.repeated_failures) out_.stopped_by = "repeated failure";
    return !out_.stopped_by.empty();
  }

  // assemble -> model -> approve -> run tools.
  Result<void> step(ChangeRecorder& recorder) {
    WRIGHT_CHECK(context_.check());
    if (request_.steer)
      for (std::string& text : request_.steer()) WRIGHT_CHECK(say(MessageItem{"user", std::move(text), {}}));
    ReplyStream stream(request_.session);
    auto reply = request_.model.generate(context_, assemble(request_), [&](const ModelDelta& delta) { stream.take(delta); });
    ++out_.steps;
    if (!reply.ok()) {
      WRIGHT_CHECK(stream.abandon());
      return reply.error();
    }
    WRIGHT_CHECK(stream.settle(reply->items));
    WRIGHT_CHECK(count(reply->usage));
    std::vector<ToolCallItem> calls;
    for (Item& item : reply->items) {
      if (auto* message = std::get_if<MessageItem>(&item.body)) out_.answer = message->text;
      if (auto* call = std::get_if<ToolCallItem>(&item.body)) calls.push_back(std::move(*call));
    }
    if (calls.empty()) return settle_answer(*reply);
    WRIGHT_TRY(const CallsOutcome done, run_calls(context_, request_, recorder, calls));
    if (out_.denied == 0) out_.denied_for = done.denied_for;
    out_.denied += done.denied;
    for (const auto& call : done.done) {
      if (call.unanswered) out_.failed_for_denial = true;
      if (call.acted) out_.failed_for_denial = false;
      if (call.wrote) failures_.clear(), worst_ = 0;
      if (call.failed) worst_ = std::max(worst_, ++failures_[call.key]);
      else failures_.erase(call.key);
    }
    return {};
  }

  // A reply without calls ends the turn, unless it is empty or was cut: then the model is told to go on.
  Result<void> settle_answer(const ModelReply& reply) {
    const bool whole = reply.finish != "length" && std::any_of(reply.items.begin(), reply.items.end(), [](const Item& item) {
      const auto* message = std::get_if<MessageItem>(&item.body);
      return message && message->text.find_first_not_of(" \t\r\n") != std::string::npos;
    });
    if (whole) return out_.achieved = true, Result<void>();
    worst_ = std::max(worst_, ++failures_["empty reply"]);
    return say(MessageItem{"user", std::string(prompt_text("continue")), {}});
  }

  Result<void> count(const ModelUsage& u) {
    ModelUsage& sum = out_.usage;
    sum.input += u.input, sum.cached += u.cached, sum.output += u.output, sum.reasoning += u.reasoning, sum.cost_usd += u.cost_usd;
    const ModelInfo& info = request_.model.info();
    return request_.session.store().add_usage(request_.session.id(), {info.provider, info.name, u.input, u.cached, u.output, u.reasoning, u.cost_usd});
  }

  // The evidence, whatever ended the turn.
  Result<void> close() {
    if (!request_.checkpoints) return {};
    WRIGHT_TRY(Evidence evidence, evidence_of(*request_.checkpoints, out_.turn));
    if (evidence.files.empty()) return {};
    out_.diff = evidence.diff;
    out_.test_files = evidence.test_files;
    std::string apart;
    for (const std::string& name : evidence.test_files) apart += (apart.empty() ? "edits tests, CI or test configuration: " : ", ") + name;
    return say(PatchItem{std::move(evidence.diff), std::move(evidence.files), std::move(apart)});
  }

  const LoopRequest& request_;
  Context context_;
  LoopOutcome out_;
  std::map<std::string, int> failures_;  // of one and the same call since a success
  int worst_ = 0;
};

}  // namespace

Result<LoopOutcome> run_loop(const Context& context, const LoopRequest& request) { return Turn(context, request).run(); }

}  // namespace wright::agent
