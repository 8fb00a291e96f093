// The worker's side of the wall: `wright engine-worker`, started by a remote engine with its end of the socket pair as
// descriptor 3. Opens the model it is told to, runs requests, ends when the other side does.
#pragma once

#include <functional>
#include <memory>

#include "engine/run/engine.h"

namespace wright::engine {

inline constexpr int kWorkerFd = 3;
inline constexpr const char* kWorkerVerb = "engine-worker";

using OpenEngine = std::function<Result<std::shared_ptr<Engine>>(const EngineOptions&)>;

// Serves until the other side is gone, then ends the process; returns only when it could not begin (the exit status).
// `open` is open_local_engine but in tests.
int run_engine_worker(const OpenEngine& open = open_local_engine);

}  // namespace wright::engine
