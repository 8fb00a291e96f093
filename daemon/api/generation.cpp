#include "daemon/api/generation.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/utf8.h"
#include "daemon/api/services.h"

namespace wright::daemon {
namespace {

Json token_row(const engine::Tokenizer& tokenizer, engine::TokenId id, float logprob) {
  const std::string bytes(tokenizer.bytes(id));
  Json values = Json::array();
  for (const unsigned char b : bytes) values.push_back(b);
  return {{"token", utf8::repair(bytes)}, {"logprob", logprob}, {"bytes", values}};
}

}  // namespace

Result<engine::GenerateRequest> make_generate_request(const engine::Engine& engine, const GenerationFields& fields,
                                                      std::vector<engine::TokenId> prompt) {
  const int context = engine.info().context_length, used = static_cast<int>(prompt.size());
  if (prompt.empty()) return Error{ErrorKind::usage, "prompt: is empty", ""};
  if (used >= context)
    return Error{ErrorKind::limit, fmt::format("this model's context is {} tokens; the prompt has {}", context, used), "send less"};
  for (const auto& [id, bias] : fields.sampling.logit_bias)
    if (id >= engine.info().n_vocab) return Error{ErrorKind::usage, fmt::format("logit_bias: there is no token {}", id), ""};
  engine::GenerateRequest out;
  out.prompt = std::move(prompt);
  out.sampling = fields.sampling;
  out.stops = fields.stops;
  out.max_tokens = std::min(fields.max_tokens.value_or(context - used), context - used);
  return out;
}

Json chat_logprobs(const engine::Tokenizer& tokenizer, const std::vector<engine::TokenLogprob>& logprobs) {
  Json content = Json::array();
  for (const auto& p : logprobs) {
    Json row = token_row(tokenizer, p.id, p.logprob);
    row["top_logprobs"] = Json::array();
    for (const auto& [id, logprob] : p.top) row["top_logprobs"].push_back(token_row(tokenizer, id, logprob));
    content.push_back(std::move(row));
  }
  return {{"content", content}, {"refusal", nullptr}};
}

Json completion_logprobs(const engine::Tokenizer& tokenizer, const std::vector<engine::TokenLogprob>& logprobs) {
  Json out = {{"tokens", Json::array()}, {"token_logprobs", Json::array()}, {"top_logprobs", Json::array()}, {"text_offset", Json::array()}};
  std::size_t offset = 0;
  for (const auto& p : logprobs) {
    const std::string text = utf8::repair(std::string(tokenizer.bytes(p.id)));
    Json top = Json::object();
    for (const auto& [id, logprob] : p.top) top[utf8::repair(std::string(tokenizer.bytes(id)))] = logprob;
    out["tokens"].push_back(text);
    out["token_logprobs"].push_back(p.logprob);
    out["top_logprobs"].push_back(std::move(top));
    out["text_offset"].push_back(offset);
    offset += text.size();
  }
  return out;
}

Result<std::shared_ptr<engine::Engine>> engine_for(Services& services, const std::string& model) {
  if (model.find('/') != std::string::npos)  // clients name models of the list, never files of the machine
    return Error{ErrorKind::not_found, fmt::format("the model '{}' does not exist", model), "GET /v1/models lists what is here"};
  return services.engine(model == "default" ? "" : model);
}

std::string sse(const Json& body) { return "data: " + dump_json(body) + "\n\n"; }

}  // namespace wright::daemon
