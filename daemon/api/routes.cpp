#include "daemon/api/routes.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "daemon/api/route_handlers.h"

namespace wright::daemon {
namespace {

constexpr Route kRoutes[] = {
    {"GET", "/health", true, false, "whether the daemon and its engines answer", route_health},
    {"GET", "/v1/health", true, false, "the same", route_health},
    {"GET", "/metrics", false, false, "counters in Prometheus' text format", route_metrics},
    {"GET", "/v1/models", false, false, "models that are here", route_models},
    {"GET", "/v1/models/{}", false, false, "one of them", route_model},
    {"POST", "/v1/chat/completions", false, false, "OpenAI Chat Completions", route_chat_completions},
    {"POST", "/v1/completions", false, false, "OpenAI Completions", route_completions},
    {"GET", "/api/hello", false, true, "which build this is", route_hello},
    {"GET", "/api/status", false, false, "what the daemon is doing", route_status},
    {"GET", "/api/sessions", false, false, "past sessions, newest first", route_sessions},
    {"GET", "/api/sessions/{}", false, false, "the items of one", route_session},
    {"GET", "/api/jobs", false, false, "running jobs and their open questions", route_jobs},
    {"POST", "/api/jobs", false, true, "runs a job: one JSON event a line, the result last", route_run_job},
    {"POST", "/api/jobs/{}/answers", false, true, "answers a question of a job", route_answer},
    {"POST", "/api/jobs/{}/cancel", false, true, "cancels a job", route_cancel},
    {"POST", "/api/doors", false, true, "opens a protocol server and streams its bytes", route_open_door},
    {"POST", "/api/doors/{}/bytes", false, true, "bytes for it", route_door_bytes},
    {"GET", "/api/doors/{}/code", false, true, "its exit status", route_door_code},
    {"POST", "/api/drain", false, true, "finish the running jobs, then end", route_drain},
    {"POST", "/api/stop", false, true, "end now", route_stop},
};

// The segments that {} stand for, or nothing when `path` is another.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
  std::vector<std::string> segments;
  while (!pattern.empty() || !path.empty()) {
    if (pattern.starts_with("{}")) {
      std::size_t end = pattern.size() == 2 ? path.size() : path.find('/');  // a trailing {} may hold slashes: model names do
      if (end == std::string_view::npos || end == 0) return std::nullopt;
      segments.emplace_back(path.substr(0, end));
      path.remove_prefix(end);
      pattern.remove_prefix(2);
      continue;
    }
    if (pattern.empty() || path.empty() || pattern[0] != path[0]) return std::nullopt;
    pattern.remove_prefix(1);
    path.remove_prefix(1);
  }
  return segments;
}

}  // namespace

std::span<const Route> routes() { return kRoutes; }

void dispatch(DaemonState& state, const HttpRequest& request, Responder& responder) {
  state.requests++;
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  const Route* route = nullptr;
  std::vector<std::string> segments;
  std::string methods;
  for (const Route& r : kRoutes) {
    auto found = match(r.pattern, request.path);
    if (!found || (r.unix_only && request.door != Door::unix_socket)) continue;
    methods += (methods.empty() ? "" : ", ") + std::string(r.method);
    if (r.method != method) continue;
    route = &r;
    segments = std::move(*found);
    break;
  }
  if (const auto refusal = check_access(state.access, request, route && route->open)) {
    state.failures++;
    return reply_error(responder, refusal->status, refusal->message);
  }
  if (!route && !request.body.empty() && !read_object(request, responder)) return;  // malformed first, wherever it was sent
  if (!route && methods.empty()) return reply_error(responder, 404, "there is no " + request.path + " here");
  if (!route)
    return responder.reply(405, "application/json",
                           R"({"error":{"message":"this path does not take that method","type":"invalid_request_error"}})", {{"Allow", methods}});
  route->handle(state, request, segments, responder);
}

void reply_json(Responder& responder, int status, const nlohmann::json& body) {
  responder.reply(status, "application/json", dump_json(body));
}

void reply_error(Responder& responder, int status, std::string_view message, std::string_view code, std::string_view param) {
  const auto text = [](std::string_view t) { return t.empty() ? nlohmann::json() : nlohmann::json(t); };
  const std::string_view type = status == 401 ? "authentication_error" : status == 404 ? "not_found_error" : status < 500 ? "invalid_request_error" : "server_error";
  reply_json(responder, status, {{"error", {{"message", message}, {"type", type}, {"code", text(code)}, {"param", text(param)}}}});
}

int http_status(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
    case ErrorKind::invalid: return 400;
    case ErrorKind::not_found: return 404;
    case ErrorKind::conflict: return 409;
    case ErrorKind::refused: return 403;
    case ErrorKind::limit: return 400;
    default: return 500;
  }
}

void reply_error(Responder& responder, const Error& error) { reply_error(responder, http_status(error.kind), error.text()); }

std::optional<nlohmann::json> read_object(const HttpRequest& request, Responder& responder) {
  auto body = parse_json(request.body, "the body");
  if (!body.ok() || !body->is_object()) {
    reply_error(responder, 400, body.ok() ? "the body is not a JSON object" : body.error().text());
    return std::nullopt;
  }
  return std::move(*body);
}

}  // namespace wright::daemon
