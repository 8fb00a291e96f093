// Which source files the tests can reach, where no trace says which ran: from the files that the command or the failure names (else
// from all tests), by the words in them that are names of other files (imports, includes, class names). Any language. Reads files.
#pragma once

#include <string>
#include <vector>

#include "agent/search/outcome.h"
#include "agent/search/search.h"

namespace wright::agent::search {

// Of `names` (relative to the workspace, tests among them), those reached, nearest first; all of them when nothing is.
std::vector<std::string> reached(const FixRequest& request, const Outcome& before, const std::vector<std::string>& names);

}  // namespace wright::agent::search
