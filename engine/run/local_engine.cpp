#include "engine/run/local_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/file.h"
#include "engine/run/delivery.h"
#include "engine/run/generation.h"
#include "engine/run/scheduler.h"
#include "engine/run/scoring.h"
#include "engine/run/validate.h"

namespace wright::engine {
namespace {

std::size_t quarter_of_free_memory() {
  constexpr std::string_view kKey = "MemAvailable:";
  const auto info = read_file("/proc/meminfo");
  const std::size_t at = info.ok() ? info->find(kKey) : std::string::npos;
  const std::size_t kib = at == std::string::npos ? 0 : std::strtoull(info->c_str() + at + kKey.size(), nullptr, 10);
  return kib ? kib * 1024 / 4 : std::size_t{1} << 30;
}

// Everything that the engine thread needs, kept alive by it.
struct Core {
  explicit Core(LocalEngineParts p)
      : parts(std::move(p)), store(*parts.backend, parts.cache_bytes ? parts.cache_bytes : quarter_of_free_memory()),
        scheduler(*parts.backend, store, totals, parts.info.n_vocab) {
    totals.resident_bytes = parts.backend->resident_bytes();
  }
  void run() {
    do {
      while (scheduler.step()) {
      }
    } while (scheduler.wait());
    scheduler.end_all();
  }
  LocalEngineParts parts;
  Totals totals;
  CacheStore store;
  Scheduler scheduler;
};

class LocalEngine final : public Engine {
 public:
  explicit LocalEngine(LocalEngineParts parts)
      : core_(std::make_shared<Core>(std::move(parts))), thread_([core = core_] { core->run(); }) {}
  ~LocalEngine() override {
    core_->scheduler.stop();
    thread_.join();
  }

  RequestId submit(GenerateRequest request, GenerateSink sink) override {
    const RequestId id = next_id_++;
    ++core_->totals.requests;
    GenerateSink deliver = [this, sink = std::move(sink)](const GenerateEvent& event) {
      delivery_.post([sink, event] { sink(event); });
    };
    const auto fail = [&](Error error) {
      GenerateEvent event;
      event.done = true;
      event.finish = Finish::error;
      event.error = std::move(error);
      deliver(event);
      return id;
    };
    if (auto valid = validate(request, core_->parts.info); !valid.ok()) return fail(valid.error());
    request.max_tokens = std::min(request.max_tokens, core_->parts.info.context_length - static_cast<int>(request.prompt.size()));
    Generation::Parts parts{core_->store, core_->totals, core_->parts.tokenizer, deliver, {}, core_->parts.allow_drafts};
    auto constraint = constraint_of(request, core_->parts.tokenizer);
    if (!constraint.ok()) return fail(constraint.error());
    if (*constraint) {
      auto grammar = ReplyGrammar::begin(std::move(*constraint), core_->parts.tokenizer, open_reasoning_end(request.prompt, *core_->parts.tokenizer),
                                         request.max_tokens, request.sampling.logprobs < 0);
      if (!grammar.ok()) return fail(grammar.error());
      parts.grammar = std::move(*grammar);
    }
    std::unique_ptr<Job> job = std::make_unique<Generation>(id, std::move(request), std::move(parts));
    if (!core_->scheduler.add(job)) return fail(queue_full());
    return id;
  }

  RequestId score(ScoreRequest request, ScoreSink sink) override {
    const RequestId id = next_id_++;
    ++core_->totals.requests;
    ScoreSink deliver = [this, sink = std::move(sink)](Result<ScoreReply> reply) {
      delivery_.post([sink, reply = std::move(reply)] { sink(reply); });
    };
    if (auto valid = validate(request, core_->parts.info); !valid.ok()) return deliver(valid.error()), id;
    if (auto empty = reply_without_tokens(request)) return deliver(std::move(*empty)), id;
    Scoring::Parts parts{core_->store, core_->totals, deliver, core_->parts.backend->max_rows()};
    std::unique_ptr<Job> job = std::make_unique<Scoring>(id, std::move(request), std::move(parts));
    if (!core_->scheduler.add(job)) deliver(queue_full());
    return id;
  }

  void cancel(RequestId id) override { core_->scheduler.cancel(id); }
  const EngineInfo& info() const override { return core_->parts.info; }
  std::shared_ptr<const Tokenizer> tokenizer() const override { return core_->parts.tokenizer; }
  std::shared_ptr<const ChatFormat> chat_format() const override { return core_->parts.chat_format; }

  EngineStats stats() const override {
    const Totals& t = core_->totals;
    EngineStats s;
    s.resident_bytes = t.resident_bytes;
    s.kv_bytes = t.kv_bytes;
    s.cached_tokens = t.cached_tokens;
    s.prompt_tokens = t.prompt_tokens;
    s.reread_tokens = t.reread_tokens;
    s.completion_tokens = t.completion_tokens;
    s.requests = t.requests;
    s.running = t.running;
    s.waiting = t.waiting;
    s.last_token_unix_ms = t.last_token_unix_ms;
    return s;
  }

 private:
  static Error queue_full() {
    return {ErrorKind::limit, fmt::format("{} requests are waiting for the engine already, or it is ending", limits::kEngineQueue),
            "try again when some have ended"};
  }
  Delivery delivery_;  // outlives the engine thread, whose last events it delivers
  std::shared_ptr<Core> core_;
  std::atomic<RequestId> next_id_{1};
  std::thread thread_;
};

}  // namespace

std::shared_ptr<Engine> make_local_engine(LocalEngineParts parts) { return std::make_shared<LocalEngine>(std::move(parts)); }

}  // namespace wright::engine
