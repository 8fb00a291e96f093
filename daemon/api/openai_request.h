// What OpenAI's generation endpoints share: the fields of a request, checked once, with the field's name in the error. The field
// list follows platform.openai.com/docs/api-reference; top_k, min_p and repeat_penalty are llama-server's and vLLM's additions.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/chat/chat_format.h"
#include "engine/run/engine.h"

namespace wright::daemon {

using Json = nlohmann::json;

// An error's message begins with the field: "temperature: must be between 0 and 2".
struct GenerationFields {
  std::string model;
  engine::Sampling sampling;
  std::optional<int> max_tokens;
  std::vector<std::string> stops;
  int n = 1;
  bool stream = false, include_usage = false;
};
Result<GenerationFields> read_generation_fields(const Json& body);

struct ChatFields {
  engine::RenderRequest render;
  std::shared_ptr<const Json> schema;  // of response_format, or of a required call; null: free
  bool call_required = false;          // the reply is {"name","arguments"} by `schema`
};
Result<ChatFields> read_chat_fields(const Json& body);

Json usage_json(const engine::Usage& usage);
std::string new_id(std::string_view prefix);
std::int64_t unix_seconds();
// Answers an error of the field readers: 400 with "param".
struct FieldError { std::string message, param; };
FieldError split_field(const Error& error);

}  // namespace wright::daemon
