// The embedded engine as a model: template, provenance-aware tokens, generation, reply parser.
#include <random>

#include "agent/providers/conversation.h"
#include "agent/providers/providers.h"
#include "engine/chat/chat_format.h"
#include "engine/run/stream.h"

namespace wright::agent {
namespace {

class LocalModel final : public Model {
 public:
  LocalModel(std::shared_ptr<engine::Engine> engine, bool guided) : engine_(std::move(engine)) {
    const engine::EngineInfo& i = engine_->info();
    info_ = {"local", i.model_name.empty() ? i.model_path : i.model_name, i.context_length, guided, true};
  }
  const ModelInfo& info() const override { return info_; }
  int count_tokens(const std::string& text) const override {
    return static_cast<int>(engine_->tokenizer()->encode(text, {false}).size());
  }

  Result<ModelReply> generate(const Context& context, const ModelRequest& request,
                              const std::function<void(const ModelDelta&)>& sink) override {
    WRIGHT_CHECK(context.check());
    const auto format = engine_->chat_format();
    const auto tokenizer = engine_->tokenizer();
    engine::RenderRequest render;
    render.messages = conversation_of(request);
    render.tools = request.tools;
    render.effort = request.effort;
    WRIGHT_TRY(const auto spans, format->render(render));
    engine::GenerateRequest ask;
    ask.prompt = tokenizer->encode_spans(spans);
    const int room = info_.context_tokens - static_cast<int>(ask.prompt.size());
    if (info_.context_tokens > 0 && room < 1)
      return Error{ErrorKind::limit, "the conversation is longer than the model's context of " + std::to_string(info_.context_tokens) + " tokens",
                   "start a new session, or use a model with a longer context"};
    ask.max_tokens = info_.context_tokens > 0 ? std::min(request.max_tokens, room) : request.max_tokens;
    ask.stops = format->stop_texts();
    if (!request.schema.is_null()) ask.schema = std::make_shared<const Json>(request.schema);
    std::string tail;
    for (auto it = spans.rbegin(); it != spans.rend() && tail.size() < 256; ++it) tail.insert(0, it->text);
    Run run(format->parser(request.tools, tail), sink);

    engine::GenerateEvent last;
    WRIGHT_CHECK(engine::stream(*engine_, context, std::move(ask), [&](const engine::GenerateEvent& event) {
      run.take(event, *tokenizer);
      if (event.done) last = event;
      return true;
    }));
    return run.reply(last);
  }

 private:
  // Unique in a session; nine letters and digits, since Mistral's templates take no other.
  static std::string call_id() {
    static constexpr std::string_view kDigits = "abcdefghijklmnopqrstuvwxyz0123456789";
    static thread_local std::mt19937_64 random{std::random_device{}()};
    std::string out;
    for (int i = 0; i < 9; ++i) out += kDigits[random() % kDigits.size()];
    return out;
  }

  // What one generation gathers.
  class Run {
   public:
    Run(std::unique_ptr<engine::ReplyParser> parser, const std::function<void(const ModelDelta&)>& sink)
        : parser_(std::move(parser)), sink_(sink) {}

    void take(const engine::GenerateEvent& event, const engine::Tokenizer& tokenizer) {
      // Ids tell markers from text that only looks like one.
      ids_.insert(ids_.end(), event.ids.begin(), event.ids.end());
      for (const auto id : event.ids) put(parser_->feed(id, tokenizer.bytes(id)));
    }
    Result<ModelReply> reply(const engine::GenerateEvent& last) {
      put(parser_->finish());
      const bool any = !calls_.empty();
      ModelReply out = reply_of(std::move(reasoning_), std::move(text_), std::move(calls_));
      for (Item& item : out.items)
        if (auto* message = std::get_if<MessageItem>(&item.body)) message->token_ids = ids_;
      out.usage = {last.usage.prompt_tokens, last.usage.cached_tokens, last.usage.completion_tokens, 0, 0};
      out.finish = last.finish == engine::Finish::length ? "length" : any ? "tool_calls" : "stop";
      return out;
    }

   private:
    void put(std::vector<engine::ReplyDelta> deltas) {
      using Kind = engine::ReplyDelta::Kind;
      for (engine::ReplyDelta& d : deltas) {
        if (d.kind == Kind::tool_call) {
          if (sink_) sink_({ModelDelta::Kind::tool_call_begin, d.tool_call.name});
          calls_.push_back({call_id(), d.tool_call.name, std::move(d.tool_call.arguments), {}});
          continue;
        }
        const bool text = d.kind == Kind::text;
        (text ? text_ : reasoning_) += d.text;
        if (sink_) sink_({text ? ModelDelta::Kind::text : ModelDelta::Kind::reasoning, d.text});
      }
    }
    std::unique_ptr<engine::ReplyParser> parser_;
    const std::function<void(const ModelDelta&)>& sink_;
    std::vector<engine::TokenId> ids_;
    std::string text_, reasoning_;
    std::vector<ToolCallItem> calls_;
  };

  const std::shared_ptr<engine::Engine> engine_;
  ModelInfo info_;
};

}  // namespace

std::shared_ptr<Model> make_local_model(std::shared_ptr<engine::Engine> engine, bool guided) {
  return std::make_shared<LocalModel>(std::move(engine), guided);
}

}  // namespace wright::agent
