// The HTTP routes as one table (routes.cpp), the same on the unix socket and on 127.0.0.1. Handlers run on a thread of their own.
#pragma once

#include <atomic>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "daemon/http/auth.h"
#include "daemon/http/message.h"

namespace wright::daemon {

class Services;
class LiveJobs;
class Doors;

// What handlers share; owned by Daemon.
struct DaemonState {
  Services& services;
  LiveJobs& jobs;
  Doors& doors;
  AccessRules access;
  std::string build_id;
  TimePoint started;
  std::atomic<bool> draining{false};
  std::atomic<std::int64_t> requests{0}, failures{0};
  std::function<void(bool drain)> stop;  // ends the daemon: at once, or once its jobs are done
};

struct Route {
  std::string_view method;   // GET or POST
  std::string_view pattern;  // "/v1/models/{}": {} is one segment, handed over in `segments`
  bool open;                 // needs no token
  bool unix_only;            // control of the daemon itself
  std::string_view doc;
  void (*handle)(DaemonState& state, const HttpRequest& request, const std::vector<std::string>& segments, Responder& responder);
};

std::span<const Route> routes();
// Checks access, finds the route, calls it. Unknown paths are 404, known ones with another method 405.
void dispatch(DaemonState& state, const HttpRequest& request, Responder& responder);

// {"error":{"message","type","code","param"}} as OpenAI's clients read it.
void reply_error(Responder& responder, int status, std::string_view message, std::string_view code = "", std::string_view param = "");
void reply_error(Responder& responder, const Error& error);
int http_status(ErrorKind kind);
void reply_json(Responder& responder, int status, const nlohmann::json& body);
// The body as a JSON object; answers 400 itself and returns nothing otherwise.
std::optional<nlohmann::json> read_object(const HttpRequest& request, Responder& responder);

}  // namespace wright::daemon
