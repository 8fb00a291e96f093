// wright status [--json]: what the daemon is doing.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "daemon/api/daemon.h"
#include "daemon/cli/daemon_start.h"
#include "daemon/cli/verbs.h"
#include "daemon/http/unix_client.h"

namespace wright::cli {
namespace {

double mib(const Json& bytes) { return bytes.get<double>() / (1024 * 1024); }

void print(const Json& status, const daemon::Folders& folders) {
  fmt::print("wrightd {}, process {}, up {} s{}\n", status.value("build", "?"), status.value("pid", 0), status.value("uptime_s", 0),
             status.value("draining", false) ? ", handing over" : "");
  if (status["http"].is_string())
    fmt::print("http     {} (token in {})\n", status["http"].get<std::string>(), daemon::http_token_path(folders));
  for (const Json& e : status["engines"])
    fmt::print("engine   {} on {}: {:.0f} MiB, {} tokens cached ({:.0f} MiB), {} running, {} waiting\n", e.value("model", "?"), e.value("device", "?"),
               mib(e["resident_bytes"]), e.value("cached_tokens", 0), mib(e["kv_bytes"]), e.value("running", 0), e.value("waiting", 0));
  for (const Json& j : status["jobs"])
    fmt::print("job      {} {} in {}{}\n", j.value("id", "?"), j.value("method", "?"), j.value("cwd", "?"),
               j.value("questions", 0) > 0 ? ", waits for an answer" : "");
  if (status["engines"].empty()) fmt::print("engine   none loaded\n");
}

}  // namespace

int verb_status(const std::vector<std::string>& args) {
  const bool json = args.size() == 1 && args[0] == "--json";
  if (args.size() == 1 && (args[0] == "--help" || args[0] == "-h")) {
    fmt::print("wright status [--json]\n\nWhat the daemon is doing: engines, jobs, addresses. Exit 1 when none runs.\n");
    return 0;
  }
  if (!args.empty() && !json) return fail({ErrorKind::usage, "status: unknown argument '" + args[0] + "'", "see `wright status --help`"});
  const daemon::Folders folders = daemon::Folders::from_environment();
  const auto socket = running_daemon(interrupt_context(), folders);
  if (!socket.ok()) {
    if (json) fmt::print("{}\n", R"({"running":false})");
    fmt::print(stderr, "wright: {}\n", socket.error().text());
    return 1;
  }
  const auto reply = daemon::unix_fetch(interrupt_context(), {*socket, "GET", "/api/status", ""});
  if (!reply.ok()) return fail(reply.error());
  auto status = parse_json(reply->body, "the status");
  if (!status.ok()) return fail(status.error());
  (*status)["running"] = true;
  if (json) fmt::print("{}\n", dump_json(*status));
  else print(*status, folders);
  return 0;
}

}  // namespace wright::cli
