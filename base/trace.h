// Chrome-format spans (chrome://tracing, Perfetto): `wright … --trace FILE`. Costs one atomic load when off. Any thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace wright::trace {

// Starts writing spans to `path`; stop() ends the file's JSON.
Result<void> start(const std::string& path);
void stop();
bool on();

// A span from construction to destruction. `name` must be a literal.
class Span {
 public:
  explicit Span(const char* name);
  ~Span();
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;

 private:
  const char* name_;
  std::int64_t start_us_;
};

}  // namespace wright::trace
