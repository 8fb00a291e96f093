#include "daemon/cli/daemon_start.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/file.h"
#include "base/json.h"
#include "daemon/api/build_id.h"
#include "daemon/api/daemon.h"
#include "daemon/http/unix_client.h"

namespace wright::cli {
namespace {

constexpr auto kStartTimeout = std::chrono::seconds(10);
constexpr std::size_t kLogBytes = 1024 * 1024;  // a longer log is begun anew

// The build that answers on `socket`; nothing when nobody does.
std::optional<daemon::BuildId> hello(const Context& context, const std::string& socket) {
  const auto reply = daemon::unix_fetch(context.with_timeout(std::chrono::seconds(5)), {socket, "GET", "/api/hello", ""});
  if (!reply.ok()) return std::nullopt;
  const auto body = parse_json(reply->body, "hello");
  return daemon::build_from_text(body.ok() && body->is_object() ? body->value("build", "") : "");
}

// What a daemon needs of its starter's environment; keys of hosted models come with each job instead.
std::vector<std::string> daemon_environment() {
  std::vector<std::string> out;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text = *entry;
    for (const std::string_view prefix : {"HOME=", "PATH=", "LANG=", "LC_", "XDG_", "WRIGHT_", "TMPDIR=", "USER=", "LOGNAME=", "TZ="})
      if (text.starts_with(prefix)) out.emplace_back(text);
  }
  return out;
}

// Runs `wright daemon --background` in a session of its own, its output in the log.
Result<void> spawn(const daemon::Folders& folders) {
  WRIGHT_CHECK(make_directories(folders.state, 0700));
  const std::string log = daemon::daemon_log_path(folders);
  struct stat status{};
  const bool fresh = ::stat(log.c_str(), &status) == 0 && static_cast<std::size_t>(status.st_size) > kLogBytes;
  const UniqueFd out(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (fresh ? O_TRUNC : 0), 0600));
  const UniqueFd in(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!out.valid()) return errno_error("cannot open", log, errno);
  std::vector<std::string> words = {"wrightd", "--background"}, variables = daemon_environment();
  if (::geteuid() == 0) words.emplace_back("--allow-root");  // root typed the command that needs the daemon
  std::vector<char*> argv, envp;
  for (std::string& w : words) argv.push_back(w.data());
  for (std::string& v : variables) envp.push_back(v.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  const pid_t child = ::fork();
  if (child < 0) return errno_error("cannot fork", "the daemon", errno);
  if (child == 0) {
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::dup2(in.get(), 0);
    ::dup2(out.get(), 1);
    ::dup2(out.get(), 2);
    if (::chdir("/") != 0) ::_exit(127);
    ::execve("/proc/self/exe", argv.data(), envp.data());
    ::_exit(127);
  }
  ::waitpid(child, nullptr, 0);
  return {};
}

std::string last_log_line(const daemon::Folders& folders) {
  const auto log = read_file(daemon::daemon_log_path(folders), 4 * kLogBytes);
  if (!log.ok() || log->empty()) return "it said nothing";
  const auto end = log->find_last_not_of('\n');
  if (end == std::string::npos) return "it said nothing";
  const auto begin = log->rfind('\n', end);
  return log->substr(begin == std::string::npos ? 0 : begin + 1, end - (begin == std::string::npos ? 0 : begin + 1) + 1);
}

}  // namespace

Result<std::string> running_daemon(const Context& context, const daemon::Folders& folders) {
  WRIGHT_TRY(const std::string socket, daemon::socket_path(folders));
  if (!hello(context, socket)) return Error{ErrorKind::not_found, "no daemon is running", "any `wright run` or `wright fix` starts one"};
  return socket;
}

Result<std::string> ensure_daemon(const Context& context, const daemon::Folders& folders) {
  WRIGHT_TRY(const std::string socket, daemon::socket_path(folders));
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  bool spawned = false;
  while (std::chrono::steady_clock::now() < deadline) {
    WRIGHT_CHECK(context.check());
    const auto build = hello(context, socket);
    if (build && (*build == daemon::this_build() || build->written_ns > daemon::this_build().written_ns)) return socket;
    if (build) {  // an older one: it finishes its jobs and gives the socket up
      (void)daemon::unix_fetch(context, {socket, "POST", "/api/drain", ""});
    } else if (!spawned) {
      WRIGHT_CHECK(spawn(folders));
      spawned = true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return Error{ErrorKind::io, "the daemon did not start: " + last_log_line(folders), "see " + daemon::daemon_log_path(folders)};
}

}  // namespace wright::cli
