#include "engine/run/reply_grammar.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>

#include "engine/run/engine.h"

namespace wright::engine {

ReplyGrammar::ReplyGrammar(std::shared_ptr<const Tokenizer> tokenizer, StateRef start, TokenId reasoning_end, int max_tokens,
                           bool jump)
    : tokenizer_(std::move(tokenizer)), state_(std::move(start)), reasoning_end_(reasoning_end), max_tokens_(max_tokens),
      jump_forward_(jump) {}

Result<ReplyGrammar> ReplyGrammar::begin(std::shared_ptr<const Constraint> constraint,
                                         std::shared_ptr<const Tokenizer> tokenizer, TokenId reasoning_end, int max_tokens,
                                         bool jump_forward) {
  ReplyGrammar out(std::move(tokenizer), constraint->start(), reasoning_end, max_tokens, jump_forward);
  const int before = reasoning_end >= 0 ? 1 : 0;
  if (!out.fits(*out.state_, before)) {
    const auto least = out.tokenizer_->encode(out.state_->shortest_close(), {false}).size() + static_cast<std::size_t>(before);
    return Error{ErrorKind::limit, fmt::format("max_tokens {} is too small for the schema; its shortest reply has {} tokens", max_tokens, least),
                 "raise max_tokens"};
  }
  return out;
}

bool ReplyGrammar::fits(const ConstraintState& state, int used) const {
  const std::string close = state.shortest_close();
  const auto room = static_cast<std::size_t>(std::max(0, max_tokens_ - used));
  return close.size() <= room || tokenizer_->encode(close, {false}).size() <= room;  // a token has at least a byte
}

const TokenMask* ReplyGrammar::mask() {
  if (reasoning_end_ >= 0) return nullptr;
  if (!mask_) {
    mask_.emplace((static_cast<std::size_t>(tokenizer_->size()) + 63) / 64, 0);
    state_->mask(*mask_);
  }
  return &*mask_;
}

bool ReplyGrammar::finished() {
  if (closed_early_) return true;
  if (reasoning_end_ >= 0 || !state_->complete()) return false;
  TokenMask rest = *mask();
  for (const TokenId end : tokenizer_->end_tokens())
    if (end >= 0 && static_cast<std::size_t>(end) / 64 < rest.size())
      rest[static_cast<std::size_t>(end) / 64] &= ~(std::uint64_t{1} << (end % 64));
  return std::all_of(rest.begin(), rest.end(), [](std::uint64_t word) { return word == 0; });
}

Result<std::vector<TokenId>> ReplyGrammar::accept(TokenId id, int used) {
  if (reasoning_end_ >= 0) {
    // Thinking may go on while its end and the shortest reply still fit behind this token.
    if (id != reasoning_end_ && fits(*state_, used + 2)) return std::vector{id};
    std::vector<TokenId> out{reasoning_end_};
    reasoning_end_ = -1;
    if (jump_forward_) jump(out, used + 1);
    return out;
  }
  const StateRef next = state_->advance(id);
  if (!next) return Error{ErrorKind::model, fmt::format("the grammar's mask allowed token {}, its automaton does not", id), "report this schema"};
  if (!fits(*next, used + 1)) {
    closed_early_ = true;
    return tokenizer_->encode(state_->shortest_close(), {false});
  }
  state_ = next;
  mask_.reset();
  std::vector<TokenId> out{id};
  if (jump_forward_) jump(out, used + 1);
  return out;
}

// Forced text, tokenised as the model would spell it. Its last token is left to the mask (token healing): what follows may
// join it, as `"` and `a` do in `"a`.
void ReplyGrammar::jump(std::vector<TokenId>& out, int used) {
  const std::string forced = state_->forced();
  if (forced.empty()) return;
  std::vector<TokenId> ids = tokenizer_->encode(forced, {false});
  if (!ids.empty()) ids.pop_back();
  for (const TokenId id : ids) {
    const StateRef next = state_->advance(id);
    if (!next || !fits(*next, ++used)) return;
    state_ = next;
    mask_.reset();
    out.push_back(id);
  }
}

Result<std::shared_ptr<const Constraint>> constraint_of(const GenerateRequest& request, std::shared_ptr<const Tokenizer> tokenizer) {
  if (request.schema && !request.choices.empty())
    return Error{ErrorKind::usage, "a request may have a schema or choices, not both", ""};
  if (request.schema) return compile_schema(std::move(tokenizer), *request.schema);
  if (!request.choices.empty()) return compile_choices(std::move(tokenizer), request.choices);
  return std::shared_ptr<const Constraint>();
}

TokenId open_reasoning_end(std::span<const TokenId> prompt, const Tokenizer& tokenizer) {
  const auto begin = tokenizer.find("<think>"), end = tokenizer.find("</think>");
  if (!begin || !end) return -1;
  for (auto it = prompt.rbegin(); it != prompt.rend(); ++it) {
    if (*it == *end) return -1;
    if (*it == *begin) return *end;
  }
  return -1;
}

}  // namespace wright::engine
