// The handlers of the route table; each stands in route_NAME.cpp.
#pragma once

#include <string>
#include <vector>

#include "daemon/api/routes.h"

namespace wright::daemon {

using Segments = std::vector<std::string>;

void route_health(DaemonState&, const HttpRequest&, const Segments&, Responder&);             // route_status.cpp
void route_metrics(DaemonState&, const HttpRequest&, const Segments&, Responder&);
void route_hello(DaemonState&, const HttpRequest&, const Segments&, Responder&);
void route_status(DaemonState&, const HttpRequest&, const Segments&, Responder&);
void route_drain(DaemonState&, const HttpRequest&, const Segments&, Responder&);
void route_stop(DaemonState&, const HttpRequest&, const Segments&, Responder&);
void route_models(DaemonState&, const HttpRequest&, const Segments&, Responder&);             // route_models.cpp
void route_model(DaemonState&, const HttpRequest&, const Segments&, Responder&);
void route_chat_completions(DaemonState&, const HttpRequest&, const Segments&, Responder&);   // route_chat.cpp
void route_completions(DaemonState&, const HttpRequest&, const Segments&, Responder&);        // route_completions.cpp
void route_sessions(DaemonState&, const HttpRequest&, const Segments&, Responder&);           // route_sessions.cpp
void route_session(DaemonState&, const HttpRequest&, const Segments&, Responder&);
void route_jobs(DaemonState&, const HttpRequest&, const Segments&, Responder&);               // route_jobs.cpp
void route_run_job(DaemonState&, const HttpRequest&, const Segments&, Responder&);
void route_answer(DaemonState&, const HttpRequest&, const Segments&, Responder&);
void route_cancel(DaemonState&, const HttpRequest&, const Segments&, Responder&);
void route_open_door(DaemonState&, const HttpRequest&, const Segments&, Responder&);          // route_doors.cpp
void route_door_bytes(DaemonState&, const HttpRequest&, const Segments&, Responder&);
void route_door_code(DaemonState&, const HttpRequest&, const Segments&, Responder&);

}  // namespace wright::daemon
