#include "engine/backends/cpu/caches.h"

#include <algorithm>
#include <cstring>

namespace wright::engine::cpu {
namespace {
constexpr std::size_t kSlabBytes = std::size_t{32} << 20;
}

Result<Caches> Caches::create(const OpList& ops, KvKind kind, std::size_t page_capacity) {
  Caches c;
  c.capacity_ = page_capacity;
  for (const CacheSpec& spec : ops.caches) {
    Place p;
    if (spec.kind == CacheSpec::Kind::recurrent) {
      p.k = c.state_floats_;
      c.state_floats_ += static_cast<std::size_t>(spec.state_floats);
    } else if (spec.kind == CacheSpec::Kind::full || spec.kind == CacheSpec::Kind::window) {
      const auto heads = static_cast<std::size_t>(spec.kv_heads);
      if (kind == KvKind::q8_0 && (spec.key_dim % kBlock != 0 || spec.value_dim % kBlock != 0))
        return Error{ErrorKind::usage, "kv q8_0 needs heads of a multiple of 32 values, this model has " + std::to_string(spec.key_dim) + " and " +
                                           std::to_string(spec.value_dim), "use --kv f16"};
      p.k_head = kv_head_bytes(kind, spec.key_dim);
      p.v_head = kv_head_bytes(kind, spec.value_dim);
      p.k = c.page_bytes_;
      p.v = p.k + heads * p.k_head;
      c.page_bytes_ = (p.v + heads * p.v_head + 63) / 64 * 64;
    } else {
      return Error{ErrorKind::invalid, "layer " + std::to_string(spec.layer) + " keeps a kind of cache that the CPU backend lacks",
                   "run it with --exact"};
    }
    c.places_.push_back(p);
  }
  // Vector loads of the last V row may read past its end.
  if (c.page_bytes_) c.page_bytes_ += 64;
  return c;
}

Result<PageId> Caches::alloc_page() {
  if (free_pages_.empty()) {
    if (capacity_ && pages_.size() >= capacity_)
      return Error{ErrorKind::limit, "all " + std::to_string(capacity_) + " cache pages are in use", "use a shorter context or fewer sequences"};
    const std::size_t bytes = std::max<std::size_t>(page_bytes_, 64);
    std::size_t n = std::max<std::size_t>(1, kSlabBytes / bytes);
    if (capacity_) n = std::min(n, capacity_ - pages_.size());
    WRIGHT_TRY(Region slab, Region::create(n * bytes, "cache pages"));
    for (std::size_t i = 0; i < n; ++i) {
      pages_.push_back(slab.data() + i * bytes);
      free_pages_.push_back(static_cast<PageId>(pages_.size() - 1));
    }
    std::reverse(free_pages_.begin(), free_pages_.end());
    slabs_.push_back(std::move(slab));
  }
  const PageId page = free_pages_.back();
  free_pages_.pop_back();
  return page;
}

void Caches::free_page(PageId page) { free_pages_.push_back(page); }

void Caches::copy_page(PageId from, PageId to) {
  std::memcpy(pages_[static_cast<std::size_t>(to)], pages_[static_cast<std::size_t>(from)], page_bytes_);
}

Result<StateSlot> Caches::alloc_state() {
  if (free_states_.empty()) {
    states_.emplace_back(state_floats_, 0.0f);
    return static_cast<StateSlot>(states_.size() - 1);
  }
  const StateSlot slot = free_states_.back();
  free_states_.pop_back();
  std::ranges::fill(state(slot), 0.0f);
  return slot;
}

void Caches::free_state(StateSlot slot) { free_states_.push_back(slot); }
void Caches::copy_state(StateSlot from, StateSlot to) { state(to) = state(from); }

std::size_t Caches::resident_bytes() const {
  // Slabs become resident as pages are written; every page handed out so far counts.
  return (pages_.size() - free_pages_.size()) * page_bytes_ + states_.size() * state_bytes();
}

}  // namespace wright::engine::cpu
