#include "tools/exec/child.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tools/exec/process_tree.h"

namespace wright::tools {

namespace {

constexpr unsigned kProcesses = 1024;            // processes and threads of a command
constexpr int kReaped = 64;                      // between two looks at how many there are
constexpr rlim_t kFileBytes = rlim_t(16) << 30;  // one file that a command writes

unsigned processes() {
  struct sysinfo info{};
  return ::sysinfo(&info) == 0 ? info.procs : 0;
}

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

void mount_overlay(const Plan& plan) {
  const bool root = ::geteuid() == 0;
  if (::unshare(CLONE_NEWNS | (root ? 0 : CLONE_NEWUSER)) != 0) give_up(plan, "make a mount namespace");
  if (!root && (!write_file("/proc/self/setgroups", "deny") || !write_file("/proc/self/uid_map", plan.uid_map) ||
                !write_file("/proc/self/gid_map", plan.gid_map)))
    give_up(plan, "map the user");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) give_up(plan, "make mounts private");
  if (::mount("overlay", plan.overlay_target, "overlay", 0, plan.overlay_options) != 0) give_up(plan, "mount the overlay");
}

// At B root would keep its capabilities, and with them chown, mknod and the freedom from limits.
void drop_capabilities() {
  for (int cap = 0; ::prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; ++cap) {
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  ::syscall(SYS_capset, &header, none);
}

[[noreturn]] void execute(const Plan& plan) {
  if (plan.overlay_target) mount_overlay(plan);
  ::umask(plan.umask);
  ::setpriority(PRIO_PROCESS, 0, plan.priority);
  write_file("/proc/self/oom_score_adj", "1000");  // short of memory, a command dies before the daemon
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, kFileBytes);
  limit(RLIMIT_NPROC, processes() + kProcesses);  // the kernel counts all of the user's
  if (plan.cpu_seconds) limit(RLIMIT_CPU, plan.cpu_seconds);
  if (plan.memory_bytes) limit(RLIMIT_DATA, plan.memory_bytes);
  if (::chdir(plan.cwd) != 0) give_up(plan, "enter the folder");
  if (plan.stdin_fd != 0) ::dup2(plan.stdin_fd, 0);
  ::dup2(plan.output_fd, 1);
  ::dup2(plan.output_fd, 2);
  if (plan.level == SandboxLevel::b) {
    drop_capabilities();
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::syscall(SYS_landlock_restrict_self, plan.ruleset_fd, 0) != 0)
      give_up(plan, "apply Landlock");
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &plan.program) != 0) give_up(plan, "install the filter");
  }
  ::close_range(3, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */);
  if (plan.level == SandboxLevel::a)  // the two that bubblewrap reads; it closes them before the command starts
    for (const int fd : {plan.arguments_fd, plan.filter_fd}) ::fcntl(fd, F_SETFD, 0);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int s : {SIGPIPE, SIGTERM, SIGCHLD, SIGINT}) ::signal(s, SIG_DFL);
  ::execvpe(plan.argv[0], plan.argv, plan.envp);
  give_up(plan, "start");
}

// Kills every direct child: once a child is gone its own become ours, so repeating this ends the whole tree.
void kill_children() {
  each_child("/proc/thread-self", [](pid_t pid, void*) { ::kill(pid, SIGKILL); }, nullptr);
}

// Whether the command has started too many. The machine's count is cheap and tells when to look; the tree itself is counted, because
// the many may be somebody else's. Far above the limit there is no time for that: a bomb grows faster than it is counted.
bool too_many(unsigned processes_before) {
  const auto more = static_cast<unsigned short>(processes() - processes_before);
  if (more <= kProcesses || more >= 0x8000) return false;
  return more > 2 * kProcesses || tree_exceeds(kProcesses);
}

// Waits for the command, a word from the daemon, or (as root, whom the kernel frees from RLIMIT_NPROC) too many processes.
int wait_for(pid_t child, const sigset_t& signals, unsigned processes_before) {
  const bool counted = ::geteuid() == 0;
  const timespec tick{0, 20'000'000};
  for (int status = 0;;) {
    // A few at a time: the orphans of a bomb end without end.
    pid_t gone = 1;
    for (int reaped = 0; reaped < kReaped && (gone = ::waitpid(-1, &status, WNOHANG)) > 0; ++reaped)
      if (gone == child) return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (counted && too_many(processes_before)) return 128 + SIGKILL;
    const timespec now{0, 0};
    const int got = gone > 0 || counted ? ::sigtimedwait(&signals, nullptr, gone > 0 ? &now : &tick) : ::sigwaitinfo(&signals, nullptr);
    if (got == SIGTERM) return 128 + SIGKILL;
  }
}

}  // namespace

[[noreturn]] void shepherd(const Plan& plan, pid_t daemon) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int s : {SIGCHLD, SIGTERM}) sigaddset(&signals, s);
  ::sigprocmask(SIG_SETMASK, &signals, nullptr);
  ::signal(SIGTERM, SIG_DFL);  // blocked, and read by sigwaitinfo
  ::signal(SIGCHLD, SIG_DFL);
  ::signal(SIGINT, SIG_IGN);   // the daemon or the command line hears Ctrl-C and tells us
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
  if (::getppid() != daemon) _exit(kStartFailed);
  const unsigned before = processes();
  ::setpriority(PRIO_PROCESS, 0, plan.priority - 10);  // only root may: it must be heard above a fork bomb
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    ::setsid();
    execute(plan);
  }
  if (child < 0) give_up(plan, "fork");
  ::close_range(0, ~0u, 0);  // the daemon's connections and pipes must not stay open as long as the command runs
  const int result = wait_for(child, signals, before);
  for (const timespec tick{0, 1'000'000};;) {
    kill_children();
    int status = 0;
    pid_t gone = 1;
    for (int reaped = 0; reaped < kReaped && gone > 0; ++reaped) gone = ::waitpid(-1, &status, WNOHANG);
    if (gone < 0 && errno == ECHILD) break;
    if (gone == 0) ::sigtimedwait(&signals, nullptr, &tick);
  }
  if (::getppid() != daemon && plan.mount_points)
    for (char* const* path = plan.mount_points; *path; ++path) ::rmdir(*path);
  _exit(result);
}

}  // namespace wright::tools
