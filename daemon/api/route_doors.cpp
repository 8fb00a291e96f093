// POST /api/doors {"door","protocol","client"} streams a protocol server's bytes; POST /api/doors/{}/bytes brings the client's;
// GET /api/doors/{}/code gives the exit status once it has ended.
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "daemon/api/doors.h"
#include "daemon/api/job_wire.h"
#include "daemon/api/lsp_door.h"
#include "daemon/api/route_handlers.h"

namespace wright::daemon {

void route_open_door(DaemonState& state, const HttpRequest& request, const Segments&, Responder& responder) {
  auto body = read_object(request, responder);
  if (!body) return;
  (*body)["method"] = "door";
  const auto client = job_request_from_json(*body);
  if (!client.ok()) return reply_error(responder, client.error());
  const std::string name = body->value("door", ""), protocol = body->value("protocol", "");
  if (name.size() < 8 || protocol != "lsp") return reply_error(responder, 400, "a door needs a name and the protocol lsp");
  if (const auto opened = state.doors.open(name); !opened.ok()) return reply_error(responder, opened.error());
  responder.begin(200, "application/octet-stream");
  const int code = run_lsp_door(state, name, client->client, responder);
  state.doors.close(name, code);
  responder.end();
}

void route_door_bytes(DaemonState& state, const HttpRequest& request, const Segments& segments, Responder& responder) {
  const auto done = state.doors.put(segments[0], request.body);
  if (!done.ok()) return reply_error(responder, done.error());
  reply_json(responder, 200, Json::object());
}

void route_door_code(DaemonState& state, const HttpRequest&, const Segments& segments, Responder& responder) {
  const auto code = state.doors.exit_code(segments[0]);
  if (!code) return reply_error(responder, 404, "no such door has ended");
  reply_json(responder, 200, {{"code", *code}});
}

}  // namespace wright::daemon
