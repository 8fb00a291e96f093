#include "engine/remote/worker.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "base/log.h"
#include "engine/remote/channel.h"
#include "engine/run/delivery.h"

namespace wright::engine {
namespace {

class Worker {
 public:
  explicit Worker(UniqueFd fd) : channel_(std::make_shared<Channel>(std::move(fd))) {}

  int serve(const OpenEngine& open) {
    auto first = channel_->receive();
    const auto* message = first.ok() ? std::get_if<OpenMessage>(&*first) : nullptr;
    if (!message) return 1;
    HelloMessage hello;
    hello.build_id = own_build_id();
    if (message->build_id != hello.build_id) {
      hello.error = {ErrorKind::model, "the engine worker is another build than the daemon", "restart the daemon: wright stop"};
    } else if (auto engine = open(message->options); engine.ok()) {
      engine_ = std::move(*engine);
      hello.info = engine_->info();
    } else {
      hello.error = engine.error();
    }
    if (!channel_->send(hello).ok() || !engine_) return 1;
    for (;;) {
      auto next = channel_->receive();
      if (!next.ok()) {
        if (next.error().kind != ErrorKind::io) log::error("engine worker: {}", next.error().text());
        return next.error().kind == ErrorKind::io ? 0 : 1;
      }
      std::visit([this](auto& m) { take(m); }, *next);
    }
  }

 private:
  void take(SubmitMessage& m) {
    const RequestId theirs = m.id;
    const RequestId ours = engine_->submit(std::move(m.request), [this, theirs](const GenerateEvent& event) {
      (void)channel_->send(EventMessage{theirs, event});
      if (event.done) forget(theirs);
    });
    remember(theirs, ours);
  }
  void take(ScoreMessage& m) {
    const RequestId theirs = m.id;
    const RequestId ours = engine_->score(std::move(m.request), [this, theirs](Result<ScoreReply> reply) {
      ScoredMessage scored{theirs, {}, {}};
      if (reply.ok()) scored.reply = std::move(*reply);
      else scored.error = reply.error();
      if (auto sent = channel_->send(scored); !sent.ok()) (void)channel_->send(ScoredMessage{theirs, sent.error(), {}});
      forget(theirs);
    });
    remember(theirs, ours);
  }
  void take(CancelMessage& m) {
    std::lock_guard lock(mutex_);
    const auto it = ours_.find(m.id);
    if (it != ours_.end()) engine_->cancel(it->second);
  }
  // Answered by a thread of its own: this one must go on reading, whatever the other side is busy with.
  void take(AskStatsMessage&) {
    outbox_.post([this, stats = engine_->stats()] { (void)channel_->send(StatsMessage{stats}); });
  }
  template <class Unexpected>
  void take(Unexpected&) {
    log::error("engine worker: got a message that only a worker sends");
  }

  void remember(RequestId theirs, RequestId ours) {
    std::lock_guard lock(mutex_);
    if (finished_.erase(theirs) == 0) ours_[theirs] = ours;
  }
  void forget(RequestId theirs) {
    std::lock_guard lock(mutex_);
    if (ours_.erase(theirs) == 0) finished_.insert(theirs);
  }

  const std::shared_ptr<Channel> channel_;
  std::mutex mutex_;  // guards the next two
  std::unordered_map<RequestId, RequestId> ours_;
  std::unordered_set<RequestId> finished_;  // ended before they were remembered
  Delivery outbox_;
  std::shared_ptr<Engine> engine_;
};

}  // namespace

int run_engine_worker(const OpenEngine& open) {
  const pid_t parent = getppid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) return 1;
  signal(SIGINT, SIG_IGN);  // Ctrl-C in a terminal is for the client; the daemon decides
  int type = 0;
  socklen_t size = sizeof type;
  if (getsockopt(kWorkerFd, SOL_SOCKET, SO_TYPE, &type, &size) != 0) {
    log::error("engine-worker is started by Wright itself, not by hand");
    return 2;
  }
  Worker worker{UniqueFd(kWorkerFd)};
  // The other side is gone: nobody wants what still runs, so nothing is unwound.
  _exit(worker.serve(open));
}

}  // namespace wright::engine
