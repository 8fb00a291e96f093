#include "engine/run/scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/trace.h"

namespace wright::engine {
namespace {

constexpr int kPage = static_cast<int>(limits::kTokensPerPage);
constexpr std::size_t kLogitsBytes = std::size_t{32} << 20;  // what one pass may ask for
constexpr int kGuestRows = 8;               // decode rows of searches that ride along with a turn
constexpr double kChunkMs = 120;            // a pass that reads: how long a keystroke may have to wait for it
constexpr double kChunkBesideDecodeMs = 50; // when somebody's reply is streaming meanwhile

int outputs_that_fit(int n_vocab, int max_rows) {
  const std::size_t fit = kLogitsBytes / (sizeof(float) * static_cast<std::size_t>(std::max(1, n_vocab)));
  return std::clamp(static_cast<int>(fit), std::min(max_rows, kPage), max_rows);
}

bool before(const std::unique_ptr<Job>& a, const std::unique_ptr<Job>& b) {
  return a->priority != b->priority ? a->priority < b->priority : a->id < b->id;
}

}  // namespace

Scheduler::Scheduler(Backend& backend, CacheStore& store, Totals& totals, int n_vocab)
    : backend_(backend), store_(store), totals_(totals), pass_(n_vocab, backend.max_rows(), outputs_that_fit(n_vocab, backend.max_rows())) {}

Scheduler::~Scheduler() = default;

bool Scheduler::add(std::unique_ptr<Job>& job) {
  std::lock_guard lock(mutex_);
  if (stopped_ || known_jobs_ >= limits::kEngineQueue) return false;
  ++known_jobs_;
  new_jobs_.push_back(std::move(job));
  work_.notify_one();
  return true;
}

void Scheduler::cancel(RequestId id) {
  std::lock_guard lock(mutex_);
  cancelled_.insert(id);
  if (running_ids_.contains(id)) pass_context_.cancel();
  work_.notify_one();
}

void Scheduler::stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  pass_context_.cancel();
  work_.notify_all();
}

bool Scheduler::wait() {
  std::unique_lock lock(mutex_);
  work_.wait(lock, [&] { return stopped_ || !new_jobs_.empty() || !cancelled_.empty(); });
  return !stopped_;
}

bool Scheduler::take_new() {
  std::lock_guard lock(mutex_);
  for (auto& job : new_jobs_) jobs_.insert(std::upper_bound(jobs_.begin(), jobs_.end(), job, before), std::move(job));
  new_jobs_.clear();
  return !stopped_;
}

void Scheduler::drop(Job* job) {
  std::erase_if(jobs_, [&](const auto& j) { return j.get() == job; });
  std::lock_guard lock(mutex_);
  --known_jobs_;
}

void Scheduler::end_cancelled() {
  std::unordered_set<RequestId> ids;
  {
    std::lock_guard lock(mutex_);
    ids.swap(cancelled_);
  }
  for (const RequestId id : ids) {
    const auto job = std::find_if(jobs_.begin(), jobs_.end(), [&](const auto& j) { return j->id == id; });
    if (job == jobs_.end()) continue;
    (*job)->end(Finish::cancelled, {});
    drop(job->get());
  }
}

void Scheduler::end_all() {
  take_new();
  for (auto& job : jobs_) job->end(Finish::cancelled, {});
  jobs_.clear();
  std::lock_guard lock(mutex_);
  known_jobs_ = 0;
}

