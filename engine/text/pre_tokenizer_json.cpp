// "normalizer" and "pre_tokenizer" of tokenizer.json. A kind that is not known is an error that names it.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/text/pre_tokenizer.h"

namespace wright::engine {
namespace {

constexpr const char* kGpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

Error unsupported(const JsonView& view, std::string_view what) {
  Error e = view.error(fmt::format("{} is not supported", what));
  e.next = "use a GGUF of this model, or a newer Wright";
  return e;
}

// {"Regex": …} or {"String": …}
struct Pattern {
  std::string text;
  bool regex = false;
};
Result<Pattern> pattern_of(const JsonView& view) {
  WRIGHT_TRY(const auto pattern, view.at("pattern"));
  const bool regex = pattern.has("Regex");
  WRIGHT_TRY(const auto field, pattern.at(regex ? "Regex" : "String"));
  WRIGHT_TRY(auto text, field.string());
  return Pattern{std::move(text), regex};
}

std::string quoted(const std::string& literal) {
  std::string out;
  for (const char c : literal) {
    if (std::string_view("\\^$.[]|()?*+{}-#&~/").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

Result<void> add_normalizer(const JsonView& view, PreTokenizer& out, int depth) {
  WRIGHT_TRY(const auto type, view.string_or("type", ""));
  if (type == "Sequence" && depth < 8) {
    WRIGHT_TRY(const auto list, view.at("normalizers"));
    for (std::size_t i = 0; i < list.size(); ++i) {
      WRIGHT_TRY(const auto part, list.at(i));
      WRIGHT_CHECK(add_normalizer(part, out, depth + 1));
    }
    return {};
  }
  NormalizeStep step;
  if (type == "NFC") {
    step.kind = NormalizeStep::Kind::nfc;
  } else if (type == "Prepend") {
    step.kind = NormalizeStep::Kind::prepend;
    WRIGHT_TRY(step.to, view.string_or("prepend", ""));
  } else if (type == "Replace") {
    step.kind = NormalizeStep::Kind::replace;
    WRIGHT_TRY(auto pattern, pattern_of(view));
    WRIGHT_TRY(step.to, view.string_or("content", ""));
    if (pattern.regex) {
      WRIGHT_TRY(auto regex, Regex::compile(pattern.text, view.path()));
      step.pattern = std::move(regex);
    } else {
      step.from = std::move(pattern.text);
    }
  } else {
    return unsupported(view, fmt::format("normaliser \"{}\"", type));
  }
  out.normalize.push_back(std::move(step));
  return {};
}

Result<void> add_split(PreTokenizer& out, std::string_view pattern, const JsonView& view, SplitBehavior behavior,
                       bool invert = false) {
  WRIGHT_TRY(auto regex, Regex::compile(pattern, view.path()));
  out.splits.push_back({std::move(regex), behavior, invert});
  return {};
}

Result<SplitBehavior> behavior_of(const JsonView& view) {
  WRIGHT_TRY(const auto name, view.string_or("behavior", "Isolated"));
  if (name == "Isolated") return SplitBehavior::isolated;
  if (name == "Removed") return SplitBehavior::removed;
  if (name == "MergedWithPrevious") return SplitBehavior::merged_with_previous;
  if (name == "MergedWithNext") return SplitBehavior::merged_with_next;
  if (name == "Contiguous") return SplitBehavior::contiguous;
  return unsupported(view, fmt::format("split behaviour \"{}\"", name));
}

Result<void> add_pre_tokenizer(const JsonView& view, PreTokenizer& out, int depth) {
  WRIGHT_TRY(const auto type, view.string_or("type", ""));
  if (type == "Sequence" && depth < 8) {
    WRIGHT_TRY(const auto list, view.at("pretokenizers"));
    for (std::size_t i = 0; i < list.size(); ++i) {
      WRIGHT_TRY(const auto part, list.at(i));
      WRIGHT_CHECK(add_pre_tokenizer(part, out, depth + 1));
    }
    return {};
  }
  if (out.byte_level) return unsupported(view, "a step after ByteLevel");
  if (type == "ByteLevel") {
    out.byte_level = true;
    WRIGHT_TRY(out.prefix_space, view.boolean_or("add_prefix_space", true));
    if (out.prefix_space && !out.splits.empty()) return unsupported(view, "add_prefix_space after another step");
    WRIGHT_TRY(const bool use_regex, view.boolean_or("use_regex", true));
    if (use_regex) WRIGHT_CHECK(add_split(out, kGpt2, view, SplitBehavior::isolated));
    return {};
  }
  if (type == "Split") {
    WRIGHT_TRY(const auto pattern, pattern_of(view));
    WRIGHT_TRY(const auto behavior, behavior_of(view));
    WRIGHT_TRY(const bool invert, view.boolean_or("invert", false));
    return add_split(out, pattern.regex ? pattern.text : quoted(pattern.text), view, behavior, invert);
  }
  if (type == "Digits") {
    WRIGHT_TRY(const bool individual, view.boolean_or("individual_digits", false));
    return add_split(out, individual ? R"(\p{N})" : R"(\p{N}+)", view, SplitBehavior::isolated);
  }
  if (type == "Punctuation") {
    WRIGHT_TRY(const auto behavior, behavior_of(view));
    return add_split(out, R"([!-/:-@\[-`{-~\p{P}])", view, behavior);
  }
  if (type == "Whitespace") return add_split(out, R"(\w+|[^\w\s]+)", view, SplitBehavior::removed, true);
  if (type == "WhitespaceSplit") return add_split(out, R"(\s)", view, SplitBehavior::removed);
  if (type == "Metaspace") {
    WRIGHT_TRY(out.space_mark, view.string_or("replacement", "▁"));
    WRIGHT_TRY(const bool add_prefix, view.boolean_or("add_prefix_space", true));
    WRIGHT_TRY(const auto scheme, view.string_or("prepend_scheme", add_prefix ? "always" : "never"));
    out.prepend_mark = scheme == "never"   ? PreTokenizer::Mark::never
                       : scheme == "first" ? PreTokenizer::Mark::first
                                           : PreTokenizer::Mark::always;
    WRIGHT_TRY(out.split_at_mark, view.boolean_or("split", true));
    return {};
  }
  return unsupported(view, fmt::format("pre-tokeniser \"{}\"", type));
}

}  // namespace

Result<PreTokenizer> pre_tokenizer_from_json(const Json& normalizer, const Json& pre_tokenizer) {
  PreTokenizer out;
  if (!normalizer.is_null()) WRIGHT_CHECK(add_normalizer(JsonView(normalizer, "normalizer"), out, 0));
  if (!pre_tokenizer.is_null()) WRIGHT_CHECK(add_pre_tokenizer(JsonView(pre_tokenizer, "pre_tokenizer"), out, 0));
  return out;
}

}  // namespace wright::engine
