// Runs a grammar: a set of (state, stack) configurations, made deterministic lazily and kept, with the token mask of each set that was
// asked for. One a constraint, shared by all generations that use it; a mutex guards the tables. Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/text/constraint.h"
#include "engine/text/grammar.h"
#include "engine/text/vocabulary_trie.h"

namespace wright::engine {

class Automaton : public std::enable_shared_from_this<Automaton> {
 public:
  static constexpr int kMaxDepth = 128;             // nested calls; deeper nesting is not allowed
  static constexpr std::size_t kMaxConfigs = 4096;  // of one set; what is beyond is dropped, which only forbids
  static constexpr std::size_t kMaxSets = 60'000;   // kept at once

  Automaton(Grammar grammar, std::shared_ptr<const VocabularyTrie> trie);

  using SetId = std::int32_t;  // -1: nothing may follow
  SetId start() const { return start_; }
  SetId next(SetId set, std::uint8_t byte) const;
  SetId advance(SetId set, std::string_view bytes) const;
  bool complete(SetId set) const;
  void mask(SetId set, TokenMask& out) const;
  std::string forced(SetId set) const;
  std::string shortest_close(SetId set) const;
  const VocabularyTrie& trie() const { return *trie_; }

 private:
  struct Config {
    GrammarState state;
    std::int32_t stack;  // index into stacks_; 0 is the empty one
    auto operator<=>(const Config&) const = default;
  };
  struct Frame { GrammarState back; std::int32_t below; int depth; std::int32_t distance; };  // distance: to the end of all, in bytes
  struct Set {
    std::vector<Config> configs;           // sorted; only those that read a byte next
    bool complete = false;
    std::vector<SetId> next;               // 256 once used; kUnknown where not looked at
    std::unique_ptr<TokenMask> mask;
  };
  static constexpr SetId kUnknown = -2;

  std::int32_t push(GrammarState back, std::int32_t below) const;
  void close_over(Config config, std::vector<Config>& out, std::vector<Config>& seen, bool& complete) const;
  SetId intern(std::vector<Config> seeds) const;
  SetId step(SetId set, std::uint8_t byte) const;  // with mutex_ held, as all below
  std::int32_t distance(const Config& c) const;
  void fill_mask(Set& set, SetId id) const;

  const Grammar grammar_;
  const std::shared_ptr<const VocabularyTrie> trie_;
  mutable std::mutex mutex_;  // guards the rest
  mutable std::vector<Frame> stacks_;
  mutable std::map<std::pair<GrammarState, std::int32_t>, std::int32_t> stack_ids_;
  mutable std::vector<std::unique_ptr<Set>> sets_;
  mutable std::map<std::pair<std::vector<Config>, bool>, SetId> set_ids_;
  SetId start_ = -1;
};

}  // namespace wright::engine
