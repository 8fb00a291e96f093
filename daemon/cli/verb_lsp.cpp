// wright lsp: a byte pump between an editor on stdio and the language server in the daemon. It ends when the daemon does, so that the
// editor starts it again.
#include <fmt/format.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "base/json.h"
#include "daemon/api/job_wire.h"
#include "daemon/cli/daemon_start.h"
#include "daemon/cli/job_client.h"
#include "daemon/cli/verbs.h"
#include "daemon/http/unix_client.h"

namespace wright::cli {
namespace {

bool write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// The editor's bytes, each read as it comes, until its end; an empty message then says so.
void pump_input(const Context& context, const std::string& socket, const std::string& door) {
  char bytes[65536];
  for (;;) {
    const ssize_t n = ::read(STDIN_FILENO, bytes, sizeof bytes);
    const auto sent = daemon::unix_fetch(context, {socket, "POST", "/api/doors/" + door + "/bytes", n > 0 ? std::string(bytes, static_cast<std::size_t>(n)) : ""});
    if (n <= 0 || !sent.ok() || sent->status != 200) return;
  }
}

}  // namespace

int verb_lsp(const std::vector<std::string>& args) {
  if (!args.empty() && args[0] != "--stdio") {
    if (args[0] == "--help" || args[0] == "-h")
      return puts("wright lsp [--stdio]\n\nThe Language Server Protocol on standard input and output, for an editor. Commands: wright.fix, wright.run, wright.undo.\n"
                  "initializationOptions: {\"test\": \"the test command for wright.fix\", \"completion\": true}"), 0;
    return fail({ErrorKind::usage, "lsp: unknown argument '" + args[0] + "'", "see `wright lsp --help`"});
  }
  const Context& context = interrupt_context();
  const auto socket = ensure_daemon(context, daemon::Folders::from_environment());
  if (!socket.ok()) return fail(socket.error());
  std::random_device random;
  const std::string door = fmt::format("lsp-{:08x}{:08x}", random(), random());
  auto request = make_job_request("door", daemon::Json::object());
  if (!request.ok()) return fail(request.error());
  daemon::Json body = daemon::job_request_to_json(*request);
  body["door"] = door;
  body["protocol"] = "lsp";
  std::thread(pump_input, context, *socket, door).detach();
  const auto status = daemon::unix_stream(context, {*socket, "POST", "/api/doors", dump_json(body)}, [](std::string_view bytes) { if (!write_all(bytes)) _exit(1); });
  if (!status.ok()) return fail(status.error());
  const auto code = daemon::unix_fetch(context, {*socket, "GET", "/api/doors/" + door + "/code", ""});
  const auto parsed = code.ok() ? parse_json(code->body, "the exit status") : Result<daemon::Json>(code.error());
  return parsed.ok() && parsed->is_object() ? parsed->value("code", 1) : 1;
}

}  // namespace wright::cli
