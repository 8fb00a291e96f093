// Runs one sequence on a backend piece by piece, pages and state its own; for tests of backends.
#pragma once

#include <catch2/catch.hpp>
#include <numeric>
#include <span>
#include <vector>

#include "engine/backends/backend.h"

namespace wright::test {

struct Feed {
  engine::Backend& backend;
  std::size_t n_vocab;
  std::vector<engine::PageId> pages = {};
  engine::StateSlot state = -1;
  int past = 0;

  // `n` rows that follow what is cached.
  engine::PassSequence next(int n) {
    while (static_cast<int>(pages.size()) * 64 < past + n) {
      auto page = backend.alloc_page();
      REQUIRE(page.ok());
      pages.push_back(*page);
    }
    if (backend.state_bytes() && state < 0) {
      auto slot = backend.alloc_state();
      REQUIRE(slot.ok());
      state = *slot;
    }
    return {pages, past, n, state, {}};
  }
  // Logits of all rows.
  std::vector<float> run(std::span<const engine::TokenId> ids) {
    const engine::PassSequence s = next(static_cast<int>(ids.size()));
    std::vector<std::int32_t> outputs(ids.size());
    std::iota(outputs.begin(), outputs.end(), 0);
    std::vector<float> logits(ids.size() * n_vocab);
    const auto done = backend.run(Context(), {ids, {&s, 1}, outputs, logits.data()});
    INFO((done.ok() ? std::string() : done.error().text()));
    REQUIRE(done.ok());
    past += static_cast<int>(ids.size());
    return logits;
  }
  std::vector<float> run_in_chunks(const std::vector<engine::TokenId>& ids, std::size_t chunk) {
    std::vector<float> all;
    for (std::size_t i = 0; i < ids.size(); i += chunk) {
      const auto part = run(std::span(ids).subspan(i, std::min(chunk, ids.size() - i)));
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }
  void free() {
    for (const engine::PageId p : pages) backend.free_page(p);
    pages.clear();
    past = 0;
  }
};

}  // namespace wright::test
