// Constrained decoding: a JSON Schema (or a list of literal alternatives) compiled to an automaton over bytes, walked
// with the vocabulary's trie to give token masks. Compiled objects are immutable and shared; states are persistent values,
// cheap to copy (fork for drafts, drop on rejection). Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "engine/text/tokenizer.h"

namespace wright::engine {

// One bit a token id, word i bit j = id 64 i + j.
using TokenMask = std::vector<std::uint64_t>;

class Constraint;

// Where in the grammar a generation stands.
class ConstraintState {
 public:
  virtual ~ConstraintState() = default;
  // Sets the bits of tokens that may come next. End-of-generation tokens are set iff complete().
  virtual void mask(TokenMask& out) const = 0;
  // The state after `id`; null when it is not allowed.
  virtual std::shared_ptr<const ConstraintState> advance(TokenId id) const = 0;
  virtual bool complete() const = 0;  // the text so far is a whole value
  // Bytes that must come next whatever is sampled ("" when there is a choice): jump-forward.
  virtual std::string forced() const = 0;
  // Bytes of a short valid way to the end from here: what the token budget reserves.
  virtual std::string shortest_close() const = 0;
};

class Constraint {
 public:
  virtual ~Constraint() = default;
  virtual std::shared_ptr<const ConstraintState> start() const = 0;
};

// Schemas: type, enum, const, properties, required, additionalProperties, items, prefixItems, min/maxItems, anyOf, oneOf,
// allOf (of objects), $ref/$defs, pattern, min/maxLength, minimum/maximum of integers, format ignored. What is unsupported is a
// `usage` error that names it; nothing is silently widened. Keys come in schema order; whitespace as JSON allows, bounded.
Result<std::shared_ptr<const Constraint>> compile_schema(std::shared_ptr<const Tokenizer> tokenizer, const Json& schema);
// Exactly one of the given texts.
Result<std::shared_ptr<const Constraint>> compile_choices(std::shared_ptr<const Tokenizer> tokenizer,
                                                          std::span<const std::string> choices);
// Text matching a regular expression (the pattern dialect of JSON Schema).
Result<std::shared_ptr<const Constraint>> compile_pattern(std::shared_ptr<const Tokenizer> tokenizer, std::string_view pattern);

}  // namespace wright::engine
