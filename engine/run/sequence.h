// One sequence of tokens and what of it is computed: pages for [0, past), and the recurrent state after `past` where the
// model has one. Takes prefixes from the radix tree and gives them back. Owned by a job; engine thread only.
#pragma once

#include <unordered_set>
#include <vector>

#include "engine/run/pages.h"
#include "engine/run/radix_tree.h"

namespace wright::engine {

// What all sequences of one engine share.
struct CacheStore {
  CacheStore(Backend& backend, std::size_t budget_bytes);
  PagePool pool;
  RadixTree tree;
  // Hashes of page-long prefixes that were ever computed: tells reading for a second time from reading.
  std::unordered_set<std::uint64_t> seen;
  std::int64_t reread_tokens = 0;
};

class Sequence {
 public:
  explicit Sequence(CacheStore& store) : store_(&store) {}

  std::vector<TokenId> tokens;

  int past() const { return past_; }
  int missing() const { return static_cast<int>(tokens.size()) - past_; }
  StateSlot state() const { return state_ ? state_->slot : -1; }
  std::vector<PageId> page_ids() const;

  // Takes a longer cached prefix of the first `limit` tokens where the tree has one. Returns the tokens gained.
  int reuse(int limit);
  // Makes positions [past, end) writable: fresh pages, a copy of a shared last page, a state. `limit`: no memory.
  Result<void> reserve(int end);
  // [past, end) are computed now.
  void commit(int end);
  // Puts what is computed into the tree: whole pages only, or all with the last part and the state (`whole`).
  void publish(bool whole);
  // Puts a snapshot of the state at `past` into the tree; nothing when there is no memory for it.
  void snapshot();
  // Recurrent models: keeps a copy of the state before a pass that may be taken back, and takes it back.
  Result<void> save_state();
  void restore_state();
  void forget_saved_state() { saved_state_ = nullptr; }
  // Forgets what is computed (tokens stay); it is found in the tree again, or computed again.
  void drop();
  // After a pass that did not come through: pages are as good as before, a state is not.
  void pass_lost();
  // A second sequence with the same computed part (pages shared, state copied).
  Result<Sequence> fork() const;

 private:
  void hash_pages(bool computed);
  CacheStore* store_;
  std::vector<PageRef> pages_;
  StateRef state_, saved_state_;
  int past_ = 0;
  std::vector<std::uint64_t> page_hashes_;  // hash of all tokens up to the end of each whole computed page
};

}  // namespace wright::engine
