// generate() and score(): the asynchronous engine for callers that have a thread to spare.
#include <condition_variable>
#include <mutex>

#include "engine/run/engine.h"

namespace wright::engine {
namespace {

// One answer from the delivery thread to the caller's.
template <class T>
struct Box {
  std::mutex mutex;  // guards the rest
  std::condition_variable changed;
  T value{};
  bool done = false;

  // False when the deadline passed first.
  bool wait(const Context& context) {
    std::unique_lock lock(mutex);
    const auto deadline = context.deadline();
    if (!deadline) return changed.wait(lock, [&] { return done; }), true;
    return changed.wait_until(lock, *deadline, [&] { return done; });
  }
  void finish() {
    done = true;
    changed.notify_all();
  }
};

// Waits for the answer; cancels on the context's end, and waits for the engine to confirm it.
template <class T>
void wait_or_cancel(Engine& engine, const Context& context, RequestId id, Box<T>& box) {
  const auto hook = context.on_cancel([&engine, id] { engine.cancel(id); });
  if (box.wait(context)) return;
  engine.cancel(id);
  box.wait(Context());
}

}  // namespace

Result<Generated> generate(Engine& engine, const Context& context, GenerateRequest request) {
  WRIGHT_CHECK(context.check());
  struct Answer {
    Generated generated;
    Error error;
  };
  auto box = std::make_shared<Box<Answer>>();
  const RequestId id = engine.submit(std::move(request), [box](const GenerateEvent& event) {
    std::lock_guard lock(box->mutex);
    Generated& g = box->value.generated;
    g.ids.insert(g.ids.end(), event.ids.begin(), event.ids.end());
    g.text += event.bytes;
    g.logprobs.insert(g.logprobs.end(), event.logprobs.begin(), event.logprobs.end());
    if (!event.done) return;
    g.finish = event.finish;
    g.usage = event.usage;
    box->value.error = event.error;
    box->finish();
  });
  wait_or_cancel(engine, context, id, *box);
  Answer answer = std::move(box->value);
  if (answer.generated.finish == Finish::error) return answer.error;
  if (answer.generated.finish == Finish::cancelled) {
    WRIGHT_CHECK(context.check());
    return Error{ErrorKind::cancelled, "the engine ended the request", ""};
  }
  return std::move(answer.generated);
}

Result<ScoreReply> score(Engine& engine, const Context& context, ScoreRequest request) {
  WRIGHT_CHECK(context.check());
  auto box = std::make_shared<Box<std::optional<Result<ScoreReply>>>>();
  const RequestId id = engine.score(std::move(request), [box](Result<ScoreReply> reply) {
    std::lock_guard lock(box->mutex);
    box->value = std::move(reply);
    box->finish();
  });
  wait_or_cancel(engine, context, id, *box);
  Result<ScoreReply> reply = std::move(*box->value);
  if (!reply.ok() && reply.error().kind == ErrorKind::cancelled) WRIGHT_CHECK(context.check());
  return reply;
}

}  // namespace wright::engine
