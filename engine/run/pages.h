// Reference-counted pages and recurrent states of one backend. A handle is a shared_ptr: the last one to go gives the page
// back. A page with one handle is its holder's to write; one with more is read-only (copy on write: Sequence). Engine thread
// only; the backend outlives every handle.
#pragma once

#include <functional>
#include <memory>

#include "engine/backends/backend.h"

namespace wright::engine {

struct Page {
  Page(Backend& b, PageId i) : backend(b), id(i) {}
  ~Page() { backend.free_page(id); }
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;
  Backend& backend;
  const PageId id;
};
using PageRef = std::shared_ptr<const Page>;

struct State {
  State(Backend& b, StateSlot s) : backend(b), slot(s) {}
  ~State() { backend.free_state(slot); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  Backend& backend;
  const StateSlot slot;
};
using StateRef = std::shared_ptr<const State>;

// Hands out pages and states within a budget of bytes. When it is spent, `evict` is asked to free something that only the
// prefix cache holds; what it cannot free is an error of kind `limit`.
class PagePool {
 public:
  PagePool(Backend& backend, std::size_t budget_bytes) : backend_(backend), budget_bytes_(budget_bytes) {}
  void on_full(std::function<bool()> evict) { evict_ = std::move(evict); }

  Result<PageRef> page();
  Result<PageRef> copy(const PageRef& from);
  Result<StateRef> state();  // zeroed
  Result<StateRef> copy(const StateRef& from);

  bool recurrent() const { return backend_.state_bytes() > 0; }
  std::size_t bytes_in_use() const { return backend_.pages_in_use() * backend_.page_bytes() + states_ * backend_.state_bytes(); }
  std::size_t budget_bytes() const { return budget_bytes_; }
  // Whether a sequence of n tokens could ever fit, alone.
  bool could_hold(std::size_t tokens) const;

 private:
  bool make_room(std::size_t bytes);
  Error full() const;
  Backend& backend_;
  const std::size_t budget_bytes_;
  std::function<bool()> evict_;
  std::size_t states_ = 0;
};

}  // namespace wright::engine
