// One request inside the scheduler: a generation (generation.h) or a scoring (scoring.h). The scheduler asks it for rows,
// runs the pass and hands back the logits. Engine thread only.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "engine/run/cost_model.h"
#include "engine/run/engine.h"
#include "engine/run/pass_builder.h"

namespace wright::engine {

// What a pass has left for one job.
struct PassRoom {
  int rows = 0;            // all rows
  int chunk_rows = 0;      // of a prefill chunk or a trie: what the measured cost allows
  const CostModel* cost = nullptr;
};

class Job {
 public:
  Job(RequestId id, Priority priority) : id(id), priority(priority), arrived(Clock::system().now()) {}
  virtual ~Job() = default;

  const RequestId id;
  const Priority priority;
  const TimePoint arrived;

  // Adds this job's rows to the pass; none when there is no room. An error of kind `limit`: no memory for the rows now;
  // any other ends the job. Nothing counts as computed before absorb().
  virtual Result<void> plan(PassBuilder& pass, const PassRoom& room) = 0;
  // After a pass that it took part in. False once the job is over; it has then told its sink.
  virtual bool absorb(const PassBuilder& pass) = 0;
  // The pass was cancelled or failed.
  virtual void pass_lost() = 0;
  // Gives its pages to the cache, where they may be evicted; plan() finds or computes them again.
  virtual void release_memory() = 0;
  // Ends it for the given reason and tells its sink.
  virtual void end(Finish finish, Error error) = 0;

  // Whether its next rows are decode rows (few, wanted in every pass) and not a prefill chunk or a trie.
  virtual bool decoding() const = 0;
  virtual bool holds_memory() const = 0;
  virtual std::size_t least_tokens() const = 0;  // that must fit into the cache for it to get anywhere
};

}  // namespace wright::engine
