#include "engine/run/pages.h"

#include <fmt/format.h>

namespace wright::engine {

bool PagePool::could_hold(std::size_t tokens) const {
  const std::size_t pages = (tokens + limits::kTokensPerPage - 1) / limits::kTokensPerPage;
  return pages * backend_.page_bytes() + backend_.state_bytes() <= budget_bytes_;
}

bool PagePool::make_room(std::size_t bytes) {
  while (bytes_in_use() + bytes > budget_bytes_)
    if (!evict_ || !evict_()) return false;
  return true;
}

Error PagePool::full() const {
  return {ErrorKind::limit, fmt::format("the engine's cache budget of {} MiB is spent", budget_bytes_ >> 20),
          "let running requests end, or raise the cache budget"};
}

Result<PageRef> PagePool::page() {
  if (!make_room(backend_.page_bytes())) return full();
  for (;;) {
    auto id = backend_.alloc_page();
    if (id.ok()) return PageRef(std::make_shared<const Page>(backend_, *id));
    if (id.error().kind != ErrorKind::limit || !evict_ || !evict_()) return id.error();
  }
}

Result<PageRef> PagePool::copy(const PageRef& from) {
  WRIGHT_TRY(PageRef to, page());
  backend_.copy_page(from->id, to->id);
  return to;
}

Result<StateRef> PagePool::state() {
  if (!make_room(backend_.state_bytes())) return full();
  for (;;) {
    auto slot = backend_.alloc_state();
    if (slot.ok()) {
      ++states_;
      return StateRef(new State(backend_, *slot), [this](const State* s) {
        --states_;
        delete s;
      });
    }
    if (slot.error().kind != ErrorKind::limit || !evict_ || !evict_()) return slot.error();
  }
}

Result<StateRef> PagePool::copy(const StateRef& from) {
  WRIGHT_TRY(StateRef to, state());
  backend_.copy_state(from->slot, to->slot);
  return to;
}

}  // namespace wright::engine
