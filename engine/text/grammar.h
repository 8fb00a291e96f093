// A grammar over bytes as recursive transition networks: states with byte edges, silent edges and calls of rules. Built by the
// compilers of patterns and schemas, run by engine/text/automaton.h. Immutable after finish(); any thread then.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace wright::engine {

using GrammarState = std::int32_t;
using GrammarRule = std::int32_t;

// Code points as sorted, disjoint, inclusive ranges.
struct CharSet {
  std::vector<std::pair<char32_t, char32_t>> ranges;
  static CharSet of(std::initializer_list<std::pair<char32_t, char32_t>> ranges);
  static CharSet all();              // every Unicode scalar value
  void add(char32_t from, char32_t to);
  void normalise();                  // sorts, joins, drops surrogates
  CharSet inverted() const;
  bool has(char32_t c) const;
};

class Grammar {
 public:
  static constexpr std::int32_t kInfinite = INT32_MAX / 4;
  static constexpr std::size_t kMaxStates = 100'000;

  struct Edge {
    enum class Kind : std::uint8_t { bytes, silent, call } kind;
    std::uint8_t low = 0, high = 0;  // bytes
    GrammarRule rule = -1;           // call; `to` is where it returns
    GrammarState to = -1;
  };
  struct State {
    std::vector<Edge> edges;
    bool end = false;                       // of its rule
    std::int32_t distance = kInfinite;      // bytes of the shortest way to the rule's end
  };
  struct Rule { GrammarState start = -1; };

  GrammarRule add_rule();                   // its start state is made; set ends with mark_end()
  GrammarState start_of(GrammarRule rule) const { return rules_[static_cast<std::size_t>(rule)].start; }
  GrammarState add_state();
  void mark_end(GrammarState state) { states_[static_cast<std::size_t>(state)].end = true; }
  void add_bytes(GrammarState from, std::uint8_t low, std::uint8_t high, GrammarState to);
  void add_silent(GrammarState from, GrammarState to);
  void add_call(GrammarState from, GrammarRule rule, GrammarState to);
  // Literal bytes from `from`; returns where they end.
  GrammarState add_text(GrammarState from, std::string_view text);
  // One character of `set`, as UTF-8.
  void add_chars(GrammarState from, const CharSet& set, GrammarState to);

  // Computes distances. `limit` when it grew past kMaxStates; `usage` when no finite text matches, or a rule calls itself before it
  // reads anything. `root` is where matching starts.
  Result<void> finish(GrammarRule root);

  GrammarRule root() const { return root_; }
  const State& state(GrammarState s) const { return states_[static_cast<std::size_t>(s)]; }
  bool too_large() const { return states_.size() > kMaxStates; }
  std::int32_t shortest(GrammarRule rule) const { return state(start_of(rule)).distance; }

 private:
  void add_utf8(GrammarState from, char32_t low, char32_t high, GrammarState to);
  bool relax(State& s) const;
  Result<void> check_left_recursion() const;
  std::vector<State> states_;
  std::vector<Rule> rules_;
  GrammarRule root_ = -1;
};

}  // namespace wright::engine
