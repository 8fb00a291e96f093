// The engine behind the wall: a worker process that the engine starts, watches and starts again. The same interface and the
// same events as in-process; a worker that dies fails its running requests, and the next request starts another, with
// back-off when they die young. Tokenizer and chat format are loaded on this side.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/remote/worker.h"
#include "engine/run/engine.h"

namespace wright::engine {

struct RemoteEngineParts {
  std::string program;
  std::vector<std::string> args{kWorkerVerb};
  EngineOptions options;
  std::shared_ptr<const Tokenizer> tokenizer;
  std::shared_ptr<const ChatFormat> chat_format;
};

// Starts a worker and waits until the model is loaded there.
Result<std::shared_ptr<Engine>> make_remote_engine(RemoteEngineParts parts);

// The same for a model file. `program`: the wright binary; the default is the running one, even when its file was replaced.
Result<std::shared_ptr<Engine>> open_remote_engine(const EngineOptions& options, const std::string& program = "/proc/self/exe");

}  // namespace wright::engine
