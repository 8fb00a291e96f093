// wright stop [--drain]: ends the daemon.
#include <fmt/format.h>

#include <thread>

#include "daemon/cli/daemon_start.h"
#include "daemon/cli/verbs.h"
#include "daemon/http/unix_client.h"

namespace wright::cli {

int verb_stop(const std::vector<std::string>& args) {
  const bool drain = args.size() == 1 && args[0] == "--drain";
  if (args.size() == 1 && (args[0] == "--help" || args[0] == "-h")) {
    fmt::print("wright stop [--drain]\n\nEnds the daemon; running jobs are cancelled, sessions are kept.\n  --drain  let running jobs finish first\n");
    return 0;
  }
  if (!args.empty() && !drain) return fail({ErrorKind::usage, "stop: unknown argument '" + args[0] + "'", "see `wright stop --help`"});
  const Context& context = interrupt_context();
  const daemon::Folders folders = daemon::Folders::from_environment();
  const auto socket = running_daemon(context, folders);
  if (!socket.ok()) {
    fmt::print(stderr, "wright: no daemon is running\n");
    return 0;
  }
  const auto reply = daemon::unix_fetch(context, {*socket, "POST", drain ? "/api/drain" : "/api/stop", ""});
  if (!reply.ok()) return fail(reply.error());
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!drain && std::chrono::steady_clock::now() < deadline && running_daemon(context, folders).ok())
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  fmt::print(stderr, "wright: the daemon {}\n", drain ? "takes no new work and ends with its jobs" : "has ended");
  return 0;
}

}  // namespace wright::cli
