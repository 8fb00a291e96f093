#include "daemon/api/jobs.h"

#include <array>
#include <fmt/format.h>

#include "daemon/api/services.h"

namespace wright::daemon {

Result<Json> run_fix(const Context& context, Services& services, const JobRequest& request, const JobIo& io);

namespace {

// One row a method; its handler is in job_NAME.cpp.
constexpr std::array kHandlers = {
    JobHandler{"fix", "verified patch search", run_fix},
};

}  // namespace

std::span<const JobHandler> job_handlers() { return kHandlers; }

Result<Json> run_job(const Context& context, Services& services, const JobRequest& request, const JobIo& io) {
  for (const JobHandler& handler : job_handlers())
    if (handler.method == request.method) return handler.run(context, services, request, io);
  return Error{ErrorKind::usage, fmt::format("unknown method '{}'", request.method), "the client and this wright may differ in version"};
}

}  // namespace wright::daemon
