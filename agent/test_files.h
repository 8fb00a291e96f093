// Which files are tests, CI or test configuration: edits of them are listed apart and asked for. By name alone. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/items.h"

namespace wright::agent {

bool is_test_file(std::string_view name);
// Whether the user's words speak of tests or CI, in English or Korean.
bool mentions_tests(std::string_view prompt);
// The files that a call names: its path arguments, and those in the headers of a patch.
std::vector<std::string> named_files(const ToolCallItem& call);

}  // namespace wright::agent
