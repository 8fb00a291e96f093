// Grammars of JSON's plain values: strings, numbers, whitespace, any value. Used by the schema compiler. Not thread-safe: one a compilation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/text/grammar.h"

namespace wright::engine {

class JsonValues {
 public:
  explicit JsonValues(Grammar& grammar) : grammar_(grammar) {}

  // Each returns where the value ends.
  GrammarState space(GrammarState from);                          // bounded whitespace, or none
  GrammarState string(GrammarState from);                         // any string, quotes included
  GrammarState string_of_length(GrammarState from, std::int64_t min, std::optional<std::int64_t> max);
  // Any key but the names; without escapes, so that no name can be spelt another way.
  GrammarState key_other_than(GrammarState from, const std::vector<std::string>& names);
  GrammarState integer(GrammarState from, std::optional<std::int64_t> low, std::optional<std::int64_t> high);
  GrammarState number(GrammarState from, std::optional<std::int64_t> low, std::optional<std::int64_t> high);
  GrammarState any(GrammarState from);                            // any JSON value
  GrammarState any_object(GrammarState from);
  GrammarState any_array(GrammarState from);

 private:
  template <class Build>
  GrammarRule rule(GrammarRule& slot, Build build);
  GrammarState call(GrammarState from, GrammarRule rule);
  GrammarRule space_rule();
  GrammarRule char_rule();    // one character of a string, escapes included
  GrammarRule any_rule();
  void natural_range(GrammarState from, std::uint64_t low, std::uint64_t high, GrammarState to);
  void digits_between(GrammarState from, const std::string& low, const std::string& high, GrammarState to);
  GrammarState fraction(GrammarState from, bool zeros_only);
  void bounded_magnitude(GrammarState from, std::uint64_t low, std::uint64_t high, bool integral, GrammarState to);
  Grammar& grammar_;
  GrammarRule space_ = -1, char_ = -1, string_ = -1, any_ = -1, object_ = -1, array_ = -1;
};

}  // namespace wright::engine
