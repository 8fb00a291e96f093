// What crosses the wall between the daemon and its engine worker, one struct a message. decode() takes foreign bytes: what is
// malformed is an `invalid` error, never a crash. Plain values, any thread.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "engine/run/engine.h"

namespace wright::engine {

// To the worker.
struct OpenMessage {  // first, once
  std::string build_id;
  EngineOptions options;
};
struct SubmitMessage { RequestId id = 0; GenerateRequest request; };
struct ScoreMessage { RequestId id = 0; ScoreRequest request; };
struct CancelMessage { RequestId id = 0; };
struct AskStatsMessage {};

// From the worker.
struct HelloMessage {  // the answer to OpenMessage; with an error message the worker ends
  std::string build_id;
  Error error;
  EngineInfo info;
};
struct EventMessage { RequestId id = 0; GenerateEvent event; };
struct ScoredMessage {
  RequestId id = 0;
  Error error;  // with a message: instead of a reply
  ScoreReply reply;
};
struct StatsMessage { EngineStats stats; };

// The index is the message's number on the wire.
using Message = std::variant<OpenMessage, SubmitMessage, ScoreMessage, CancelMessage, AskStatsMessage, HelloMessage, EventMessage,
                             ScoredMessage, StatsMessage>;

std::string encode(const Message& message);
Result<Message> decode(std::string_view bytes);

// Identity of the running program's file: both sides of the wall must be the same build.
std::string own_build_id();

}  // namespace wright::engine
