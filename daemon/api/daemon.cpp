#include "daemon/api/daemon.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "daemon/api/build_id.h"
#include "daemon/api/doors.h"
#include "daemon/api/live_jobs.h"
#include "daemon/api/routes.h"
#include "daemon/http/server.h"

namespace wright::daemon {
namespace {

// Only we can enter it: 0700 and ours, so that nobody else can put a socket there.
Result<void> private_folder(const std::string& path) {
  WRIGHT_CHECK(make_directories(path, 0700));
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return errno_error("cannot look at", path, errno);
  if (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid())
    return Error{ErrorKind::refused, path + " is not a folder of this user", "remove it, or set XDG_RUNTIME_DIR"};
  if ((status.st_mode & 0077) != 0 && ::chmod(path.c_str(), 0700) != 0) return errno_error("cannot make private", path, errno);
  return {};
}

// Held as long as this daemon takes requests; the kernel frees it when the process dies.
Result<UniqueFd> take_lock(const std::string& path) {
  UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid()) return errno_error("cannot open", path, errno);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
    return Error{ErrorKind::conflict, "a daemon of this user already runs", "`wright status` shows it, `wright stop` ends it"};
  if (::ftruncate(lock.get(), 0) == 0) dprintf(lock.get(), "%d\n", ::getpid());
  return lock;
}

// Why the daemon's main thread wakes.
struct Ending {
  std::mutex mutex;  // guards the rest
  std::condition_variable changed;
  bool now = false, drain = false;
  void ask(bool draining) {
    std::lock_guard lock(mutex);
    (draining ? drain : now) = true;
    changed.notify_all();
  }
};

class Daemon {
 public:
  explicit Daemon(const DaemonOptions& options)
      : options_(options), services_(options.folders, EnginePlace::worker),
        state_{services_, jobs_, doors_, {}, this_build().text(), std::chrono::steady_clock::now(), {}, {}, {}, [this](bool drain) { ending_.ask(drain); }} {}

  Result<void> run(const Context& context) {
    WRIGHT_TRY(const std::string socket, socket_path(options_.folders));
    WRIGHT_TRY(UniqueFd lock, take_lock(socket + ".lock"));
    WRIGHT_CHECK(make_directories(options_.folders.state, 0700));
    if (options_.http_port >= 0) {
      WRIGHT_TRY(state_.access.token, load_or_make_token(http_token_path(options_.folders)));
    }
    ServerOptions server_options{socket, options_.http_port};
    WRIGHT_TRY(const auto server, HttpServer::start(server_options, [this](const HttpRequest& q, Responder& r) { dispatch(state_, q, r); }));
    state_.access.port = server->port();
    log::info("wrightd {} listens on {}{}", state_.build_id, socket,
              server->port() < 0 ? "" : fmt::format(" and http://127.0.0.1:{}", server->port()));
    const auto hook = context.on_cancel([this] { ending_.ask(false); });
    const bool draining = wait(*server);
    server->stop_listening();
    ::unlink(socket.c_str());
    lock.reset();  // the next daemon may start while our jobs end
    if (draining) finish_jobs(*server);
    server->stop(std::chrono::milliseconds(800));
    return {};
  }

 private:
  // Until asked to end or idle for long enough; true: let the running jobs finish.
  bool wait(const HttpServer& server) {
    std::unique_lock lock(ending_.mutex);
    for (;;) {
      if (ending_.now) return false;
      if (ending_.drain) return true;
      if (options_.idle_exit == Duration::zero()) {
        ending_.changed.wait(lock);
        continue;
      }
      const auto idle_since = server.running() > 0 ? std::chrono::steady_clock::now() : server.last_request();
      const auto end = idle_since + options_.idle_exit;
      if (std::chrono::steady_clock::now() >= end) {
        log::info("wrightd ends: idle for {} s", std::chrono::duration_cast<std::chrono::seconds>(options_.idle_exit).count());
        return false;
      }
      ending_.changed.wait_until(lock, end);
    }
  }
  void finish_jobs(const HttpServer& server) {
    std::unique_lock lock(ending_.mutex);
    while (!ending_.now && (jobs_.size() > 0 || server.running() > 0)) ending_.changed.wait_for(lock, std::chrono::milliseconds(200));
  }

  const DaemonOptions options_;
  Services services_;
  LiveJobs jobs_;
  Doors doors_;
  Ending ending_;
  DaemonState state_;
};

}  // namespace

Result<std::string> socket_path(const Folders& folders) {
  constexpr std::size_t kLongest = 100;  // sockaddr_un holds 108, the lock's name adds five
  std::string folder = folders.runtime, path = folder + "/wrightd.sock";
  if (path.size() > kLongest) {
    folder = fmt::format("/tmp/wright-{}", ::geteuid());
    path = fmt::format("{}/{}.sock", folder, sha256_hex(folders.runtime).substr(0, 16));
  }
  WRIGHT_CHECK(private_folder(folder));
  return path;
}

std::string http_token_path(const Folders& folders) { return folders.state + "/http-token"; }
std::string daemon_log_path(const Folders& folders) { return folders.state + "/daemon.log"; }

Result<void> run_daemon(const Context& context, const DaemonOptions& options) {
  if (::geteuid() == 0 && !options.allow_root)
    return Error{ErrorKind::refused, "the daemon does not run as root by itself", "run it as an ordinary user, or pass --allow-root"};
  Daemon daemon(options);
  return daemon.run(context);
}

}  // namespace wright::daemon
