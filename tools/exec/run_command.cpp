// One process for every command. Everything is prepared before the fork (arguments, filter, rules): the child only makes
// system calls. At A bubblewrap's pid namespace ends the tree; at B and C a small shepherd process is the subreaper and kills
// what is left, also when this process dies (its parent-death signal is SIGTERM, which starts the kill loop).
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "tools/exec/command_plan.h"
#include "tools/exec/landlock_rules.h"
#include "tools/exec/sandbox.h"
#include "tools/exec/seccomp_filter.h"

namespace wright::tools {

namespace {

constexpr rlim_t kProcesses = 4096;                     // of the user, inside a command
constexpr rlim_t kFileBytes = rlim_t(16) << 30;         // one file that a command writes
constexpr int kStartFailed = 125;                       // the child could not exec; the pipe says why

// Read by the child after the fork; pointers stay valid because the parent's memory is copied.
struct Plan {
  SandboxLevel level;
  char* const* argv;
  char* const* envp;
  const char* cwd;
  int stdin_fd, output_fd, error_fd, arguments_fd = -1, filter_fd = -1, info_fd = -1, ruleset_fd = -1;
  sock_fprog program{};
  const char *overlay_target = nullptr, *overlay_options = nullptr, *uid_map = nullptr, *gid_map = nullptr;
  rlim_t cpu_seconds = 0, memory_bytes = 0;
  unsigned umask = 022;
};

void limit(int resource, rlim_t value) {
  rlimit now{};
  if (::getrlimit(static_cast<__rlimit_resource>(resource), &now) != 0) return;
  if (now.rlim_max != RLIM_INFINITY && now.rlim_max < value) value = now.rlim_max;
  const rlimit set{value, value};
  ::setrlimit(static_cast<__rlimit_resource>(resource), &set);
}

[[noreturn]] void give_up(const Plan& plan, const char* what) {
  const int error = errno;
  (void)!::write(plan.error_fd, &error, sizeof error);
  (void)!::write(plan.error_fd, what, std::strlen(what));
  _exit(kStartFailed);
}

bool write_file(const char* path, const char* text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t size = static_cast<ssize_t>(std::strlen(text));
  const bool ok = ::write(fd, text, static_cast<std::size_t>(size)) == size;
  ::close(fd);
  return ok;
}

[[noreturn]] void execute(const Plan& plan) {
  if (plan.overlay_target) {
    const bool root = ::geteuid() == 0;
    if (::unshare(CLONE_NEWNS | (root ? 0 : CLONE_NEWUSER)) != 0) give_up(plan, "make a mount namespace");
    if (!root && (!write_file("/proc/self/setgroups", "deny") || !write_file("/proc/self/uid_map", plan.uid_map) ||
                  !write_file("/proc/self/gid_map", plan.gid_map)))
      give_up(plan, "map the user");
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) give_up(plan, "make mounts private");
    if (::mount("overlay", plan.overlay_target, "overlay", 0, plan.overlay_options) != 0) give_up(plan, "mount the overlay");
  }
  ::umask(plan.umask);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, kFileBytes);
  limit(RLIMIT_NPROC, kProcesses);
  if (plan.cpu_seconds) limit(RLIMIT_CPU, plan.cpu_seconds);
  if (plan.memory_bytes) limit(RLIMIT_AS, plan.memory_bytes);
  if (::chdir(plan.cwd) != 0) give_up(plan, "enter the folder");
  ::dup2(plan.stdin_fd, 0);
  ::dup2(plan.output_fd, 1);
  ::dup2(plan.output_fd, 2);
  if (plan.level == SandboxLevel::b) {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::syscall(SYS_landlock_restrict_self, plan.ruleset_fd, 0) != 0)
      give_up(plan, "apply Landlock");
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &plan.program) != 0) give_up(plan, "install the filter");
  }
  if (plan.level == SandboxLevel::a)  // the three that bubblewrap reads; it closes them before the command starts
    for (const int fd : {plan.arguments_fd, plan.filter_fd, plan.info_fd}) ::fcntl(fd, F_SETFD, 0);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::execvpe(plan.argv[0], plan.argv, plan.envp);
  give_up(plan, "start");
}

volatile sig_atomic_t shepherd_told = 0;
void on_tell(int) { shepherd_told = 1; }

