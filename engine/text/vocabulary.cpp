#include "engine/text/vocabulary.h"

#include <algorithm>

namespace wright::engine {
namespace {

// Control tokens that end a turn in the families we know, beside what the file calls its end of sequence.
constexpr std::string_view kEndNames[] = {
    "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|endoftext|>", "<|return|>", "<|call|>",
    "<end_of_turn>", "<turn|>", "<｜end▁of▁sentence｜>", "<|user|>", "<|observation|>", "[e~[", "<|eot|>", "<|end_of_turn|>",
};

}  // namespace

void Vocabulary::find_ends() {
  const auto put = [&](TokenId id) {
    if (holds(id) && std::find(ends.begin(), ends.end(), id) == ends.end()) ends.push_back(id);
  };
  put(eos);
  for (const auto name : kEndNames)
    if (const AddedToken* token = added.find(name); token && special[static_cast<std::size_t>(token->id)]) put(token->id);
  // In harmony <|end|> only closes a message; elsewhere it closes the reply.
  if (const AddedToken* end = added.find("<|end|>"); end && !added.find("<|channel|>")) put(end->id);
}

std::vector<TokenId> VocabularyTokenizer::encode_ranges(std::string_view text, std::span<const TrustRange> trust) const {
  std::vector<TokenId> out;
  out.reserve(text.size() / 3 + 4);
  bool first = true;
  for (const Segment& segment : vocabulary_.added.cut(text, trust)) {
    if (segment.id >= 0) out.push_back(segment.id);
    else encode_text(segment.text, first, out);
    first = false;
  }
  return out;
}

std::vector<TokenId> VocabularyTokenizer::encode(std::string_view text, EncodeOptions options) const {
  const TrustRange whole{text.size(), parses_special(options)};
  return encode_ranges(text, {&whole, 1});
}

std::vector<TokenId> VocabularyTokenizer::encode_spans(std::span<const TextSpan> spans) const {
  std::string text;
  std::vector<TrustRange> trust;
  for (const TextSpan& span : spans) {
    if (span.text.empty()) continue;
    text += span.text;
    if (!trust.empty() && trust.back().trusted == span.trusted) trust.back().end = text.size();
    else trust.push_back({text.size(), span.trusted});
  }
  return encode_ranges(text, trust);
}

std::string_view VocabularyTokenizer::bytes(TokenId id) const {
  return vocabulary_.holds(id) ? std::string_view(vocabulary_.pieces[static_cast<std::size_t>(id)]) : std::string_view();
}

std::string VocabularyTokenizer::decode(std::span<const TokenId> ids) const {
  std::string out;
  for (const TokenId id : ids) out += bytes(id);
  return out;
}

bool VocabularyTokenizer::is_special(TokenId id) const {
  return vocabulary_.holds(id) && vocabulary_.special[static_cast<std::size_t>(id)];
}

std::optional<TokenId> VocabularyTokenizer::find(std::string_view token) const {
  const AddedToken* found = vocabulary_.added.find(token);
  return found ? std::optional<TokenId>(found->id) : std::nullopt;
}

}  // namespace wright::engine
