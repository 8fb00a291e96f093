// A constraint as one reply meets it: the mask of the next token, forced text that needs no sampling (jump-forward), a budget
// that always leaves room for the shortest valid close, and the wait for the end of reasoning. One a request; engine thread.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/text/constraint.h"

namespace wright::engine {

class ReplyGrammar {
 public:
  // `reasoning_end`: the constraint begins behind this token; -1: at once. An error of kind `limit` when `max_tokens` does
  // not even hold the shortest reply.
  static Result<ReplyGrammar> begin(std::shared_ptr<const Constraint> constraint, std::shared_ptr<const Tokenizer> tokenizer,
                                    TokenId reasoning_end, int max_tokens, bool jump_forward);

  // What the next token may be; null: anything.
  const TokenMask* mask();
  // `id` was chosen as token number `used` of the reply. Returns what is to be appended: usually `id`, then what is forced
  // behind it; or, where the budget ends, the way to a valid end.
  Result<std::vector<TokenId>> accept(TokenId id, int used);
  // Nothing but the end can follow.
  bool finished();
  bool closed_early() const { return closed_early_; }

 private:
  using StateRef = std::shared_ptr<const ConstraintState>;
  ReplyGrammar(std::shared_ptr<const Tokenizer> tokenizer, StateRef start, TokenId reasoning_end, int max_tokens, bool jump);
  bool fits(const ConstraintState& state, int used) const;
  void jump(std::vector<TokenId>& out, int used);
  std::shared_ptr<const Tokenizer> tokenizer_;
  StateRef state_;
  TokenId reasoning_end_;
  int max_tokens_;
  bool jump_forward_;
  bool closed_early_ = false;
  std::optional<TokenMask> mask_;  // of state_, once asked for
};

// The constraint of a request's schema or choices; null: none. Compiling may take milliseconds: any thread.
struct GenerateRequest;
Result<std::shared_ptr<const Constraint>> constraint_of(const GenerateRequest& request, std::shared_ptr<const Tokenizer> tokenizer);
// The token that ends reasoning when `prompt` ends inside of it (<think> without </think>), else -1.
TokenId open_reasoning_end(std::span<const TokenId> prompt, const Tokenizer& tokenizer);

}  // namespace wright::engine
