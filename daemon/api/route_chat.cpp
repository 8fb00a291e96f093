// POST /v1/chat/completions, streamed or not.
#include <fmt/format.h>

#include "base/json.h"
#include "base/utf8.h"
#include "daemon/api/generation.h"
#include "daemon/api/route_handlers.h"
#include "daemon/api/services.h"
#include "engine/run/stream.h"

namespace wright::daemon {
namespace {

// What every chunk and the whole answer share.
struct Envelope {
  std::string id = new_id("chatcmpl-"), model;
  std::int64_t created = unix_seconds();
  Json chunk(int index, Json delta, Json finish_reason = nullptr) const {
    return {{"id", id}, {"object", "chat.completion.chunk"}, {"created", created}, {"model", model},
            {"choices", Json::array({{{"index", index}, {"delta", std::move(delta)}, {"finish_reason", std::move(finish_reason)}}})}};
  }
};

Json call_json(const engine::ChatToolCall& call, std::size_t index, bool streamed) {
  Json out = {{"id", call.id}, {"type", "function"}, {"function", {{"name", call.name}, {"arguments", dump_json(call.arguments)}}}};
  if (streamed) out["index"] = index;
  return out;
}

// Turns one choice's tokens into deltas.
class ChoiceReader {
 public:
  ChoiceReader(const engine::Engine& engine, const ChatFields& chat, std::string_view prompt_tail, bool logprobs)
      : tokenizer_(engine.tokenizer()), call_required_(chat.call_required), logprobs_(logprobs),
        plain_(chat.call_required),
        parser_(engine.chat_format()->parser(chat.render.tools, prompt_tail)) {}

  // Deltas of one event, as the API writes them.
  std::vector<Json> take(const engine::GenerateEvent& event) {
    std::vector<Json> out;
    if (plain_) {
      choice_.text += event.bytes;
    } else {
      for (const auto id : event.ids) put(parser_->feed(id, tokenizer_->bytes(id)), out);
      if (event.done) put(parser_->finish(), out);
    }
    if (logprobs_) choice_.logprobs.insert(choice_.logprobs.end(), event.logprobs.begin(), event.logprobs.end());
    if (event.done) close(event, out);
    return out;
  }
  Choice& choice() { return choice_; }

