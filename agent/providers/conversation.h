// Items of a session to the messages that every wire and template knows, and back. Pure functions, any thread.
#pragma once

#include <string>
#include <vector>

#include "agent/model.h"

namespace wright::agent {

// The system text, then the items: turns and messages; reasoning, text and calls of one reply in one assistant message; results as
// tool messages. A compaction stands for everything before it.
std::vector<engine::ChatMessage> conversation_of(const ModelRequest& request);

// Reply items in order: reasoning, message, calls.
ModelReply reply_of(std::string reasoning, std::string text, std::vector<ToolCallItem> calls);

}  // namespace wright::agent
