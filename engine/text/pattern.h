// Regular expressions as JSON Schema's `pattern` writes them (ECMA-262, the regular part), compiled into a grammar. Look-around,
// back-references and word boundaries are `usage` errors that name them. Pure functions, any thread.
#pragma once

#include <string_view>

#include "base/result.h"
#include "engine/text/grammar.h"

namespace wright::engine {

enum class PatternText {
  plain,       // the text itself, wholly matched
  json_string  // the inside of a JSON string literal, in which a match is searched (^ and $ anchor)
};

// Adds the pattern from `from`; returns where a match ends.
Result<GrammarState> add_pattern(Grammar& grammar, GrammarState from, std::string_view pattern, PatternText text);

// One character of `set` as the inside of a JSON string writes it: escaped where it must be.
void add_json_chars(Grammar& grammar, GrammarState from, const CharSet& set, GrammarState to);

}  // namespace wright::engine
