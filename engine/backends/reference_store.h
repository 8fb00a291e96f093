// Pages, states and tree scratch of the reference backend, as the interpreter sees them during one pass. Pages hold f32;
// a narrower KV type is modelled by rounding what is written. Engine thread; visible() from any thread of the team.
#pragma once

#include <memory>
#include <vector>

#include "engine/backends/backend.h"
#include "engine/ops/interpret.h"

namespace wright::engine {

class ReferenceStore : public CacheStore {
 public:
  ReferenceStore(const OpList& ops, KvType kv, std::size_t page_capacity);

  Result<PageId> alloc_page();
  void free_page(PageId page);
  void copy_page(PageId from, PageId to);
  std::size_t page_bytes() const { return page_floats_ * sizeof(float); }
  std::size_t pages_in_use() const { return pages_in_use_; }
  Result<StateSlot> alloc_state();
  void free_state(StateSlot slot);
  void copy_state(StateSlot from, StateSlot to);
  std::size_t state_bytes() const { return state_floats_ * sizeof(float); }
  std::size_t resident_bytes() const;

  // Checks the pass and lays out its rows; then positions() and the CacheStore part are valid until end_pass().
  Result<void> begin_pass(const Pass& pass);
  // `keep`: the states that the pass reached become the sequences' states.
  void end_pass(bool keep);
  const std::vector<std::int32_t>& positions() const { return positions_; }

  void write(CacheId cache, std::size_t row, const float* key, const float* value) override;
  void visible(CacheId cache, std::size_t row, int window, std::vector<KvRow>& out) const override;
  float* state(CacheId cache, std::size_t row) override;

 private:
  struct Layout { std::size_t key_at = 0, value_at = 0, key_floats = 0, value_floats = 0; };  // paged; in one page's floats
  struct Row { std::size_t sequence = 0; std::int32_t parent = -1; std::int32_t first_row = 0; };
  bool valid_page(PageId page) const {
    return page >= 0 && static_cast<std::size_t>(page) < pages_.size() && !pages_[static_cast<std::size_t>(page)].empty();
  }
  Result<void> check_sequence(const PassSequence& sequence, std::size_t index) const;
  float* slot(const PassSequence& sequence, const Layout& layout, std::int32_t position, bool value) const;
  KvRow row_at(const Layout& layout, std::size_t row) const;
  void round(const float* from, float* to, std::size_t heads, std::size_t dim) const;

  const OpList& ops_;
  KvType kv_;
  std::size_t page_capacity_, page_floats_ = 0, state_floats_ = 0, scratch_floats_ = 0, pages_in_use_ = 0;
  int longest_window_ = 0;             // 0: some cache keeps everything
  std::vector<Layout> layouts_;        // by CacheId
  std::vector<std::size_t> state_at_;  // by CacheId; offset in a state
  std::vector<std::vector<float>> pages_, states_;
  std::vector<PageId> free_pages_;
  std::vector<StateSlot> free_states_;

  // Of the pass that runs.
  std::vector<PassSequence> sequences_;
  std::vector<Row> rows_;
  std::vector<std::int32_t> positions_;
  std::vector<float> scratch_;                       // tree rows' K and V, (row, all caches)
  std::vector<std::vector<float>> working_states_;   // by sequence
};

}  // namespace wright::engine