// Kills every direct child: once a child is gone its own become ours, so repeating this ends the whole tree.
void kill_children() {
  char path[] = "/proc/thread-self/children", buffer[4096];
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  const ssize_t n = ::read(fd, buffer, sizeof buffer - 1);
  ::close(fd);
  pid_t pid = 0;
  for (ssize_t i = 0; i < n; ++i) {
    if (buffer[i] >= '0' && buffer[i] <= '9') pid = pid * 10 + (buffer[i] - '0');
    else if (pid > 0) ::kill(pid, SIGKILL), pid = 0;
  }
}

[[noreturn]] void shepherd(const Plan& plan, pid_t daemon) {
  struct sigaction act{};
  act.sa_handler = on_tell;
  ::sigaction(SIGTERM, &act, nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
  if (::getppid() != daemon) _exit(kStartFailed);
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGTERM, SIG_DFL);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    ::setsid();
    execute(plan);
  }
  if (child < 0) give_up(plan, "fork");
  ::close_range(0, 2, 0);
  ::close(plan.error_fd);
  int status = 0, result = 0;
  timespec tick{0, 2'000'000};
  for (;;) {  // ends when the command does, or when told to
    const pid_t gone = ::waitpid(-1, &status, WNOHANG);
    if (gone == child) {
      result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      break;
    }
    if (shepherd_told) {
      result = 128 + SIGKILL;
      break;
    }
    if (gone <= 0) ::nanosleep(&tick, nullptr);
  }
  for (;;) {
    kill_children();
    const pid_t gone = ::waitpid(-1, &status, WNOHANG);
    if (gone < 0 && errno == ECHILD) _exit(result);
    if (gone == 0) ::nanosleep(&tick, nullptr);
  }
}

struct Strings {
  std::vector<std::string> text;
  std::vector<char*> pointers;
  char* const* get() {
    pointers.clear();
    for (auto& s : text) pointers.push_back(s.data());
    pointers.push_back(nullptr);
    return pointers.data();
  }
};

// First and last halves of a stream; counts what lies between.
class Capture {
 public:
  explicit Capture(std::size_t limit) : half_(limit / 2) {}
  void add(std::string_view bytes) {
    total_ += bytes.size();
    const std::size_t head = std::min(bytes.size(), half_ - head_.size());
    head_.append(bytes.substr(0, head));
    tail_.append(bytes.substr(head));
    if (tail_.size() > 2 * half_ + 65536) tail_.erase(0, tail_.size() - half_);
  }
  std::size_t total() const { return total_; }
  std::string take() {
    if (tail_.size() > half_) tail_.erase(0, tail_.size() - half_);
    const std::size_t cut = total_ - head_.size() - tail_.size();
    if (cut) head_ += "\n[" + std::to_string(cut) + " bytes left out]\n";
    return head_ + tail_;
  }

 private:
  std::size_t half_, total_ = 0;
  std::string head_, tail_;
};

Result<void> pipe_pair(UniqueFd& in, UniqueFd& out) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return errno_error("make", "a pipe", errno);
  in.reset(fds[0]);
  out.reset(fds[1]);
  return {};
}

// Bubblewrap's report {"child-pid": N}: the namespace's first process, whose end is the end of all.
pid_t reported_pid(const std::string& info) {
  const auto at = info.find("\"child-pid\":");
  return at == std::string::npos ? -1 : static_cast<pid_t>(std::atoi(info.c_str() + at + 12));
}

bool lies_in(const std::string& path, const std::string& folder) {
  return path == folder || (path.starts_with(folder) && (folder.ends_with('/') || path[folder.size()] == '/'));
}

