#include "engine/run/validate.h"

#include <fmt/format.h>

#include <cmath>

namespace wright::engine {
namespace {

Result<void> known_ids(std::span<const TokenId> ids, const EngineInfo& info, std::string_view what) {
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (ids[i] < 0 || ids[i] >= info.n_vocab)
      return Error{ErrorKind::usage, fmt::format("{} [{}]: id {} is outside the vocabulary of {}", what, i, ids[i], info.n_vocab),
                   "use this model's tokenizer"};
  return {};
}

Error too_long(std::string_view what, std::size_t tokens, const EngineInfo& info) {
  return {ErrorKind::limit, fmt::format("{} of {} tokens is longer than the context of {}", what, tokens, info.context_length),
          "shorten it, or load the model with a longer context"};
}

}  // namespace

Result<void> validate(const GenerateRequest& request, const EngineInfo& info) {
  const Sampling& s = request.sampling;
  if (request.prompt.empty()) return Error{ErrorKind::usage, "the prompt has no tokens", "give at least one"};
  WRIGHT_CHECK(known_ids(request.prompt, info, "prompt"));
  for (const auto& draft : request.drafts) WRIGHT_CHECK(known_ids(draft, info, "drafts"));
  if (request.prompt.size() >= static_cast<std::size_t>(info.context_length)) return too_long("the prompt", request.prompt.size(), info);
  if (request.max_tokens < 0) return Error{ErrorKind::usage, fmt::format("max_tokens {} is negative", request.max_tokens), "give 0 or more"};
  for (const float x : {s.temperature, s.top_p, s.min_p, s.repeat_penalty, s.presence_penalty, s.frequency_penalty})
    if (!std::isfinite(x)) return Error{ErrorKind::usage, "a sampling parameter is not finite", "give a number"};
  if (s.temperature < 0 || s.top_k < 0 || s.top_p < 0 || s.min_p < 0 || s.repeat_penalty <= 0)
    return Error{ErrorKind::usage, "temperature, top_k, top_p and min_p must be 0 or more, repeat_penalty more than 0", "see the sampling options"};
  return {};
}

Result<void> validate(const ScoreRequest& request, const EngineInfo& info) {
  WRIGHT_CHECK(known_ids(request.text, info, "text"));
  for (std::size_t g = 0; g < request.groups.size(); ++g) {
    const auto& group = request.groups[g];
    if (group.prefix < 1 || static_cast<std::size_t>(group.prefix) > request.text.size())
      return Error{ErrorKind::usage, fmt::format("groups[{}].prefix: {} is not within 1 and the text's {} tokens", g, group.prefix, request.text.size()),
                   "score behind at least one token"};
    for (const auto& candidate : group.candidates) {
      WRIGHT_CHECK(known_ids(candidate, info, fmt::format("groups[{}].candidates", g)));
      const std::size_t tokens = static_cast<std::size_t>(group.prefix) + candidate.size();
      if (tokens > static_cast<std::size_t>(info.context_length)) return too_long("a prefix and candidate", tokens, info);
    }
  }
  return {};
}

std::optional<ScoreReply> reply_without_tokens(const ScoreRequest& request) {
  ScoreReply reply;
  for (const auto& group : request.groups) {
    for (const auto& candidate : group.candidates)
      if (!candidate.empty()) return std::nullopt;
    reply.logprobs.emplace_back(group.candidates.size());
  }
  return reply;
}

}  // namespace wright::engine
