// Pre-tokenisation: the text between added tokens is normalised and cut into pieces that never merge with each other.
// A list of steps, from a GGUF's name for it (a table) or from tokenizer.json. Immutable once built, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "engine/text/regex.h"

namespace wright::engine {

enum class SplitBehavior { isolated, removed, merged_with_previous, merged_with_next, contiguous };

struct SplitStep {
  Regex regex;
  SplitBehavior behavior = SplitBehavior::isolated;
  bool invert = false;
};

struct NormalizeStep {
  enum class Kind { nfc, replace, prepend } kind = Kind::nfc;
  std::optional<Regex> pattern;  // replace; without it `from` is literal
  std::string from, to;          // prepend: `to`
};

struct PreTokenizer {
  std::vector<NormalizeStep> normalize;
  std::vector<SplitStep> splits;
  bool byte_level = false;         // the vocabulary is spelled in the byte alphabet
  bool prefix_space = false;       // ByteLevel add_prefix_space
  std::string space_mark;          // Metaspace: what a space becomes ("▁"); empty: none
  enum class Mark { never, first, always } prepend_mark = Mark::never;
  bool split_at_mark = false;      // Metaspace split
  bool ignore_merges = false;      // a piece that is a token is that token

  // `text` normalised (all steps); `first`: it stands at the start of the input.
  std::string normalized(std::string_view text, bool first) const;
  // Cuts normalised text; the views borrow it.
  std::vector<std::string_view> split(std::string_view text) const;
};

// By the GGUF key tokenizer.ggml.pre; an unknown name is an error that says so.
Result<PreTokenizer> pre_tokenizer_by_name(std::string_view name);
// One split step by one pattern, as tiktoken and tekken have.
Result<PreTokenizer> pre_tokenizer_by_pattern(std::string_view pattern, std::string_view what);
// "normalizer" and "pre_tokenizer" of tokenizer.json.
Result<PreTokenizer> pre_tokenizer_from_json(const Json& normalizer, const Json& pre_tokenizer);

}  // namespace wright::engine
