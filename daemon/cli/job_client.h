// How a verb runs a job: in the daemon (started when absent), events streaming back. The one place that knows.
#pragma once

#include <string>

#include "daemon/api/jobs.h"

namespace wright::cli {

// A request of this process: cwd, umask, locale, PATH and the allowlisted variables.
Result<daemon::JobRequest> make_job_request(const std::string& method, daemon::Json params);

// Sends cwd, umask, locale, PATH and the allowlisted variables along. Cancelled with `context`.
Result<daemon::Json> run_client_job(const Context& context, const std::string& method, daemon::Json params,
                                    const daemon::JobIo& io);

}  // namespace wright::cli
