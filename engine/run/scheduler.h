// Decides what each pass computes: the decode rows of running requests and prefill chunks or tries in what room is left, by
// priority. One pass at a time; requests come, go and overtake between passes. add(), cancel() and stop(): any thread; the
// rest: the engine thread (tests call step() themselves).
//
// Priorities are strict: while a keystroke is at work nothing else runs; while a turn is at work searches wait, but for decode
// rows, a few of which ride along for nearly nothing. Within one priority the older request goes first.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "engine/run/job.h"
#include "engine/run/totals.h"

namespace wright::engine {

class Scheduler {
 public:
  Scheduler(Backend& backend, CacheStore& store, Totals& totals, int n_vocab);
  ~Scheduler();

  // False when limits::kEngineQueue requests are there already, or after stop(); the job is then left to the caller.
  bool add(std::unique_ptr<Job>& job);
  // Ends it with Finish::cancelled: at once if it waits, at the backend's next poll if it is in the running pass.
  void cancel(RequestId id);
  void stop();

  // One pass; false when there was nothing to do, or after stop().
  bool step();
  // Waits for work; false once stopped.
  bool wait();
  // Ends all requests as cancelled.
  void end_all();

 private:
  bool take_new();  // false once stopped
  void end_cancelled();
  void plan_pass();
  void plan_job(Job& job, int chunk_rows);
  bool free_memory_for(const Job& job);
  void finish_pass(const Result<void>& ran, double ms);
  void drop(Job* job);
  void count();

  Backend& backend_;
  CacheStore& store_;
  Totals& totals_;
  PassBuilder pass_;
  CostModel cost_;
  std::vector<std::unique_ptr<Job>> jobs_;  // by priority, then age
  std::vector<Job*> in_pass_;

  std::mutex mutex_;  // guards the rest
  std::condition_variable work_;
  std::vector<std::unique_ptr<Job>> new_jobs_;
  std::unordered_set<RequestId> cancelled_;
  std::unordered_set<RequestId> running_ids_;  // in the pass that runs now
  Context pass_context_;
  std::size_t known_jobs_ = 0;
  bool stopped_ = false;
};

}  // namespace wright::engine
