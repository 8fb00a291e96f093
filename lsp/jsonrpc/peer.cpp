#include "lsp/jsonrpc/peer.h"

#include "base/json.h"

namespace wright::lsp {

Reply::~Reply() { error({RpcCode::internal_error, "the request was dropped"}); }

void Reply::answer(const char* key, Json value) {
  {
    std::lock_guard lock(mutex_);
    if (done_) return;
    done_ = true;
  }
  ended_();
  send_({{"jsonrpc", "2.0"}, {"id", id_}, {key, std::move(value)}});
}

void Reply::result(Json value) { answer("result", std::move(value)); }

void Reply::error(const RpcError& error) { answer("error", {{"code", static_cast<int>(error.code)}, {"message", error.message}}); }

void Peer::send(const Json& value) {
  const std::string bytes = frame(dump_json(value));
  std::lock_guard lock(write_mutex_);
  write_(bytes);
}

bool Peer::feed(std::string_view bytes) {
  reader_.feed(bytes);
  for (;;) {
    auto body = reader_.next();
    if (!body.ok()) {
      send({{"jsonrpc", "2.0"}, {"id", nullptr}, {"error", {{"code", static_cast<int>(RpcCode::parse_error)}, {"message", body.error().message}}}});
      return false;
    }
    if (!*body) return true;
    message(**body);
  }
}

void Peer::message(std::string_view body) {
  const auto fail = [this](const Json& id, RpcCode code, const std::string& text) {
    send({{"jsonrpc", "2.0"}, {"id", id}, {"error", {{"code", static_cast<int>(code)}, {"message", text}}}});
  };
  auto parsed = parse_json(body, "the message");
  if (!parsed.ok()) return fail(nullptr, RpcCode::parse_error, parsed.error().message);
  if (!parsed->is_object()) return fail(nullptr, RpcCode::invalid_request, "a message must be an object");
  const Json& m = *parsed;
  const Json id = m.value("id", Json());
  if (m.contains("method")) {
    if (!m["method"].is_string()) return fail(id, RpcCode::invalid_request, "the method must be a text");
    const Json params = m.value("params", Json::object());
    if (!m.contains("id")) return handlers_.notification(m["method"], params);
    if (!id.is_string() && !id.is_number_integer()) return fail(nullptr, RpcCode::invalid_request, "the id must be a number or a text");
    return incoming(id, m["method"], params);
  }
  if (!id.is_number_integer()) return;  // an answer to nothing of ours
  std::lock_guard lock(mutex_);
  const auto found = waiting_.find(id.get<std::int64_t>());
  if (found == waiting_.end()) return;
  found->second = m;
  answered_.notify_all();
}

void Peer::incoming(const Json& id, const std::string& method, const Json& params) {
  const std::string key = id.dump();
  Context context;
  {
    std::lock_guard lock(mutex_);
    if (!running_.emplace(key, context).second) {
      send({{"jsonrpc", "2.0"}, {"id", id}, {"error", {{"code", static_cast<int>(RpcCode::invalid_request)}, {"message", "a request with this id is running"}}}});
      return;
    }
  }
  auto reply = std::make_shared<Reply>(id, [this](const Json& value) { send(value); }, [this, key] {
    std::lock_guard lock(mutex_);
    running_.erase(key);
  });
  handlers_.request(method, params, context, std::move(reply));
}

void Peer::notify(std::string_view method, Json params) { send({{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}}); }

Result<Json> Peer::request(const Context& context, std::string_view method, Json params) {
  std::int64_t id;
  {
    std::lock_guard lock(mutex_);
    id = next_id_++;
    waiting_[id] = std::nullopt;
  }
  send({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}});
  std::unique_lock lock(mutex_);
  while (!waiting_[id] && !context.done()) answered_.wait_for(lock, std::chrono::milliseconds(100));
  std::optional<Json> answer = std::move(waiting_[id]);
  waiting_.erase(id);
  if (!answer) return context.check().error();
  if (answer->contains("error")) return Error{ErrorKind::failed, (*answer)["error"].is_object() ? (*answer)["error"].value("message", "refused") : "refused", ""};
  return answer->value("result", Json());
}

void Peer::cancel(const Json& id) {
  std::lock_guard lock(mutex_);
  if (const auto found = running_.find(id.dump()); found != running_.end()) found->second.cancel();
}

void Peer::cancel_all() {
  std::lock_guard lock(mutex_);
  for (auto& [id, context] : running_) context.cancel();
  answered_.notify_all();
}

}  // namespace wright::lsp
