#include "daemon/cli/job_client.h"

#include <fmt/format.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "daemon/api/daemon.h"
#include "daemon/api/job_wire.h"
#include "daemon/api/services.h"
#include "daemon/cli/daemon_start.h"
#include "daemon/http/unix_client.h"
#include "tools/exec/sandbox.h"

namespace wright::cli {
namespace {

using daemon::Json;

// Reads the daemon's lines: the job's id, events, questions, the result.
class JobStream {
 public:
  JobStream(const Context& context, std::string socket, const daemon::JobIo& io) : context_(context), socket_(std::move(socket)), io_(io) {}

  void take(std::string_view bytes) {
    buffer_ += bytes;
    std::size_t from = 0;
    for (std::size_t end; (end = buffer_.find('\n', from)) != std::string::npos; from = end + 1) line(std::string_view(buffer_).substr(from, end - from));
    buffer_.erase(0, from);
  }
  // An answer that is no job: {"error":{"message"}}.
  Result<Json> result(int status) {
    if (result_) return std::move(*result_);
    const auto body = parse_json(buffer_, "the daemon's answer");
    const bool has_error = body.ok() && body->is_object() && body->contains("error");
    if (status != 200 && has_error)
      return Error{status == 400 ? ErrorKind::usage : ErrorKind::failed, (*body)["error"].value("message", "refused"), ""};
    return Error{ErrorKind::io, "the daemon ended while the job ran", "see `wright doctor`; the session is kept"};
  }

 private:
  void line(std::string_view text) {
    auto parsed = parse_json(text, "the daemon's line");
    if (!parsed.ok() || !parsed->is_object()) return;
    Json& message = *parsed;
    if (message.contains("job")) job_ = message["job"];
    else if (message.contains("event")) io_.emit(message["event"]);
    else if (message.contains("question")) answer(message["question"]);
    else if (message.contains("result")) result_.emplace(std::move(message["result"]));
    else if (message.contains("error")) result_.emplace(daemon::error_from_json(message["error"]));
  }
  void answer(const Json& question) {
    const Result<Json> given = io_.ask ? io_.ask(question) : Result<Json>(Error{ErrorKind::refused, "no one can answer", ""});
    const Json body = {{"question", question.value("question", 0)}, {"answer", given.ok() ? *given : Json{{"error", daemon::error_to_json(given.error())}}}};
    (void)daemon::unix_fetch(context_, {socket_, "POST", "/api/jobs/" + job_ + "/answers", dump_json(body)});
  }
  const Context context_;
  const std::string socket_;
  const daemon::JobIo& io_;
  std::string buffer_, job_;
  std::optional<Result<Json>> result_;
};

bool in_process() {
  const char* value = std::getenv("WRIGHT_DAEMON");
  return value && std::string_view(value) == "off";
}

}  // namespace

Result<daemon::JobRequest> make_job_request(const std::string& method, Json params) {
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
  return request;
}

Result<Json> run_client_job(const Context& context, const std::string& method, Json params, const daemon::JobIo& io) {
  WRIGHT_TRY(const daemon::JobRequest request, make_job_request(method, std::move(params)));
  const daemon::Folders folders = daemon::Folders::from_environment();
  const auto here = [&] {
    daemon::Services services(folders);
    return daemon::run_job(context, services, request, io);
  };
  if (in_process()) return here();
  const auto socket = ensure_daemon(context, folders);
  if (!socket.ok()) {
    WRIGHT_CHECK(context.check());
    fmt::print(stderr, "wright: {}; running in this process instead\n", socket.error().text());
    return here();
  }
  JobStream stream(context, *socket, io);
  const std::string body = dump_json(daemon::job_request_to_json(request));
  const auto status = daemon::unix_stream(context, {*socket, "POST", "/api/jobs", body}, [&](std::string_view bytes) { stream.take(bytes); });
  WRIGHT_CHECK(context.check());
  return stream.result(status.ok() ? *status : 0);
}

}  // namespace wright::cli
