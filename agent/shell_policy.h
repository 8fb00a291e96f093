// Whether a shell command is a plain read: words without expansion joined by | && || ; whose programs and options stand in a
// table of what is allowed. What is not understood is not plain. Pure function, any thread.
#pragma once

#include <string>
#include <string_view>

namespace wright::agent {

// Empty when `command` only reads inside the workspace; otherwise why a question is needed.
std::string why_not_plain_read(std::string_view command);

}  // namespace wright::agent
