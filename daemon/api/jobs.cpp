#include "daemon/api/jobs.h"

#include <array>
#include <fmt/format.h>

#include "daemon/api/services.h"

namespace wright::daemon {

using Handler = Result<Json>(const Context& context, Services& services, const JobRequest& request, const JobIo& io);
Handler run_run, run_fix, run_undo, run_checkpoints, run_sessions, run_session;

namespace {

// One row a method; its handler is in job_NAME.cpp.
constexpr std::array kHandlers = {
    JobHandler{"run", "one turn of a session", run_run},
    JobHandler{"fix", "verified patch search", run_fix},
    JobHandler{"undo", "restore files, the conversation or both", run_undo},
    JobHandler{"checkpoints", "what can be undone in a workspace", run_checkpoints},
    JobHandler{"sessions", "past sessions", run_sessions},
    JobHandler{"session", "one session with its items", run_session},
};

}  // namespace

std::span<const JobHandler> job_handlers() { return kHandlers; }

Result<Json> run_job(const Context& context, Services& services, const JobRequest& request, const JobIo& io) {
  for (const JobHandler& handler : job_handlers())
    if (handler.method == request.method) return handler.run(context, services, request, io);
  return Error{ErrorKind::usage, fmt::format("unknown method '{}'", request.method), "the client and this wright may differ in version"};
}

}  // namespace wright::daemon
