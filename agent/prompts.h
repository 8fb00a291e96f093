// The words that the model reads: agent/prompts/NAME.md, embedded. Immutable, any thread.
#pragma once

#include <string_view>

namespace wright::agent {

// The text of agent/prompts/`name`.md without its final line end; a name that does not exist is a bug (asserts).
std::string_view prompt_text(std::string_view name);

}  // namespace wright::agent
