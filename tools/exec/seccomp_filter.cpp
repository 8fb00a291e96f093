#include "tools/exec/seccomp_filter.h"

#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <mutex>

#include "base/file.h"

namespace wright::tools {

namespace {

// Refused with EPERM whatever the arguments: kernel surface that outlives or leaves the sandbox.
constexpr int kRefused[] = {
    SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_getfd), SCMP_SYS(kcmp),
    SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register), SCMP_SYS(keyctl), SCMP_SYS(add_key),
    SCMP_SYS(request_key), SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(mount),
    SCMP_SYS(umount2), SCMP_SYS(move_mount), SCMP_SYS(open_tree), SCMP_SYS(fsopen), SCMP_SYS(fsconfig), SCMP_SYS(fsmount),
    SCMP_SYS(fspick), SCMP_SYS(mount_setattr), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(setns), SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load), SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(reboot),
    SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(quotactl), SCMP_SYS(acct), SCMP_SYS(settimeofday), SCMP_SYS(clock_settime),
    SCMP_SYS(open_by_handle_at), SCMP_SYS(name_to_handle_at), SCMP_SYS(iopl), SCMP_SYS(ioperm), SCMP_SYS(fanotify_init),
    SCMP_SYS(syslog), SCMP_SYS(vhangup),
};
constexpr int kRefusedAtB[] = {
    SCMP_SYS(chown), SCMP_SYS(fchown), SCMP_SYS(lchown), SCMP_SYS(fchownat), SCMP_SYS(setxattr), SCMP_SYS(lsetxattr),
    SCMP_SYS(fsetxattr), SCMP_SYS(removexattr), SCMP_SYS(lremovexattr), SCMP_SYS(fremovexattr),
};

}  // namespace

namespace {

Result<std::string> build(SandboxLevel level, bool network) {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  if (!filter) return Error{ErrorKind::io, "cannot make a system call filter", "check libseccomp"};
  const auto eperm = SCMP_ACT_ERRNO(EPERM);
  int bad = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  for (const int call : kRefused) bad |= seccomp_rule_add(filter, eperm, call, 0);
  if (level == SandboxLevel::b)
    for (const int call : kRefusedAtB) bad |= seccomp_rule_add(filter, eperm, call, 0);
  const bool ip = level == SandboxLevel::a || network;  // at A the network namespace is what is empty
  for (unsigned family = 0; family <= AF_MAX; ++family) {
    if (family == AF_NETLINK || (ip && (family == AF_INET || family == AF_INET6))) continue;
    bad |= seccomp_rule_add(filter, eperm, SCMP_SYS(socket), 1, SCMP_A0_32(SCMP_CMP_EQ, family));
  }
  bad |= seccomp_rule_add(filter, eperm, SCMP_SYS(socket), 1, SCMP_A0_32(SCMP_CMP_GT, unsigned(AF_MAX)));
  for (const unsigned flag : {unsigned(CLONE_NEWUSER), unsigned(CLONE_NEWNS), unsigned(CLONE_NEWNET), unsigned(CLONE_NEWPID)}) {
    bad |= seccomp_rule_add(filter, eperm, SCMP_SYS(unshare), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag));
    bad |= seccomp_rule_add(filter, eperm, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag));
  }
  // clone3 hides its flags behind a pointer; with ENOSYS the C library falls back to clone.
  bad |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  for (const unsigned request : {unsigned(TIOCSTI), unsigned(TIOCLINUX)})
    bad |= seccomp_rule_add(filter, eperm, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffu, request));
  UniqueFd file(::memfd_create("filter", MFD_CLOEXEC));
  if (bad == 0 && file.valid()) bad = seccomp_export_bpf(filter, file.get());
  seccomp_release(filter);
  if (bad != 0 || !file.valid() || ::lseek(file.get(), 0, SEEK_SET) != 0)
    return Error{ErrorKind::io, "cannot build the system call filter", "check libseccomp and the kernel's seccomp support"};
  return read_fd(file.get(), "the filter");
}

}  // namespace

Result<std::string> seccomp_filter(SandboxLevel level, bool network) {
  static std::mutex mutex;
  static std::map<std::pair<SandboxLevel, bool>, std::string> built;
  const std::lock_guard lock(mutex);
  std::string& kept = built[{level, network}];
  if (kept.empty()) {
    WRIGHT_TRY(kept, build(level, network));
  }
  return kept;
}

}  // namespace wright::tools
