// Patches that make the tests pass without mending anything, and what they are refused for. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "agent/search/candidate.h"
#include "agent/search/outcome.h"

namespace wright::agent::search {

// The text of the test files: literals that a patch may not test for.
struct TestTexts { std::string all; };

// Why the patch is refused, or "". `after`: the run in which it passed.
std::string tampering(std::string_view source, const std::vector<Edit>& edits, const TestTexts& tests, const Outcome& before, const Outcome& after);

}  // namespace wright::agent::search
