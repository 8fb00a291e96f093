// Whether a request can be run by a model at all; the error says what is wrong and what to do. Any thread.
#pragma once

#include <optional>

#include "engine/run/engine.h"

namespace wright::engine {

Result<void> validate(const GenerateRequest& request, const EngineInfo& info);
Result<void> validate(const ScoreRequest& request, const EngineInfo& info);
// The reply where no candidate has a token: nothing to run.
std::optional<ScoreReply> reply_without_tokens(const ScoreRequest& request);

}  // namespace wright::engine
