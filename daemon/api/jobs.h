// A job is one request of a client that may stream and may ask back: run, fix, undo, sessions, status. The same handlers serve
// the unix socket, HTTP and LSP. Handlers run on a pool thread and block; JSON in, JSON events out, one JSON result.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

#include "base/context.h"
#include "base/result.h"

namespace wright::daemon {

using Json = nlohmann::json;
class Services;  // daemon/api/services.h: engines, store, configuration; lives as long as the process

// The client's side of a job. Any thread.
struct JobIo {
  std::function<void(const Json& event)> emit;
  // Asks the client (approval, choice) and waits; an error of kind refused when no one can answer.
  std::function<Result<Json>(const Json& question)> ask;
};

// What every client sends along: never the daemon's own.
struct ClientEnvironment {
  std::string cwd;
  unsigned umask = 022;
  std::map<std::string, std::string> variables;  // allowlisted
  bool terminal = false;
};

struct JobRequest {
  std::string method;
  Json params;
  ClientEnvironment client;
};

struct JobHandler {
  std::string_view method;
  std::string_view doc;
  Result<Json> (*run)(const Context& context, Services& services, const JobRequest& request, const JobIo& io);
};

std::span<const JobHandler> job_handlers();  // the table: daemon/api/jobs.cpp

// Runs one job in this process.
Result<Json> run_job(const Context& context, Services& services, const JobRequest& request, const JobIo& io);

}  // namespace wright::daemon
