// One generation of an OpenAI endpoint, from a checked request to a finished choice; the two routes differ in how they write it down.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/context.h"
#include "daemon/api/openai_request.h"

namespace wright::daemon {

struct Choice {
  std::string text, reasoning;
  std::vector<engine::ChatToolCall> calls;
  std::vector<engine::TokenLogprob> logprobs;
  std::string finish_reason;  // stop, length, tool_calls
  engine::Usage usage;
};

// The engine request for `prompt`; a `limit` error when it does not fit the context ("context_length_exceeded").
Result<engine::GenerateRequest> make_generate_request(const engine::Engine& engine, const GenerationFields& fields,
                                                      std::vector<engine::TokenId> prompt);

// Token logprobs in the two shapes of the API.
Json chat_logprobs(const engine::Tokenizer& tokenizer, const std::vector<engine::TokenLogprob>& logprobs);
Json completion_logprobs(const engine::Tokenizer& tokenizer, const std::vector<engine::TokenLogprob>& logprobs);

// The engine for a request's model name; "" and names that are not here fall to an error that lists what is.
Result<std::shared_ptr<engine::Engine>> engine_for(class Services& services, const std::string& model);

// data: {...}\n\n
std::string sse(const Json& body);

}  // namespace wright::daemon
