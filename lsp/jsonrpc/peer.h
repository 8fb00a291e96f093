// JSON-RPC 2.0 over frames, both ways: incoming requests are answered exactly once, outgoing ones wait for their answer. The owner
// feeds bytes on one thread; everything else may be called from any thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/context.h"
#include "base/result.h"
#include "lsp/jsonrpc/framing.h"

namespace wright::lsp {

using Json = nlohmann::json;

// Codes of the JSON-RPC and LSP specifications.
enum class RpcCode { parse_error = -32700, invalid_request = -32600, method_not_found = -32601, invalid_params = -32602, internal_error = -32603,
                     not_initialized = -32002, request_cancelled = -32800, content_modified = -32801, request_failed = -32803 };
struct RpcError { RpcCode code; std::string message; };

// A request being answered. Dropping it unanswered answers with internal_error.
class Reply {
 public:
  Reply(Json id, std::function<void(const Json&)> send, std::function<void()> ended) : id_(std::move(id)), send_(std::move(send)), ended_(std::move(ended)) {}
  ~Reply();
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;
  void result(Json value);
  void error(const RpcError& error);

 private:
  void answer(const char* key, Json value);
  const Json id_;
  const std::function<void(const Json&)> send_;
  const std::function<void()> ended_;
  std::mutex mutex_;  // guards done_
  bool done_ = false;
};

class Peer {
 public:
  struct Handlers {
    std::function<void(const std::string& method, const Json& params, const Context& context, std::shared_ptr<Reply> reply)> request;
    std::function<void(const std::string& method, const Json& params)> notification;
  };
  Peer(std::function<void(std::string)> write, Handlers handlers) : write_(std::move(write)), handlers_(std::move(handlers)) {}

  // False once the stream is broken; the reason has then been sent as an error without an id.
  bool feed(std::string_view bytes);
  void notify(std::string_view method, Json params);
  // Sends a request to the other side and waits; ends with the context. The other side's error is a `failed` error.
  Result<Json> request(const Context& context, std::string_view method, Json params);
  // Cancels the incoming request `id` ($/cancelRequest).
  void cancel(const Json& id);
  void cancel_all();

 private:
  void message(std::string_view body);
  void incoming(const Json& id, const std::string& method, const Json& params);
  void send(const Json& value);
  const std::function<void(std::string)> write_;
  const Handlers handlers_;
  FrameReader reader_;
  std::mutex write_mutex_;
  std::mutex mutex_;  // guards the rest
  std::condition_variable answered_;
  std::map<std::string, Context> running_;         // incoming, by id
  std::map<std::int64_t, std::optional<Json>> waiting_;  // outgoing: the whole answer
  std::int64_t next_id_ = 1;
};

}  // namespace wright::lsp
