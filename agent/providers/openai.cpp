#include "agent/providers/openai.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>

#include "base/json.h"
#include "base/utf8.h"
#include "tools/net/http.h"
#include "tools/net/sse.h"

namespace wright::agent {
namespace {

constexpr std::size_t kErrorBytes = 16 * 1024, kReplyBytes = 16 * 1024 * 1024;
constexpr int kAttempts = 6, kConnectAttempts = 4;

// One attempt's end: a reply, or an error and whether another attempt may help.
struct Attempt {
  Result<ModelReply> reply = Error{ErrorKind::model, "no reply", ""};
  bool retry = false, reached = true;
  double wait_s = 0;  // what the server asked for
};

// What a failing server says, without line breaks and controls.
std::string explanation(const std::string& body) {
  std::string text = body;
  if (const auto json = parse_json(body, "error"); json && json->is_object()) {
    const auto error = json->find("error");
    if (error != json->end() && error->is_object() && error->contains("message") && (*error)["message"].is_string()) text = (*error)["message"].get<std::string>();
    else if (error != json->end() && error->is_string()) text = error->get<std::string>();
    else if (json->contains("message") && (*json)["message"].is_string()) text = (*json)["message"].get<std::string>();
  }
  text = utf8::escape_for_terminal(utf8::repair(text), false);
  return text.substr(0, utf8::complete_prefix(text.substr(0, 300)));
}

const char* next_step(int status) {
  if (status == 401 || status == 403) return "check the API key of this provider";
  if (status == 404) return "check base_url and the model's name";
  if (status == 400 || status == 422) return "the server does not accept this request; try another model or wire";
  if (status == 429) return "the provider limits the rate; wait or use another model";
  return "try again, or use another model";
}

class OpenAiChat final : public Model {
 public:
  explicit OpenAiChat(ProviderConfig config) : config_(std::move(config)) {
    info_.provider = "openai";
    info_.name = config_.model;
    info_.context_tokens = config_.context_tokens;
  }
  const ModelInfo& info() const override { return info_; }
  // No vocabulary is at hand; four bytes a token is the usual estimate for English and code.
  int count_tokens(const std::string& text) const override { return static_cast<int>((text.size() + 3) / 4); }

  Result<ModelReply> generate(const Context& context, const ModelRequest& request,
                              const std::function<void(const ModelDelta&)>& sink) override {
    tools::HttpRequest http;
    http.method = "POST";
    http.url = config_.base_url + (config_.base_url.ends_with("/") ? "chat/completions" : "/chat/completions");
    http.headers = {{"Content-Type", "application/json"}, {"Accept", "text/event-stream"}};
    if (!config_.api_key.empty()) http.headers.emplace_back("Authorization", "Bearer " + config_.api_key);
    for (const auto& h : config_.headers) http.headers.push_back(h);
    http.body = dump_json(openai_chat_body(config_.model, request));
    http.idle_timeout = config_.idle_timeout;
    const auto begin = std::chrono::steady_clock::now();
    bool shown = false;
    const std::function<void(const ModelDelta&)> noting = [&](const ModelDelta& delta) {
      shown = shown || delta.kind != ModelDelta::Kind::tool_call_begin;
      if (sink) sink(delta);
    };
    for (int n = 1;; ++n) {
      // What an attempt streamed before it broke off is seen already: the next one is shown when it is whole.
      Attempt attempt = once(context, http, shown ? nullptr : noting);
      if (attempt.reply.ok()) return std::move(attempt.reply);
      WRIGHT_CHECK(context.check());  // the caller's end, not the provider's fault
      if (!attempt.retry) return std::move(attempt.reply);
      const Duration pause = pause_before(n, attempt.wait_s);
      const bool late = std::chrono::steady_clock::now() + pause - begin > config_.retry_for || pause > context.remaining();
      if (n >= (attempt.reached ? kAttempts : kConnectAttempts) || late) {
        Error error = attempt.reply.error();
        if (n > 1) error.message += fmt::format(" (after {} attempts)", n);
        return error;
      }
      WRIGHT_CHECK(sleep(context, pause));
    }
  }

