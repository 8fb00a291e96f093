// Jobs and errors as they cross the unix socket. Both ends use these.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "daemon/api/jobs.h"

namespace wright::daemon {

Json job_request_to_json(const JobRequest& request);
Result<JobRequest> job_request_from_json(const Json& json);
Json error_to_json(const Error& error);
Error error_from_json(const Json& json);

}  // namespace wright::daemon