bool Scheduler::step() {
  if (!take_new()) return false;
  end_cancelled();
  if (jobs_.empty()) {
    count();
    return false;
  }
  plan_pass();
  if (in_pass_.empty()) {
    // Everybody waits for memory that somebody's sink is about to set free, or all ended.
    count();
    if (!jobs_.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return !jobs_.empty();
  }
  Context context;
  {
    std::lock_guard lock(mutex_);
    pass_context_ = context;
    for (const Job* job : in_pass_) {
      running_ids_.insert(job->id);
      if (cancelled_.contains(job->id) || stopped_) context.cancel();
    }
  }
  const TimePoint start = Clock::system().now();
  const auto ran = [&] {
    const trace::Span span("engine pass");
    return pass_.run(backend_, context);
  }();
  const double ms = 1e3 * seconds_between(start, Clock::system().now());
  {
    std::lock_guard lock(mutex_);
    running_ids_.clear();
  }
  finish_pass(ran, ms);
  count();
  return true;
}

void Scheduler::plan_pass() {
  pass_.clear();
  in_pass_.clear();
  // plan_job() may end a job, so the order is taken first.
  std::vector<Job*> order;
  for (const auto& job : jobs_) order.push_back(job.get());
  const Priority top = order.front()->priority;
  int guests = top == Priority::turn ? kGuestRows : 0;
  bool streaming = false;
  for (Job* job : order) {
    if (!job->decoding() || (job->priority != top && guests <= 0)) continue;
    const int rows = pass_.rows();
    const bool guest = job->priority != top;
    plan_job(*job, kPage);
    streaming = true;
    if (guest) guests -= pass_.rows() - rows;
  }
  int chunk = cost_.rows_within(streaming ? kChunkBesideDecodeMs : kChunkMs, kPage, backend_.max_rows());
  for (Job* job : order) {
    const bool planned = std::find(in_pass_.begin(), in_pass_.end(), job) != in_pass_.end();
    const bool there = std::any_of(jobs_.begin(), jobs_.end(), [&](const auto& j) { return j.get() == job; });
    if (!there || planned || job->priority != top || job->decoding() || chunk < kPage) continue;
    const int rows = pass_.rows();
    plan_job(*job, chunk);
    chunk -= (pass_.rows() - rows + kPage - 1) / kPage * kPage;
  }
}

void Scheduler::plan_job(Job& job, int chunk_rows) {
  if (!store_.pool.could_hold(job.least_tokens())) {
    job.end(Finish::error, {ErrorKind::limit, fmt::format("{} tokens do not fit into the engine's cache budget of {} MiB", job.least_tokens(), store_.pool.budget_bytes() >> 20),
                            "raise the cache budget, or ask for fewer tokens"});
    return drop(&job);
  }
  for (;;) {
    const int rows = pass_.rows();
    auto planned = job.plan(pass_, {pass_.rows_left(), chunk_rows, &cost_});
    if (planned.ok()) {
      if (pass_.rows() > rows) in_pass_.push_back(&job);
      return;
    }
    if (planned.error().kind == ErrorKind::limit) {
      if (free_memory_for(job)) continue;
      const bool alone = std::none_of(jobs_.begin(), jobs_.end(), [&](const auto& j) { return j.get() != &job && j->holds_memory(); });
      if (!alone) return job.release_memory();  // its turn comes when somebody ends
    }
    job.end(Finish::error, planned.error());
    return drop(&job);
  }
}

// The youngest job of the lowest priority behind `job` gives up its pages; what it had computed stays in the cache as long as
// there is room. False when no such job is left.
bool Scheduler::free_memory_for(const Job& job) {
  for (auto other = jobs_.rbegin(); other != jobs_.rend() && other->get() != &job; ++other) {
    const bool planned = std::find(in_pass_.begin(), in_pass_.end(), other->get()) != in_pass_.end();
    if (planned || !(*other)->holds_memory()) continue;
    (*other)->release_memory();
    return true;
  }
  return false;
}

void Scheduler::finish_pass(const Result<void>& ran, double ms) {
  if (ran.ok()) {
    cost_.record(pass_.rows(), ms);
    for (Job* job : in_pass_)
      if (!job->absorb(pass_)) drop(job);
  } else {
    const bool cancelled = ran.error().kind == ErrorKind::cancelled;
    for (Job* job : in_pass_) {
      job->pass_lost();
      if (cancelled) continue;
      job->end(Finish::error, ran.error());
      drop(job);
    }
  }
  in_pass_.clear();
}

void Scheduler::count() {
  int running = 0;
  for (const auto& job : jobs_) running += job->holds_memory() ? 1 : 0;
  totals_.running = running;
  {
    std::lock_guard lock(mutex_);
    totals_.waiting = static_cast<int>(known_jobs_) - running;
  }
  totals_.reread_tokens = store_.reread_tokens;
  totals_.kv_bytes = store_.pool.bytes_in_use();
  totals_.cached_tokens = store_.tree.cached_tokens();
  totals_.resident_bytes = backend_.resident_bytes();
}

}  // namespace wright::engine