 private:
  Attempt once(const Context& context, const tools::HttpRequest& http, const std::function<void(const ModelDelta&)>& sink) const {
    Attempt out;
    OpenAiStream stream;
    tools::SseReader reader;
    tools::HttpHead head;
    std::string body;  // of an error, or of a server that does not stream
    Result<void> fault;
    bool sse = false;
    const auto done = tools::http_stream(
        context, http,
        [&](const tools::HttpHead& h) {
          head = h;
          sse = h.status == 200 && h.header("content-type").find("text/event-stream") != std::string::npos;
          return true;
        },
        [&](std::string_view piece) {
          if (!sse) {
            const std::size_t limit = head.status == 200 ? kReplyBytes : kErrorBytes;
            body.append(piece.substr(0, limit - std::min(body.size(), limit)));
            return body.size() < limit;
          }
          for (const auto& event : reader.feed(piece)) {
            fault = stream.chunk(event.data, sink);
            if (!fault) return false;
            if (event.data == "[DONE]") return false;
          }
          return !reader.overflow();
        });
    if (head.status != 0 && head.status != 200) {
      out.retry = head.status == 408 || head.status == 409 || head.status == 429 || head.status >= 500;
      if (const std::string after = head.header("retry-after"); !after.empty()) out.wait_s = std::clamp(std::atof(after.c_str()), 0.0, 3600.0);
      out.reply = Error{ErrorKind::model, fmt::format("{} answered {}: {}", config_.base_url, head.status, explanation(body)), next_step(head.status)};
      return out;
    }
    if (!done) {
      Error error = done.error();
      out.reached = head.status != 0 || error.kind != ErrorKind::io;
      out.retry = error.kind == ErrorKind::io || error.kind == ErrorKind::timeout || error.kind == ErrorKind::invalid;
      // A stream that said its end but not its last bytes is whole.
      if (stream.ended() && error.kind == ErrorKind::io) {
        out.reply = stream.finish();
        return out;
      }
      if (out.retry) error.kind = ErrorKind::model, error.next = "check base_url and that the server runs";
      out.reply = std::move(error);
      return out;
    }
    if (!sse && fault) {  // the whole reply in one JSON object
      fault = stream.chunk(body, sink);
    }
    if (!fault) {
      out.reply = Error{ErrorKind::model, config_.base_url + ": " + fault.error().message, "try again, or use another model"};
      out.retry = true;
      return out;
    }
    out.reply = stream.finish();
    out.retry = !out.reply.ok();
    if (!out.reply.ok()) out.reply.error().message = config_.base_url + ": " + out.reply.error().message;
    return out;
  }

  Duration pause_before(int attempt, double asked_s) const {
    static thread_local std::mt19937 random{std::random_device{}()};
    const double jitter = std::uniform_real_distribution<double>(0.5, 1.5)(random);
    const double base = std::chrono::duration<double>(config_.first_pause).count() * static_cast<double>(1 << std::min(attempt - 1, 6)) * jitter;
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::max(base, asked_s)));
  }

  static Result<void> sleep(const Context& context, Duration pause) {
    std::mutex mutex;
    std::condition_variable wake;
    const auto hook = context.on_cancel([&] {
      std::lock_guard lock(mutex);
      wake.notify_all();
    });
    std::unique_lock lock(mutex);
    wake.wait_for(lock, pause, [&] { return context.done(); });
    lock.unlock();
    return context.check();
  }

  const ProviderConfig config_;
  ModelInfo info_;
};

}  // namespace

Result<std::shared_ptr<Model>> make_openai_chat(const ProviderConfig& config) {
  if (!config.base_url.starts_with("http://") && !config.base_url.starts_with("https://"))
    return Error{ErrorKind::usage, fmt::format("base_url '{}' is no http or https URL", config.base_url), "write it as https://host/v1"};
  if (config.model.empty()) return Error{ErrorKind::usage, "no model is named for " + config.base_url, "set the model's name"};
  return std::shared_ptr<Model>(std::make_shared<OpenAiChat>(config));
}

}  // namespace wright::agent
