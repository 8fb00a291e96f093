#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "daemon/api/live_jobs.h"
#include "daemon/api/route_handlers.h"
#include "daemon/api/services.h"

namespace wright::daemon {
namespace {

std::int64_t seconds_since(TimePoint start) {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - start).count();
}

Json engine_row(const engine::Engine& engine) {
  const auto& info = engine.info();
  const auto stats = engine.stats();
  return {{"model", info.model_name}, {"path", info.model_path}, {"device", info.device}, {"context", info.context_length},
          {"resident_bytes", stats.resident_bytes}, {"kv_bytes", stats.kv_bytes}, {"cached_tokens", stats.cached_tokens},
          {"prompt_tokens", stats.prompt_tokens}, {"reread_tokens", stats.reread_tokens}, {"completion_tokens", stats.completion_tokens},
          {"requests", stats.requests}, {"running", stats.running}, {"waiting", stats.waiting},
          {"last_token_unix_ms", stats.last_token_unix_ms}};
}

}  // namespace

void route_health(DaemonState& state, const HttpRequest&, const Segments&, Responder& responder) {
  reply_json(responder, state.draining ? 503 : 200, {{"status", state.draining ? "draining" : "ok"}});
}

void route_hello(DaemonState& state, const HttpRequest&, const Segments&, Responder& responder) {
  reply_json(responder, 200, {{"build", state.build_id}, {"pid", ::getpid()}});
}

void route_status(DaemonState& state, const HttpRequest&, const Segments&, Responder& responder) {
  Json engines = Json::array(), jobs = Json::array();
  for (const auto& engine : state.services.open_engines()) engines.push_back(engine_row(*engine));
  for (const auto& row : state.jobs.list())
    jobs.push_back({{"id", row.id}, {"method", row.method}, {"cwd", row.cwd}, {"started_ms", row.started_ms}, {"questions", row.questions.size()}});
  const std::int64_t port = state.access.port;
  reply_json(responder, 200,
             {{"build", state.build_id}, {"pid", ::getpid()}, {"uptime_s", seconds_since(state.started)}, {"draining", state.draining.load()},
              {"http", port < 0 ? Json() : Json(fmt::format("http://127.0.0.1:{}", port))},
              {"engines", engines}, {"jobs", jobs}, {"requests", state.requests.load()}});
}

void route_metrics(DaemonState& state, const HttpRequest&, const Segments&, Responder& responder) {
  std::string out;
  const auto put = [&out](std::string_view name, std::string_view type, std::string_view help, const std::string& labels, double value) {
    const std::string head = fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
    if (out.find(head) == std::string::npos) out += head;
    out += fmt::format("{}{} {}\n", name, labels, value);
  };
  put("wright_uptime_seconds", "gauge", "seconds since the daemon started", "", static_cast<double>(seconds_since(state.started)));
  put("wright_http_requests_total", "counter", "HTTP requests", "", static_cast<double>(state.requests.load()));
  put("wright_http_refused_total", "counter", "HTTP requests refused for their Host, Origin or token", "", static_cast<double>(state.failures.load()));
  put("wright_jobs_running", "gauge", "jobs that run now", "", static_cast<double>(state.jobs.size()));
  const auto engines = state.services.open_engines();
  struct Row { std::string_view name, type, help; double (*value)(const engine::EngineStats&); };
  static constexpr Row kRows[] = {
      {"wright_engine_resident_bytes", "gauge", "memory of weights, pages and buffers", [](const engine::EngineStats& s) { return double(s.resident_bytes); }},
      {"wright_engine_kv_bytes", "gauge", "memory of KV pages in use", [](const engine::EngineStats& s) { return double(s.kv_bytes); }},
      {"wright_engine_cached_tokens", "gauge", "tokens in the prefix cache", [](const engine::EngineStats& s) { return double(s.cached_tokens); }},
      {"wright_engine_prompt_tokens_total", "counter", "prompt tokens asked for", [](const engine::EngineStats& s) { return double(s.prompt_tokens); }},
      {"wright_engine_reread_tokens_total", "counter", "prompt tokens computed although they had been before", [](const engine::EngineStats& s) { return double(s.reread_tokens); }},
      {"wright_engine_completion_tokens_total", "counter", "tokens generated", [](const engine::EngineStats& s) { return double(s.completion_tokens); }},
      {"wright_engine_requests_total", "counter", "requests", [](const engine::EngineStats& s) { return double(s.requests); }},
      {"wright_engine_running", "gauge", "requests in the batch", [](const engine::EngineStats& s) { return double(s.running); }},
      {"wright_engine_waiting", "gauge", "requests that wait", [](const engine::EngineStats& s) { return double(s.waiting); }},
  };
  for (const Row& row : kRows)
    for (const auto& engine : engines)
      put(row.name, row.type, row.help, fmt::format("{{model=\"{}\"}}", engine->info().model_name), row.value(engine->stats()));
  responder.reply(200, "text/plain; version=0.0.4; charset=utf-8", std::move(out));
}

void route_drain(DaemonState& state, const HttpRequest&, const Segments&, Responder& responder) {
  state.draining = true;
  reply_json(responder, 202, {{"draining", true}, {"jobs", state.jobs.size()}});
  state.stop(true);
}

void route_stop(DaemonState& state, const HttpRequest&, const Segments&, Responder& responder) {
  reply_json(responder, 202, {{"stopping", true}, {"jobs", state.jobs.size()}});
  state.stop(false);
}

}  // namespace wright::daemon
