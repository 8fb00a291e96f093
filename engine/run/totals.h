// Counters of one engine, read by any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace wright::engine {

struct Totals {
  std::atomic<std::int64_t> prompt_tokens{0}, reread_tokens{0}, completion_tokens{0}, requests{0};
  std::atomic<std::int64_t> last_token_unix_ms{0};
  std::atomic<std::size_t> kv_bytes{0}, cached_tokens{0}, resident_bytes{0};
  std::atomic<int> running{0}, waiting{0};
};

}  // namespace wright::engine
