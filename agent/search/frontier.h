// The candidates of a search between the model, which reads them in the order of their priors on a thread of its own, and the trials,
// which take the best of those read. A candidate is held back as long as too many unread ones are likely to come before it, judged by
// what reading changed so far. Owned by one search, used by its two threads.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

#include "agent/search/candidate.h"

namespace wright::agent::search {

class Frontier {
 public:
  // In the order of trial (without a model), or of reading.
  explicit Frontier(std::vector<Candidate> candidates, bool to_be_read);

  // The reading thread. take(): the next unread ones. put(): they have been read, `score` is set. leading(): of the best that are not
  // offered yet, those that were not given out here before, to be read further. close(): no more is read.
  std::vector<Candidate*> take(std::size_t most);
  void put(const std::vector<Candidate*>& read);
  void drop(Candidate* broken);  // has syntax errors
  std::vector<Candidate*> leading(std::size_t most);
  void close();

  // The searching thread. No candidate and not `end`: nothing may be tried yet.
  struct Offer {
    const Candidate* candidate = nullptr;
    bool end = false;
  };
  // `early`: while candidates are unread, offer those that are expected to be among so many first once all are read.
  Offer next(double early);
  void wait(std::chrono::milliseconds most);  // for something new
  bool closed() const;
  double share_taken() const;  // of all, by the reading thread
  // The best `most`, offered or not; copies.
  std::vector<Candidate> likely(std::size_t most) const;
  // All, in order, for --list; after close().
  const std::vector<Candidate>& all() const { return all_; }

 private:
  enum class State : std::uint8_t { unread, reading, ready, offered, broken };
  double unread_before(double score, double most) const;  // how many unread ones are expected to beat it; counted up to `most`
  std::size_t index(const Candidate* c) const { return static_cast<std::size_t>(c - all_.data()); }

  const bool by_score_;
  mutable std::mutex mutex_;  // guards all below, and `score` and `model` of candidates that are ready
  std::condition_variable changed_;
  std::vector<Candidate> all_;
  std::vector<State> states_;
  std::vector<bool> further_;   // given out by leading()
  std::vector<double> priors_;  // the scores that they came with
  std::vector<double> gains_;   // sorted: score less prior score of those read
  std::size_t unread_ = 0;      // index of the first unread
  std::size_t offered_ = 0;     // how many
  bool closed_ = false;
};

}  // namespace wright::agent::search