// Level B: every entry of the workspace but the control files; a new top-level name is not writable.
std::vector<std::string> entries_to_grant(const Command& command, const CommandPolicy& policy) {
  std::vector<std::string> out = policy.writable, control = control_paths(command.root, true);
  std::string listing;
  const UniqueFd fd(::open(command.root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  alignas(8) char buffer[32768];
  for (;;) {
    const long n = fd.valid() ? ::syscall(SYS_getdents64, fd.get(), buffer, sizeof buffer) : 0;
    if (n <= 0) return out;
    for (long at = 0; at < n;) {
      unsigned short size = 0;
      std::memcpy(&size, buffer + at + 16, sizeof size);
      const unsigned char type = static_cast<unsigned char>(buffer[at + 18]);
      const std::string name = buffer + at + 19, path = command.root + "/" + name;
      at += size;
      bool granted = name != "." && name != ".." && type != 10 /* a link grants its target */;
      for (const auto& c : control) granted = granted && !lies_in(c, path) && !lies_in(path, c);
      if (granted) out.push_back(path);
    }
  }
}

}  // namespace

Result<CommandResult> run_command(const Context& context, const CommandPolicy& policy, const Command& command) {
  WRIGHT_CHECK(context.check());
  if (!command.root.starts_with("/") || !lies_in(command.cwd, command.root))
    return Error{ErrorKind::refused, "the command's folder lies outside the workspace: " + command.cwd, "use a folder inside it"};
  if (policy.level < sandbox_status().level)
    return Error{ErrorKind::refused, "this sandbox level does not work here: " + sandbox_status().reason, sandbox_status().fix};
  Strings argv, envp;
  for (const auto& [name, value] : policy.environment) envp.text.push_back(name + "=" + value);
  UniqueFd arguments, filter, ruleset, output, output_end, info, info_end, error, error_end;
  std::vector<std::string> masked;
  std::string program, overlay_options;
  Plan plan{policy.level, nullptr, nullptr, command.cwd.c_str(), -1, -1, -1};
  char scratch[] = "/tmp/wright-XXXXXX";
  bool has_scratch = false;
  if (policy.level == SandboxLevel::a) {
    WRIGHT_TRY(arguments, bubblewrap_arguments(policy, command, masked));
    WRIGHT_TRY(filter, seccomp_filter(policy.level, policy.network));
    WRIGHT_CHECK(pipe_pair(info, info_end));
    for (const std::string& word : {std::string(kBubblewrap), std::string("--args"), std::to_string(arguments.get()), std::string("--seccomp"),
                                    std::to_string(filter.get()), std::string("--info-fd"), std::to_string(info_end.get()), std::string("--")})
      argv.text.push_back(word);
  } else if (policy.level == SandboxLevel::b) {
    if (!::mkdtemp(scratch)) return errno_error("create", scratch, errno);
    has_scratch = true;
    std::erase_if(envp.text, [](const std::string& e) { return e.starts_with("TMPDIR="); });
    envp.text.push_back(std::string("TMPDIR=") + scratch);
    LandlockGrant grant{hidden_paths(policy), entries_to_grant(command, policy), policy.network};
    grant.writable.push_back(scratch);
    WRIGHT_TRY(ruleset, landlock_ruleset(grant));
    WRIGHT_TRY(const UniqueFd bpf, seccomp_filter(policy.level, policy.network));
    WRIGHT_TRY(program, read_fd(bpf.get(), "the filter"));
    plan.program = {static_cast<unsigned short>(program.size() / sizeof(sock_filter)), reinterpret_cast<sock_filter*>(program.data())};
  }
  const MountPoints mounts(std::move(masked));
  if (!command.argv.empty()) argv.text.insert(argv.text.end(), command.argv.begin(), command.argv.end());
  else for (const char* word : {"/bin/sh", "-c", command.shell.c_str()}) argv.text.push_back(word);
  const std::string uid_map = std::to_string(::getuid()) + " " + std::to_string(::getuid()) + " 1";
  const std::string gid_map = std::to_string(::getgid()) + " " + std::to_string(::getgid()) + " 1";
  if (!command.overlay_upper.empty()) {
    overlay_options = "userxattr,lowerdir=" + command.root + ",upperdir=" + command.overlay_upper + ",workdir=" + command.overlay_work;
    if (overlay_options.find(':') != std::string::npos || std::count(overlay_options.begin(), overlay_options.end(), ',') != 3)
      return Error{ErrorKind::usage, "an overlay folder's name holds ':' or ','", "copy the workspace instead"};
    plan.overlay_target = command.root.c_str();
    plan.overlay_options = overlay_options.c_str();
    plan.uid_map = uid_map.c_str();
    plan.gid_map = gid_map.c_str();
  }
  WRIGHT_CHECK(pipe_pair(output, output_end));
  WRIGHT_CHECK(pipe_pair(error, error_end));
  UniqueFd input(::memfd_create("stdin", MFD_CLOEXEC));
  if (!input.valid() || ::write(input.get(), command.stdin_text.data(), command.stdin_text.size()) != ssize_t(command.stdin_text.size()) ||
      ::lseek(input.get(), 0, SEEK_SET) != 0)
    return errno_error("hand over", "standard input", errno);
  plan.argv = argv.get();
  plan.envp = envp.get();
  plan.stdin_fd = input.get();
  plan.output_fd = output_end.get();
  plan.error_fd = error_end.get();
  plan.arguments_fd = arguments.get();
  plan.filter_fd = filter.get();
  plan.info_fd = info_end.get();
  plan.ruleset_fd = ruleset.get();
  plan.umask = policy.umask;
  plan.memory_bytes = command.memory_limit_bytes;
  if (command.cpu_limit > Duration::zero())
    plan.cpu_seconds = static_cast<rlim_t>(std::chrono::ceil<std::chrono::seconds>(command.cpu_limit).count());

  const TimePoint start = Clock::system().now();
  const Context bounded = context.with_timeout(command.timeout);
  const pid_t daemon = ::getpid(), child = ::fork();
  if (child < 0) return errno_error("start", "a process", errno);
  if (child == 0) {
    if (policy.level != SandboxLevel::a) shepherd(plan, daemon);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (::getppid() != daemon) _exit(kStartFailed);
    execute(plan);
  }
  output_end.reset();
  error_end.reset();
  info_end.reset();
  const UniqueFd child_fd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  CommandResult result;
  Capture capture(command.output_limit_bytes);
  const auto drain = [&](int wait_ms) {  // true at end of file
    pollfd polled[2] = {{output.get(), POLLIN, 0}, {child_fd.get(), POLLIN, 0}};
    ::poll(polled, 2, wait_ms);
    if (!polled[0].revents) return false;
    char buffer[65536];
    const ssize_t n = ::read(output.get(), buffer, sizeof buffer);
    if (n > 0) {
      capture.add({buffer, static_cast<std::size_t>(n)});
      if (command.on_output) command.on_output({buffer, static_cast<std::size_t>(n)});
    }
    return n == 0;
  };
  const auto running = [&] {
    pollfd polled{child_fd.get(), POLLIN, 0};
    return ::poll(&polled, 1, 0) == 0;
  };
  UniqueFd init_fd;
  if (info.valid()) {
    auto text = read_fd(info.get(), "the sandbox's report", 4096);
    if (const pid_t pid = text.ok() ? reported_pid(*text) : -1; pid > 0)
      init_fd.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  }
  bool told = false, ended = false;
  while (running()) {
    if (!told && bounded.done()) {
      told = true;
      result.cancelled = context.cancelled();
      result.timed_out = !result.cancelled;
      ::kill(child, policy.level == SandboxLevel::a ? SIGKILL : SIGTERM);
    }
    if (ended) {
      pollfd polled{child_fd.get(), POLLIN, 0};
      ::poll(&polled, 1, 20);
    } else {
      ended = drain(20);
    }
  }
  if (init_fd.valid()) {
    pollfd polled{init_fd.get(), POLLIN, 0};
    ::poll(&polled, 1, 5000);  // all of the namespace is gone once its first process is
  }
  for (int tries = 0; !ended && tries < 1000; ++tries) {
    const std::size_t before = capture.total();
    ended = drain(0);
    if (capture.total() == before) break;
  }
  int status = 0;
  rusage usage{};
  while (::wait4(child, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  if (has_scratch) {
    const std::string remove = scratch;
    if (const pid_t cleaner = ::fork(); cleaner == 0) {
      ::execl("/bin/rm", "rm", "-rf", "--", scratch, nullptr);
      _exit(127);
    } else if (cleaner > 0) {
      ::waitpid(cleaner, nullptr, 0);
    }
  }
  WRIGHT_TRY(const std::string problem, read_fd(error.get(), "the start report", 4096));
  if (problem.size() >= sizeof(int)) {
    int number = 0;
    std::memcpy(&number, problem.data(), sizeof number);
    return errno_error(problem.substr(sizeof number), argv.text.front(), number);
  }
  result.exit_status = told ? 128 + SIGKILL : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.output = capture.take();
  result.output_bytes = capture.total();
  result.seconds = seconds_between(start, Clock::system().now());
  result.cpu_seconds = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                       static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
  return result;
}

}  // namespace wright::tools
