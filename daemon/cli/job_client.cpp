#include "daemon/cli/job_client.h"

#include <limits.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/api/services.h"
#include "tools/exec/sandbox.h"

namespace wright::cli {

Result<daemon::Json> run_client_job(const Context& context, const std::string& method, daemon::Json params,
                                    const daemon::JobIo& io) {
  daemon::JobRequest request;
  request.method = method;
  request.params = std::move(params);
  char folder[PATH_MAX];
  if (!::getcwd(folder, sizeof folder)) return Error{ErrorKind::io, "the current folder is gone", "change to another"};
  request.client.cwd = folder;
  request.client.umask = ::umask(022);
  ::umask(request.client.umask);
  request.client.variables = tools::filtered_environment(tools::process_environment());
  request.client.terminal = ::isatty(STDIN_FILENO) && ::isatty(STDERR_FILENO);
  daemon::Services services(daemon::Folders::from_environment());
  return daemon::run_job(context, services, request, io);
}

}  // namespace wright::cli
