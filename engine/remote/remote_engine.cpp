#include "engine/remote/remote_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "engine/remote/worker_process.h"
#include "engine/run/delivery.h"
#include "engine/run/local_engine.h"

namespace wright::engine {
namespace {

constexpr auto kFirstBackOff = std::chrono::milliseconds(100);
constexpr auto kLongestBackOff = std::chrono::seconds(10);
constexpr auto kStatsWait = std::chrono::milliseconds(500);

class RemoteEngine final : public Engine {
 public:
  explicit RemoteEngine(RemoteEngineParts parts) : parts_(std::move(parts)), supervisor_([this] { supervise(); }) {}
  ~RemoteEngine() override {
    {
      std::lock_guard lock(mutex_);
      ending_ = true;
      if (const auto worker = living_.lock()) worker->shut_down();
      changed_.notify_all();
    }
    supervisor_.join();
  }

  // Waits until the first worker is ready, or says why there is none.
  Result<void> wait_ready() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return was_ready_ || !start_error_.message.empty(); });
    if (was_ready_) return {};
    return start_error_;
  }

  RequestId submit(GenerateRequest request, GenerateSink sink) override {
    return send({std::move(sink), nullptr}, SubmitMessage{0, std::move(request)});
  }
  RequestId score(ScoreRequest request, ScoreSink sink) override {
    return send({nullptr, std::move(sink)}, ScoreMessage{0, std::move(request)});
  }
  void cancel(RequestId id) override {
    std::unique_lock lock(mutex_);
    if (!pending_.contains(id)) return;
    if (const auto channel = channel_) {
      lock.unlock();
      (void)channel->send(CancelMessage{id});
      return;
    }
    std::erase_if(outgoing_, [&](const auto& waiting) { return waiting.first == id; });
    finish_locked(id, Finish::cancelled, {ErrorKind::cancelled, "cancelled before the engine worker was up", ""});
  }

  const EngineInfo& info() const override { return info_; }
  std::shared_ptr<const Tokenizer> tokenizer() const override { return parts_.tokenizer; }
  std::shared_ptr<const ChatFormat> chat_format() const override { return parts_.chat_format; }

  // What the worker says; what it said last when it does not answer soon. Without a worker nothing is resident or running.
  EngineStats stats() const override {
    std::unique_lock lock(mutex_);
    const auto channel = channel_;
    if (!channel) {
      EngineStats last = stats_;
      last.resident_bytes = last.kv_bytes = last.cached_tokens = 0;
      last.running = 0;
      last.waiting = static_cast<int>(outgoing_.size());
      return last;
    }
    const std::uint64_t before = stats_count_;
    lock.unlock();
    const auto asked = channel->send(AskStatsMessage{});
    lock.lock();
    if (asked.ok()) changed_.wait_for(lock, kStatsWait, [&] { return stats_count_ != before || channel_ != channel; });
    return stats_;
  }

 private:
  struct Pending {
    GenerateSink generate;  // one of the two
    ScoreSink score;
  };

  template <class Request>
  RequestId send(Pending pending, Request message) {
    std::unique_lock lock(mutex_);
    const RequestId id = message.id = ++last_id_;
    pending_.emplace(id, std::move(pending));
    const auto channel = channel_;
    if (!channel) {
      outgoing_.emplace_back(id, std::move(message));
      changed_.notify_all();
      return id;
    }
    lock.unlock();
    const auto sent = channel->send(std::move(message));
    lock.lock();
    refused_locked(id, sent);
    return id;
  }
  // A message over the limit. A worker that is gone is the supervisor's to notice: it fails the request.
  void refused_locked(RequestId id, const Result<void>& sent) {
    if (!sent.ok() && sent.error().kind == ErrorKind::limit) finish_locked(id, Finish::error, sent.error());
  }

  // Tells the sink of a request that it is over.
  void finish_locked(RequestId id, Finish finish, const Error& error) {
    const auto it = pending_.find(id);
    if (it == pending_.end()) return;
    if (const GenerateSink sink = it->second.generate) {
      GenerateEvent event;
      event.done = true;
      event.finish = finish;
      if (finish == Finish::error) event.error = error;
      delivery_.post([sink, event] { sink(event); });
    } else {
      delivery_.post([sink = it->second.score, error] { sink(error); });
    }
    pending_.erase(it);
  }
  void finish_all_locked(Finish finish, const Error& error) {
    outgoing_.clear();
    while (!pending_.empty()) finish_locked(pending_.begin()->first, finish, error);
  }

  // The supervisor's thread: starts a worker at first and then when there is work, and reads what it says until it ends.
  void supervise() {
    auto back_off = Duration::zero();
    for (bool first = true;; first = false) {
      {
        std::unique_lock lock(mutex_);
        if (!first) changed_.wait(lock, [&] { return ending_ || !outgoing_.empty(); });
        if (back_off > Duration::zero()) changed_.wait_for(lock, back_off, [&] { return ending_; });
        if (ending_) break;
      }
      const bool useful = run_worker();
      back_off = useful ? Duration::zero() : std::clamp<Duration>(2 * back_off, kFirstBackOff, kLongestBackOff);
    }
    std::lock_guard lock(mutex_);
    finish_all_locked(Finish::cancelled, {ErrorKind::cancelled, "the engine ended", ""});
  }

  // One worker's life. True when it answered anything, so that the next one need not wait.
  bool run_worker() {
    auto worker = WorkerProcess::spawn(parts_.program, parts_.args);
    if (!worker.ok()) return failed_to_start(worker.error()), false;
    const auto channel = (*worker)->channel();
    {
      std::lock_guard lock(mutex_);
      living_ = channel;
      if (ending_) return false;
    }
    (void)channel->send(OpenMessage{own_build_id(), parts_.options});
    auto hello = channel->receive();
    const auto* said = hello.ok() ? std::get_if<HelloMessage>(&*hello) : nullptr;
    if (!said) {
      const std::string how = (*worker)->reap();
      return failed_to_start({ErrorKind::model, fmt::format("the engine worker died while loading the model ({})", how), "see the log"}), false;
    }
    if (!said->error.message.empty()) return failed_to_start(said->error), false;
    begin(channel, said->info);
    const bool answered = read_events(*channel);
    const std::string how = (*worker)->reap();
    std::lock_guard lock(mutex_);
    channel_ = nullptr;
    if (!ending_) {
      log::warn("engine: the worker died ({})", how);
      finish_all_locked(Finish::error, {ErrorKind::model, fmt::format("the engine worker died ({})", how), "send the request again: it starts a new worker"});
    }
    changed_.notify_all();
    return answered;
  }

  void failed_to_start(const Error& error) {
    std::lock_guard lock(mutex_);
    start_error_ = error;
    finish_all_locked(Finish::error, error);
    changed_.notify_all();
  }

  // The worker is ready: requests that waited go out, under the lock, so that nothing overtakes them.
  void begin(const std::shared_ptr<Channel>& channel, const EngineInfo& info) {
    std::lock_guard lock(mutex_);
    if (!was_ready_) info_ = info;  // never again: info() hands out a reference
    was_ready_ = true;
    channel_ = channel;
    for (const auto& [id, message] : std::exchange(outgoing_, {})) refused_locked(id, channel->send(message));
    changed_.notify_all();
  }

  bool read_events(Channel& channel) {
    for (bool answered = false;; answered = true) {
      auto message = channel.receive();
      if (!message.ok()) {
        if (message.error().kind == ErrorKind::invalid) log::error("engine: {}", message.error().text());
        return answered;
      }
      std::lock_guard lock(mutex_);
      std::visit([this](auto& m) { take_locked(m); }, *message);
    }
  }
  void take_locked(EventMessage& m) {
    const auto it = pending_.find(m.id);
    if (it == pending_.end() || !it->second.generate) return;
    const bool done = m.event.done;
    delivery_.post([sink = it->second.generate, event = std::move(m.event)] { sink(event); });
    if (done) pending_.erase(it);
  }
  void take_locked(ScoredMessage& m) {
    const auto it = pending_.find(m.id);
    if (it == pending_.end() || !it->second.score) return;
    delivery_.post([sink = it->second.score, m = std::move(m)] {
      if (m.error.message.empty()) sink(m.reply);
      else sink(m.error);
    });
    pending_.erase(it);
  }
  void take_locked(StatsMessage& m) {
    stats_ = m.stats;
    ++stats_count_;
    changed_.notify_all();
  }
  template <class Unexpected>
  void take_locked(Unexpected&) {
    log::error("engine: the worker sent a message that only goes to workers");
  }

  const RemoteEngineParts parts_;
  Delivery delivery_;
  mutable std::mutex mutex_;  // guards the rest
  mutable std::condition_variable changed_;
  std::shared_ptr<Channel> channel_;  // while a worker is ready
  std::weak_ptr<Channel> living_;     // of the worker that lives, ready or loading
  std::map<RequestId, Pending> pending_;
  std::deque<std::pair<RequestId, Message>> outgoing_;  // wait for a worker
  EngineInfo info_;                   // written once, before was_ready_
  EngineStats stats_;                 // as last heard
  std::uint64_t stats_count_ = 0;
  RequestId last_id_ = 0;
  bool was_ready_ = false, ending_ = false;
  Error start_error_;
  std::thread supervisor_;            // last: it uses the rest
};

}  // namespace

Result<std::shared_ptr<Engine>> make_remote_engine(RemoteEngineParts parts) {
  auto engine = std::make_shared<RemoteEngine>(std::move(parts));
  WRIGHT_CHECK(engine->wait_ready());
  return std::shared_ptr<Engine>(std::move(engine));
}

Result<std::shared_ptr<Engine>> open_remote_engine(const EngineOptions& options, const std::string& program) {
  RemoteEngineParts parts;
  parts.program = program;
  parts.options = options;
  WRIGHT_TRY(const auto weights, open_model_files(options.model_path, parts.tokenizer, parts.chat_format));
  return make_remote_engine(std::move(parts));
}

}  // namespace wright::engine
