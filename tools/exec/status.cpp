// The functional self-test: each level is tried by doing what it must do, never by asking for versions.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "tools/exec/command_plan.h"
#include "tools/exec/landlock_rules.h"
#include "tools/exec/sandbox.h"

namespace wright::tools {

namespace {

bool bubblewrap_works() {
  const pid_t child = ::fork();
  if (child == 0) {
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int fd : {0, 1, 2}) ::dup2(null, fd);
    ::execl(kBubblewrap, kBubblewrap, "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--cap-drop", "ALL",
            "--ro-bind", "/", "/", "--tmpfs", "/tmp", "--dev", "/dev", "--proc", "/proc", "--", "/bin/true", nullptr);
    _exit(127);
  }
  int status = 0;
  return child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

SandboxStatus test() {
  SandboxStatus status{SandboxLevel::a, "", ""};
  if (!bubblewrap_works()) {
    status.level = landlock_abi() >= 4 ? SandboxLevel::b : SandboxLevel::c;
    const bool there = ::access(kBubblewrap, X_OK) == 0;
    status.reason = there ? "bubblewrap cannot make namespaces here" : "bubblewrap is not installed";
    if (status.level == SandboxLevel::c) status.reason += " and this kernel's Landlock is missing or too old";
    status.fix = !there ? "install it: apt-get install bubblewrap"
                 : ::access("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", R_OK) == 0
                     ? "allow it: sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for bwrap"
                     : "allow user namespaces: sysctl kernel.unprivileged_userns_clone=1";
  }
  if (const char* asked = std::getenv("WRIGHT_SANDBOX"); asked && (*asked == 'B' || *asked == 'C')) {
    const SandboxLevel level = *asked == 'B' ? SandboxLevel::b : SandboxLevel::c;
    if (level > status.level) status = {level, std::string("WRIGHT_SANDBOX=") + asked, "unset WRIGHT_SANDBOX"};
  }
  return status;
}

}  // namespace

const SandboxStatus& sandbox_status() {
  static const SandboxStatus status = test();
  return status;
}

bool overlay_available() {
  static const bool works = [] {
    char folder[] = "/tmp/wright-overlay-XXXXXX";
    if (!::mkdtemp(folder)) return false;
    const std::string base = folder;
    for (const char* name : {"/lower", "/upper", "/work"})
      if (!make_directories(base + name, 0700).ok()) return false;
    CommandPolicy policy;
    policy.level = sandbox_status().level;
    Command command;
    command.argv = {"/bin/sh", "-c", "echo x > new"};
    command.root = command.cwd = base + "/lower";
    command.overlay_upper = base + "/upper";
    command.overlay_work = base + "/work";
    bool ok = false;
    if (policy.level == SandboxLevel::a)
      if (auto run = run_command(Context(), policy, command); run.ok())
        ok = run->exit_status == 0 && exists(base + "/upper/new") && !exists(base + "/lower/new");
    if (const pid_t cleaner = ::fork(); cleaner == 0) {
      ::execl("/bin/rm", "rm", "-rf", "--", folder, nullptr);
      _exit(127);
    } else if (cleaner > 0) {
      ::waitpid(cleaner, nullptr, 0);
    }
    return ok;
  }();
  return works;
}

}  // namespace wright::tools
