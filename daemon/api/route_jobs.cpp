// Jobs over HTTP: POST /api/jobs streams one JSON object a line: {"job"}, then {"event"} and {"question"} as they come, then {"result"} or
// {"error"}. A client that closes the connection cancels its job.
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "daemon/api/job_wire.h"
#include "daemon/api/jobs.h"
#include "daemon/api/live_jobs.h"
#include "daemon/api/route_handlers.h"

namespace wright::daemon {

void route_jobs(DaemonState& state, const HttpRequest&, const Segments&, Responder& responder) {
  Json jobs = Json::array();
  for (const auto& row : state.jobs.list())
    jobs.push_back({{"id", row.id}, {"method", row.method}, {"cwd", row.cwd}, {"started_ms", row.started_ms}, {"questions", row.questions}});
  reply_json(responder, 200, {{"data", jobs}});
}

void route_run_job(DaemonState& state, const HttpRequest& request, const Segments&, Responder& responder) {
  const auto body = read_object(request, responder);
  if (!body) return;
  const auto job = job_request_from_json(*body);
  if (!job.ok()) return reply_error(responder, job.error());
  if (state.draining) return reply_error(responder, 503, "this daemon is handing over to a newer one; try again", "draining");
  const Context context = responder.context().child();
  const std::string id = state.jobs.add(job->method, job->client.cwd, context);
  responder.begin(200, "application/x-ndjson");
  const auto line = [&](const Json& value) { return responder.write(dump_json(value) + "\n"); };
  line({{"job", id}});
  JobIo io;
  io.emit = [&](const Json& event) { line({{"event", event}}); };
  io.ask = [&](const Json& question) -> Result<Json> {
    WRIGHT_TRY(Json answer, state.jobs.ask(id, context, question, [&](const Json& q) { line({{"question", q}}); }));
    if (answer.is_object() && answer.contains("error")) return error_from_json(answer["error"]);
    return answer;
  };
  const auto result = run_job(context, state.services, *job, io);
  state.jobs.remove(id);
  line(result.ok() ? Json{{"result", *result}} : Json{{"error", error_to_json(result.error())}});
  responder.end();
}

void route_answer(DaemonState& state, const HttpRequest& request, const Segments& segments, Responder& responder) {
  const auto body = read_object(request, responder);
  if (!body) return;
  const auto question = JsonView(*body).at("question");
  const auto number = question.ok() ? question->integer() : Result<std::int64_t>(question.error());
  if (!number.ok()) return reply_error(responder, number.error());
  const auto done = state.jobs.answer(segments[0], *number, body->value("answer", Json()));
  if (!done.ok()) return reply_error(responder, done.error());
  reply_json(responder, 200, Json::object());
}

void route_cancel(DaemonState& state, const HttpRequest&, const Segments& segments, Responder& responder) {
  if (!state.jobs.cancel(segments[0])) return reply_error(responder, 404, "there is no job " + segments[0]);
  reply_json(responder, 202, {{"cancelled", segments[0]}});
}

}  // namespace wright::daemon
