// wright daemon (also: wrightd): the daemon in the foreground.
#include <CLI/CLI.hpp>
#include <unistd.h>

#include "base/log.h"
#include "daemon/api/daemon.h"
#include "daemon/cli/verbs.h"

namespace wright::cli {

int verb_daemon(const std::vector<std::string>& args) {
  CLI::App app("Runs the daemon in the foreground. Verbs that need one start it by themselves, in the background.", "wright daemon");
  daemon::DaemonOptions options;
  options.folders = daemon::Folders::from_environment();
  std::int64_t idle_seconds = 1800;
  bool background = false;
  auto* http = app.add_option("--http", options.http_port, "also listen on 127.0.0.1:PORT (0 or none: any free port)")->expected(0, 1)->check(CLI::Range(0, 65535));
  app.add_option("--idle-exit", idle_seconds, "end after so many idle seconds; 0: never")->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 31))->capture_default_str();
  app.add_flag("--allow-root", options.allow_root, "run although this is root");
  app.add_flag("--background", background, "log what happens (set when a verb starts the daemon)");
  std::vector<std::string> reversed(args.rbegin(), args.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    return app.exit(CLI::CallForHelp());
  } catch (const CLI::ParseError& e) {
    return fail({ErrorKind::usage, std::string("daemon: ") + e.what(), "see `wright daemon --help`"});
  }
  if (http->count() > 0 && options.http_port < 0) options.http_port = 0;
  options.idle_exit = std::chrono::seconds(idle_seconds);
  if (background || ::isatty(STDERR_FILENO)) log::set_level(log::Level::info);
  const auto done = daemon::run_daemon(interrupt_context(), options);
  return done.ok() ? 0 : fail(done.error());
}

}  // namespace wright::cli
