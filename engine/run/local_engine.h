// The engine in this process: an engine thread that owns backend, cache and scheduler, and a delivery thread that calls
// sinks. Destroying it cancels all requests and waits for both threads.
#pragma once

#include <memory>

#include "engine/run/engine.h"

namespace wright::engine {

struct LocalEngineParts {
  std::unique_ptr<Backend> backend;
  std::shared_ptr<const Tokenizer> tokenizer;
  std::shared_ptr<const ChatFormat> chat_format;  // may be null
  EngineInfo info;
  std::size_t cache_bytes = 0;    // 0: a quarter of free memory
  bool allow_drafts = true;
};

std::shared_ptr<Engine> make_local_engine(LocalEngineParts parts);

// What open_local_engine() and a remote engine's own side read from the model file without its weights.
Result<std::shared_ptr<const Weights>> open_model_files(const std::string& path, std::shared_ptr<const Tokenizer>& tokenizer,
                                                        std::shared_ptr<const ChatFormat>& chat_format);

}  // namespace wright::engine
