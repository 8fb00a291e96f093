// generate() for callers that want the tokens as they come: submits, blocks, hands each event to the caller's own thread.
#pragma once

#include <functional>

#include "engine/run/engine.h"

namespace wright::engine {

// Calls `take` for each event, in order, the last one (done) included; false from it cancels the request. Cancelled with `context`
// and at its deadline. An error: the event's own (Finish::error), or cancelled / timeout.
Result<void> stream(Engine& engine, const Context& context, GenerateRequest request,
                    const std::function<bool(const GenerateEvent&)>& take);

}  // namespace wright::engine
