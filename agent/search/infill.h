// Whole lines written by the model, for when no edit of the operator table passes: the lines that surprise it most, in functions that
// the failing tests reach, each written anew a few times (prompt: the function as it is in a comment, then the file up to the line).
// Called by the searching thread; blocks until the time for it is over.
#pragma once

#include <vector>

#include "agent/search/locate.h"
#include "agent/search/rank.h"

namespace wright::agent::search {

// Distinct and parsing; read by the model, best first.
Result<std::vector<Candidate>> infill(const Context& context, engine::Engine& engine, const Located& located, Ranker& ranker, Duration budget);

}  // namespace wright::agent::search
