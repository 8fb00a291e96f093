#include "engine/text/constraint.h"

#include <map>
#include <mutex>

#include "engine/text/automaton.h"
#include "engine/text/json_schema.h"
#include "engine/text/pattern.h"

namespace wright::engine {
namespace {

// One trie a tokenizer, while anybody uses it.
std::shared_ptr<const VocabularyTrie> trie_of(const std::shared_ptr<const Tokenizer>& tokenizer) {
  static std::mutex mutex;  // guards tries
  static std::map<std::weak_ptr<const Tokenizer>, std::weak_ptr<const VocabularyTrie>, std::owner_less<>> tries;
  std::lock_guard lock(mutex);
  std::erase_if(tries, [](const auto& entry) { return entry.first.expired(); });
  auto& slot = tries[tokenizer];
  auto trie = slot.lock();
  if (!trie) slot = trie = std::make_shared<const VocabularyTrie>(*tokenizer);
  return trie;
}

class State final : public ConstraintState {
 public:
  State(std::shared_ptr<const Automaton> automaton, std::shared_ptr<const Tokenizer> tokenizer, Automaton::SetId set)
      : automaton_(std::move(automaton)), tokenizer_(std::move(tokenizer)), set_(set) {}
  void mask(TokenMask& out) const override { automaton_->mask(set_, out); }
  std::shared_ptr<const ConstraintState> advance(TokenId id) const override {
    const std::string_view bytes = tokenizer_->bytes(id);
    if (bytes.empty() || tokenizer_->is_special(id)) return nullptr;
    const Automaton::SetId to = automaton_->advance(set_, bytes);
    return to < 0 ? nullptr : std::make_shared<State>(automaton_, tokenizer_, to);
  }
  bool complete() const override { return automaton_->complete(set_); }
  std::string forced() const override { return automaton_->forced(set_); }
  std::string shortest_close() const override { return automaton_->shortest_close(set_); }

 private:
  const std::shared_ptr<const Automaton> automaton_;
  const std::shared_ptr<const Tokenizer> tokenizer_;
  const Automaton::SetId set_;
};

class AutomatonConstraint final : public Constraint {
 public:
  AutomatonConstraint(Grammar grammar, std::shared_ptr<const Tokenizer> tokenizer)
      : trie_(trie_of(tokenizer)), automaton_(std::make_shared<Automaton>(std::move(grammar), trie_)), tokenizer_(std::move(tokenizer)) {}
  std::shared_ptr<const ConstraintState> start() const override { return std::make_shared<State>(automaton_, tokenizer_, automaton_->start()); }

 private:
  const std::shared_ptr<const VocabularyTrie> trie_;
  const std::shared_ptr<const Automaton> automaton_;
  const std::shared_ptr<const Tokenizer> tokenizer_;
};

}  // namespace

Result<std::shared_ptr<const Constraint>> compile_schema(std::shared_ptr<const Tokenizer> tokenizer, const Json& schema) {
  WRIGHT_TRY(Grammar grammar, compile_json_schema(schema));
  return std::shared_ptr<const Constraint>(std::make_shared<AutomatonConstraint>(std::move(grammar), std::move(tokenizer)));
}

Result<std::shared_ptr<const Constraint>> compile_choices(std::shared_ptr<const Tokenizer> tokenizer, std::span<const std::string> choices) {
  if (choices.empty()) return Error{ErrorKind::usage, "there is nothing to choose from", ""};
  Grammar grammar;
  const GrammarRule rule = grammar.add_rule();
  for (const std::string& choice : choices) {
    if (choice.empty()) return Error{ErrorKind::usage, "a choice is empty", ""};
    grammar.mark_end(grammar.add_text(grammar.start_of(rule), choice));
  }
  WRIGHT_CHECK(grammar.finish(rule));
  return std::shared_ptr<const Constraint>(std::make_shared<AutomatonConstraint>(std::move(grammar), std::move(tokenizer)));
}

Result<std::shared_ptr<const Constraint>> compile_pattern(std::shared_ptr<const Tokenizer> tokenizer, std::string_view pattern) {
  Grammar grammar;
  const GrammarRule rule = grammar.add_rule();
  WRIGHT_TRY(const GrammarState end, add_pattern(grammar, grammar.start_of(rule), pattern, PatternText::plain));
  grammar.mark_end(end);
  WRIGHT_CHECK(grammar.finish(rule));
  return std::shared_ptr<const Constraint>(std::make_shared<AutomatonConstraint>(std::move(grammar), std::move(tokenizer)));
}

}  // namespace wright::engine
