// POST /v1/completions: a prompt continued, streamed or not. No template, no tools.
#include <fmt/format.h>

#include "base/json.h"
#include "base/utf8.h"
#include "daemon/api/generation.h"
#include "daemon/api/route_handlers.h"
#include "daemon/api/services.h"
#include "engine/run/stream.h"

namespace wright::daemon {
namespace {

struct Completion {
  std::shared_ptr<engine::Engine> engine;
  GenerationFields fields;
  engine::GenerateRequest request;
  std::string echo;  // the prompt's text, when it is to stand before the answer
};

// A text, a list of one text, or token ids.
Result<std::vector<engine::TokenId>> read_prompt(const Json& body, const engine::Engine& engine) {
  Json prompt = body.value("prompt", Json());
  if (prompt.is_array() && prompt.size() == 1 && !prompt[0].is_number()) prompt = Json(prompt[0]);
  if (prompt.is_string()) return engine.tokenizer()->encode(prompt.get_ref<const std::string&>());
  if (!prompt.is_array() || prompt.empty()) return Error{ErrorKind::usage, "prompt: must be a text or a list of token ids", ""};
  std::vector<engine::TokenId> ids;
  for (const Json& id : prompt) {
    if (!id.is_number_integer() || id.get<std::int64_t>() < 0 || id.get<std::int64_t>() >= engine.info().n_vocab)
      return Error{ErrorKind::usage, "prompt: holds something that is not a token id; send one prompt a request", ""};
    ids.push_back(id.get<engine::TokenId>());
  }
  return ids;
}

Result<Completion> prepare(DaemonState& state, const Json& body) {
  Completion out;
  WRIGHT_TRY(out.fields, read_generation_fields(body));
  if (body.contains("suffix") && body["suffix"].is_string() && !body["suffix"].get_ref<const std::string&>().empty())
    return Error{ErrorKind::usage, "suffix: this model has no fill-in-the-middle form", ""};
  WRIGHT_TRY(out.engine, engine_for(state.services, out.fields.model));
  WRIGHT_TRY(auto prompt, read_prompt(body, *out.engine));
  if (body.value("echo", Json(false)) == Json(true)) out.echo = out.engine->tokenizer()->decode(prompt);
  if (!out.fields.max_tokens) out.fields.max_tokens = 16;  // OpenAI's default
  WRIGHT_TRY(out.request, make_generate_request(*out.engine, out.fields, std::move(prompt)));
  return out;
}

Result<Choice> run_choice(const Completion& completion, int index, const Context& context, const std::function<bool(const std::string&)>& on_text) {
  Choice choice;
  engine::GenerateRequest request = completion.request;
  request.sampling.seed += static_cast<std::uint64_t>(index);
  WRIGHT_CHECK(engine::stream(*completion.engine, context, std::move(request), [&](const engine::GenerateEvent& event) {
    choice.text += event.bytes;
    choice.logprobs.insert(choice.logprobs.end(), event.logprobs.begin(), event.logprobs.end());
    if (event.done) {
      choice.usage = event.usage;
      choice.finish_reason = event.finish == engine::Finish::length ? "length" : "stop";
    }
    return !on_text || event.bytes.empty() || on_text(event.bytes);
  }));
  return choice;
}

Json choice_json(const Completion& completion, int index, const std::string& text, Json finish_reason,
                 const std::vector<engine::TokenLogprob>* logprobs) {
  return {{"index", index}, {"text", utf8::repair(text)}, {"finish_reason", std::move(finish_reason)},
          {"logprobs", logprobs && completion.fields.sampling.logprobs >= 0 ? completion_logprobs(*completion.engine->tokenizer(), *logprobs) : Json()}};
}

void answer(const Completion& completion, Responder& responder) {
  const bool streamed = completion.fields.stream;
  Json envelope = {{"id", new_id("cmpl-")}, {"object", "text_completion"}, {"created", unix_seconds()}, {"model", completion.engine->info().model_name}};
  const auto chunk = [&](Json choices) {
    Json out = envelope;
    out["choices"] = std::move(choices);
    return out;
  };
  if (streamed) responder.begin(200, "text/event-stream");
  Json choices = Json::array();
  engine::Usage total;
  for (int i = 0; i < completion.fields.n; ++i) {
    const auto send = [&](const std::string& text) { return responder.write(sse(chunk(Json::array({choice_json(completion, i, text, nullptr, nullptr)})))); };
    if (streamed && !completion.echo.empty()) send(completion.echo);
    const auto choice = run_choice(completion, i, responder.context(), streamed ? std::function<bool(const std::string&)>(send) : nullptr);
    if (!choice.ok()) {
      if (!streamed) return reply_error(responder, choice.error());
      responder.write(sse({{"error", {{"message", choice.error().text()}, {"type", "server_error"}}}}));
      return responder.end();
    }
    const Json row = choice_json(completion, i, streamed ? "" : completion.echo + choice->text, choice->finish_reason, &choice->logprobs);
    if (streamed) responder.write(sse(chunk(Json::array({row}))));
    else choices.push_back(row);
    total.prompt_tokens = choice->usage.prompt_tokens;
    total.completion_tokens += choice->usage.completion_tokens;
    if (i == 0) total.cached_tokens = choice->usage.cached_tokens;
  }
  if (!streamed) {
    envelope["choices"] = std::move(choices);
    envelope["usage"] = usage_json(total);
    return reply_json(responder, 200, envelope);
  }
  if (completion.fields.include_usage) {
    Json last = chunk(Json::array());
    last["usage"] = usage_json(total);
    responder.write(sse(last));
  }
  responder.write("data: [DONE]\n\n");
  responder.end();
}

}  // namespace

void route_completions(DaemonState& state, const HttpRequest& request, const Segments&, Responder& responder) {
  const auto body = read_object(request, responder);
  if (!body) return;
  const auto completion = prepare(state, *body);
  if (completion.ok()) return answer(*completion, responder);
  const FieldError field = split_field(completion.error());
  reply_error(responder, http_status(completion.error().kind), field.message,
              completion.error().kind == ErrorKind::limit ? "context_length_exceeded" : "", field.param);
}

}  // namespace wright::daemon
