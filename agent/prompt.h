// What the model is given. The system text and the tools' schemas never change within a process, and items are only appended, so
// the prefix of one call is the prefix of the next: whoever computes it (our engine, a server's cache) reads it once. What varies
// (folder, date, project instructions, mode) is stored as messages when a turn begins and differs from what was said last.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "agent/loop.h"
#include "engine/chat/message.h"
#include "tools/tool.h"

namespace wright::agent {

inline constexpr std::size_t kFirstRequestBytes = 8 * 1024;  // system text and tool schemas together

// agent/prompts/system.md.
std::string system_text();
std::vector<engine::ToolSpec> tool_specs(std::span<const tools::Tool> tools);
// The built-in tools that a model is offered: the most useful that fit, with the system text, into kFirstRequestBytes; by name.
std::vector<tools::Tool> offered_tools();

// Items for the session ahead of the turn's own: surroundings and instructions where they are new or changed, and a notice of which
// files were read.
std::vector<ItemBody> opening_items(const LoopRequest& request, const std::vector<Item>& history);

// The history as wires accept it: each call has exactly one result, in place ("interrupted" where a crash left none); a result
// without a call is dropped. Valid history comes back unchanged.
std::vector<Item> sound_history(const std::vector<Item>& items);

ModelRequest assemble(const LoopRequest& request);

}  // namespace wright::agent
