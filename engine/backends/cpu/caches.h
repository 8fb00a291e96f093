// Pages and recurrent states of one backend. A page holds 64 tokens of every paged cache: for each cache and KV head K as
// (key_dim, 64), then V as (64, value_dim). Pages come in slabs from the kernel as they are needed. Engine thread only;
// page contents are written by the team during a pass.
#pragma once

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "engine/backends/backend.h"
#include "engine/backends/cpu/kernels.h"
#include "engine/backends/cpu/memory.h"

namespace wright::engine::cpu {

class Caches {
 public:
  // page_capacity 0: no bound of its own.
  static Result<Caches> create(const OpList& ops, KvKind kind, std::size_t page_capacity);

  Result<PageId> alloc_page();
  void free_page(PageId page);
  void copy_page(PageId from, PageId to);
  std::size_t page_bytes() const { return page_bytes_; }
  std::size_t pages_in_use() const { return pages_.size() - free_pages_.size(); }
  bool is_page(PageId page) const { return page >= 0 && static_cast<std::size_t>(page) < pages_.size(); }

  std::byte* page(PageId page) const { return pages_[static_cast<std::size_t>(page)]; }
  // Start of K (or V) of a cache's KV head in a page, or in a page-shaped block (page_bytes() long) of the caller's.
  std::byte* at(std::byte* page, CacheId cache, int kv_head, bool value) const {
    const Place& p = places_[static_cast<std::size_t>(cache)];
    return page + (value ? p.v + static_cast<std::size_t>(kv_head) * p.v_head : p.k + static_cast<std::size_t>(kv_head) * p.k_head);
  }

  Result<StateSlot> alloc_state();
  void free_state(StateSlot slot);
  void copy_state(StateSlot from, StateSlot to);
  std::size_t state_bytes() const { return state_floats_ * sizeof(float); }
  bool is_state(StateSlot slot) const { return slot >= 0 && static_cast<std::size_t>(slot) < states_.size(); }
  float* state(StateSlot slot, CacheId cache) {
    return states_[static_cast<std::size_t>(slot)].data() + places_[static_cast<std::size_t>(cache)].k;
  }
  std::vector<float>& state(StateSlot slot) { return states_[static_cast<std::size_t>(slot)]; }
  std::size_t resident_bytes() const;

 private:
  struct Place { std::size_t k = 0, k_head = 0, v = 0, v_head = 0; };  // bytes; for recurrent caches k: floats into the state
  std::vector<Place> places_;
  std::size_t page_bytes_ = 0, state_floats_ = 0, capacity_ = 0;
  std::vector<Region> slabs_;
  std::vector<std::byte*> pages_;
  std::vector<PageId> free_pages_;
  std::vector<std::vector<float>> states_;
  std::vector<StateSlot> free_states_;
};

}  // namespace wright::engine::cpu
