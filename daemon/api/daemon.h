// The daemon as a process: lock, listeners, routes, idle exit, hand-over. run_daemon() blocks on the main thread until it ends.
#pragma once

#include <string>

#include "base/context.h"
#include "base/result.h"
#include "daemon/api/services.h"

namespace wright::daemon {

struct DaemonOptions {
  Folders folders;
  int http_port = -1;                                 // -1: unix socket only; 0: any free port of 127.0.0.1
  Duration idle_exit = std::chrono::minutes(30);      // without jobs and requests; zero: never
  bool allow_root = false;
};

// Where clients find the daemon: folders.runtime, or a short hashed path when that would be too long for a socket.
Result<std::string> socket_path(const Folders& folders);
std::string http_token_path(const Folders& folders);
std::string daemon_log_path(const Folders& folders);

// `conflict` when another daemon holds the lock, `refused` as root without allow_root, `io` when an address is taken.
Result<void> run_daemon(const Context& context, const DaemonOptions& options);

}  // namespace wright::daemon