 private:
  void put(std::vector<engine::ReplyDelta> deltas, std::vector<Json>& out) {
    using Kind = engine::ReplyDelta::Kind;
    for (engine::ReplyDelta& d : deltas) {
      if (d.kind == Kind::tool_call) {
        add_call(std::move(d.tool_call), out);
      } else if (d.kind == Kind::text) {
        choice_.text += d.text;
        out.push_back({{"content", d.text}});
      } else {
        choice_.reasoning += d.text;
        out.push_back({{"reasoning_content", d.text}, {"reasoning", d.text}});
      }
    }
  }
  void add_call(engine::ChatToolCall call, std::vector<Json>& out) {
    call.id = new_id("call_");
    out.push_back({{"tool_calls", Json::array({call_json(call, choice_.calls.size(), true)})}});
    choice_.calls.push_back(std::move(call));
  }
  void close(const engine::GenerateEvent& event, std::vector<Json>& out) {
    if (call_required_) {
      auto call = parse_json(choice_.text, "the call");
      if (call.ok() && call->is_object() && call->contains("name")) {
        choice_.text.clear();
        add_call({"", (*call)["name"], call->value("arguments", Json::object())}, out);
      }
    }
    choice_.usage = event.usage;
    choice_.finish_reason = event.finish == engine::Finish::length ? "length" : choice_.calls.empty() ? "stop" : "tool_calls";
  }
  const std::shared_ptr<const engine::Tokenizer> tokenizer_;
  const bool call_required_, logprobs_, plain_;
  std::unique_ptr<engine::ReplyParser> parser_;
  Choice choice_;
};

Json message_json(const Choice& choice) {
  Json message = {{"role", "assistant"}, {"content", choice.text.empty() && !choice.calls.empty() ? Json() : Json(utf8::repair(choice.text))}, {"refusal", nullptr}};
  if (!choice.reasoning.empty()) message["reasoning_content"] = message["reasoning"] = choice.reasoning;
  for (std::size_t i = 0; i < choice.calls.size(); ++i) message["tool_calls"].push_back(call_json(choice.calls[i], i, false));
  return message;
}

struct Chat {
  std::shared_ptr<engine::Engine> engine;
  GenerationFields fields;
  ChatFields chat;
  engine::GenerateRequest request;
  std::string prompt_tail;
};

Result<Chat> prepare(DaemonState& state, const Json& body) {
  Chat out;
  WRIGHT_TRY(out.fields, read_generation_fields(body));
  WRIGHT_TRY(out.chat, read_chat_fields(body));
  WRIGHT_TRY(out.engine, engine_for(state.services, out.fields.model));
  const auto format = out.engine->chat_format();
  WRIGHT_TRY(const auto spans, format->render(out.chat.render));
  WRIGHT_TRY(out.request, make_generate_request(*out.engine, out.fields, out.engine->tokenizer()->encode_spans(spans)));
  for (auto& stop : format->stop_texts()) out.request.stops.push_back(stop);
  out.request.schema = out.chat.schema;
  for (auto it = spans.rbegin(); it != spans.rend() && out.prompt_tail.size() < 256; ++it) out.prompt_tail.insert(0, it->text);
  return out;
}

Result<Choice> run_choice(const Chat& chat, int index, const Context& context, const std::function<bool(Json delta)>& on_delta) {
  ChoiceReader reader(*chat.engine, chat.chat, chat.prompt_tail, chat.fields.sampling.logprobs >= 0);
  engine::GenerateRequest request = chat.request;
  request.sampling.seed += static_cast<std::uint64_t>(index);
  WRIGHT_CHECK(engine::stream(*chat.engine, context, std::move(request), [&](const engine::GenerateEvent& event) {
    if (event.done && event.finish == engine::Finish::error) return true;
    for (Json& delta : reader.take(event))
      if (on_delta && !on_delta(std::move(delta))) return false;
    return true;
  }));
  return std::move(reader.choice());
}

void answer_stream(const Chat& chat, Envelope envelope, Responder& responder) {
  responder.begin(200, "text/event-stream");
  engine::Usage total;
  for (int i = 0; i < chat.fields.n; ++i) {
    responder.write(sse(envelope.chunk(i, {{"role", "assistant"}, {"content", ""}})));
    const auto choice = run_choice(chat, i, responder.context(), [&](Json delta) { return responder.write(sse(envelope.chunk(i, std::move(delta)))); });
    if (!choice.ok()) {
      responder.write(sse({{"error", {{"message", choice.error().text()}, {"type", "server_error"}, {"code", nullptr}, {"param", nullptr}}}}));
      return responder.end();
    }
    Json last = envelope.chunk(i, Json::object(), choice->finish_reason);
    if (chat.fields.sampling.logprobs >= 0) last["choices"][0]["logprobs"] = chat_logprobs(*chat.engine->tokenizer(), choice->logprobs);
    responder.write(sse(last));
    total.completion_tokens += choice->usage.completion_tokens;
    total.prompt_tokens = choice->usage.prompt_tokens;
    total.cached_tokens = i == 0 ? choice->usage.cached_tokens : total.cached_tokens;
  }
  if (chat.fields.include_usage) {
    Json chunk = envelope.chunk(0, Json::object());
    chunk["choices"] = Json::array();
    chunk["usage"] = usage_json(total);
    responder.write(sse(chunk));
  }
  responder.write("data: [DONE]\n\n");
  responder.end();
}

void answer_whole(const Chat& chat, const Envelope& envelope, Responder& responder) {
  Json choices = Json::array();
  engine::Usage total;
  for (int i = 0; i < chat.fields.n; ++i) {
    const auto choice = run_choice(chat, i, responder.context(), {});
    if (!choice.ok()) return reply_error(responder, choice.error());
    Json row = {{"index", i}, {"message", message_json(*choice)}, {"finish_reason", choice->finish_reason}, {"logprobs", nullptr}};
    if (chat.fields.sampling.logprobs >= 0) row["logprobs"] = chat_logprobs(*chat.engine->tokenizer(), choice->logprobs);
    choices.push_back(std::move(row));
    total.completion_tokens += choice->usage.completion_tokens;
    total.prompt_tokens = choice->usage.prompt_tokens;
    total.cached_tokens = i == 0 ? choice->usage.cached_tokens : total.cached_tokens;
  }
  reply_json(responder, 200,
             {{"id", envelope.id}, {"object", "chat.completion"}, {"created", envelope.created}, {"model", envelope.model},
              {"choices", choices}, {"usage", usage_json(total)}});
}

}  // namespace

void route_chat_completions(DaemonState& state, const HttpRequest& request, const Segments&, Responder& responder) {
  const auto body = read_object(request, responder);
  if (!body) return;
  const auto chat = prepare(state, *body);
  if (!chat.ok()) {
    const FieldError field = split_field(chat.error());
    const bool too_long = chat.error().kind == ErrorKind::limit;
    return reply_error(responder, http_status(chat.error().kind), field.message,
                       too_long ? "context_length_exceeded" : chat.error().kind == ErrorKind::not_found ? "model_not_found" : "", field.param);
  }
  Envelope envelope;
  envelope.model = chat->engine->info().model_name;
  if (chat->fields.stream) answer_stream(*chat, envelope, responder);
  else answer_whole(*chat, envelope, responder);
}

}  // namespace wright::daemon
