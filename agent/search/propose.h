// Candidates for the located regions: every operator at every site, without duplicates, best prior first. Pure; any thread.
#pragma once

#include <functional>
#include <vector>

#include "agent/search/locate.h"
#include "agent/search/operators.h"

namespace wright::agent::search {

inline constexpr std::size_t kCandidates = 60'000;  // of one search

// Sorted by prior + 8 ln(suspicion). Not yet checked for syntax: see parses().
Result<std::vector<Candidate>> propose(const Context& context, const Located& located);

// Whether the edited text parses with no error that the original did not have.
bool parses(const Source& source, const Candidate& candidate);

// What a region's suspicion is worth in the score.
double suspicion_weight(double suspicion);

// Single edits put together by twos, one of `first` and one of `second`, best sums first.
std::vector<Candidate> compose(const Located& located, const std::vector<Candidate>& first, const std::vector<Candidate>& second, std::size_t limit);

}  // namespace wright::agent::search
