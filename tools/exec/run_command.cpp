// One process for every command. Everything is prepared before the fork (arguments, filter, rules); child.cpp has the other
// side. At A bubblewrap runs below the shepherd, so that the end of its namespace is waited for in one place.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tools/exec/capture.h"
#include "tools/exec/child.h"
#include "tools/exec/command_plan.h"
#include "tools/exec/landlock_rules.h"
#include "tools/exec/path_names.h"
#include "tools/exec/sandbox.h"
#include "tools/exec/seccomp_filter.h"

namespace wright::tools {

namespace {

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

Result<void> pipe_pair(UniqueFd& in, UniqueFd& out) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return errno_error("make", "a pipe", errno);
  in.reset(fds[0]);
  out.reset(fds[1]);
  return {};
}

void remove_tree(const std::string& path) {
  const pid_t cleaner = ::fork();
  if (cleaner == 0) {
    ::execl("/bin/rm", "rm", "-rf", "--", path.c_str(), nullptr);
    _exit(127);
  }
  if (cleaner > 0) ::waitpid(cleaner, nullptr, 0);
}

// The state of one run; its members live until the child has gone.
class Run {
 public:
  Run(const Context& context, const CommandPolicy& policy, const Command& command)
      : context_(context), policy_(policy), command_(command), capture_(command.output_limit_bytes),
        plan_{policy.level, nullptr, nullptr, command.cwd.c_str(), -1, -1, -1} {}
  ~Run() {
    if (!scratch_.empty()) remove_tree(scratch_);
  }

  Result<CommandResult> go() {
    WRIGHT_CHECK(prepare());
    const MountPoints mounts(masked_);
    start_ = Clock::system().now();
    const pid_t daemon = ::getpid();
    child_ = ::fork();
    if (child_ < 0) return errno_error("start", "a process", errno);
    if (child_ == 0) shepherd(plan_, daemon);
    output_end_.reset();
    error_end_.reset();
    wait();
    return finish();
  }

 private:
  Result<void> prepare() {
    for (const auto& [name, value] : policy_.environment) environment_.text.push_back(name + "=" + value);
    if (policy_.level == SandboxLevel::a) WRIGHT_CHECK(prepare_a());
    if (policy_.level == SandboxLevel::b) WRIGHT_CHECK(prepare_b());
    if (!command_.argv.empty()) arguments_.text.insert(arguments_.text.end(), command_.argv.begin(), command_.argv.end());
    else for (const char* word : {"/bin/sh", "-c", command_.shell.c_str()}) arguments_.text.push_back(word);
    if (!command_.overlay_upper.empty()) WRIGHT_CHECK(prepare_overlay());
    WRIGHT_CHECK(pipe_pair(output_, output_end_));
    WRIGHT_CHECK(pipe_pair(error_, error_end_));
    WRIGHT_TRY(input_, memory_file("input", command_.stdin_text));
    plan_.argv = arguments_.get();
    plan_.envp = environment_.get();
    plan_.stdin_fd = command_.stdin_fd >= 0 ? command_.stdin_fd : input_.get();
    plan_.output_fd = output_end_.get();
    plan_.error_fd = error_end_.get();
    mount_points_.text = masked_;
    plan_.mount_points = mount_points_.get();
    plan_.umask = policy_.umask;
    plan_.priority = ::getpriority(PRIO_PROCESS, 0);
    plan_.memory_bytes = command_.memory_limit_bytes;
    if (command_.cpu_limit > Duration::zero())
      plan_.cpu_seconds = static_cast<rlim_t>(std::chrono::ceil<std::chrono::seconds>(command_.cpu_limit).count());
    return {};
  }

  // Nothing lasting can be written in an overlay, a copy or a read-only workspace, so no control file needs its own mount there.
  bool writes() const { return command_.overlay_upper.empty() && !command_.read_only && !command_.disposable; }

  Result<void> prepare_a() {
    if (writes()) {
      control_ = scan_control(command_.root, true);
      masked_ = MountPoints::wanted(command_.root, control_);
    }
    WRIGHT_TRY(arguments_fd_, bubblewrap_arguments(policy_, command_, control_, masked_));
    WRIGHT_TRY(const std::string filter, seccomp_filter(policy_.level, policy_.network));
    WRIGHT_TRY(filter_fd_, memory_file("filter", filter));
    plan_.arguments_fd = arguments_fd_.get();
    plan_.filter_fd = filter_fd_.get();
    arguments_.text = {kBubblewrap, "--args", std::to_string(arguments_fd_.get()), "--seccomp", std::to_string(filter_fd_.get()), "--"};
    return {};
  }

  Result<void> prepare_b() {
    char scratch[] = "/tmp/wright-XXXXXX";
    if (!::mkdtemp(scratch)) return errno_error("create", scratch, errno);
    scratch_ = scratch;
    std::erase_if(environment_.text, [](const std::string& e) { return e.starts_with("TMPDIR="); });
    environment_.text.push_back("TMPDIR=" + scratch_);
    if (writes()) control_ = scan_control(command_.root, true);
    LandlockGrant grant{hidden_paths(policy_), entries_to_grant(command_, policy_), control_.present, policy_.network};
    grant.writable.push_back(scratch_);
    WRIGHT_TRY(ruleset_, landlock_ruleset(grant));
    WRIGHT_TRY(program_, seccomp_filter(policy_.level, policy_.network));
    plan_.ruleset_fd = ruleset_.get();
    plan_.program = {static_cast<unsigned short>(program_.size() / sizeof(sock_filter)), reinterpret_cast<sock_filter*>(program_.data())};
    return {};
  }

  Result<void> prepare_overlay() {
    overlay_options_ = "userxattr,lowerdir=" + command_.root + ",upperdir=" + command_.overlay_upper + ",workdir=" + command_.overlay_work;
    if (overlay_options_.find_first_of(":\\") != std::string::npos || std::count(overlay_options_.begin(), overlay_options_.end(), ',') != 3)
      return Error{ErrorKind::usage, "an overlay folder's name holds ':', ',' or '\\'", "copy the workspace instead"};
    uid_map_ = std::to_string(::getuid()) + " " + std::to_string(::getuid()) + " 1";
    gid_map_ = std::to_string(::getgid()) + " " + std::to_string(::getgid()) + " 1";
    plan_.overlay_target = command_.root.c_str();
    plan_.overlay_options = overlay_options_.c_str();
    plan_.uid_map = uid_map_.c_str();
    plan_.gid_map = gid_map_.c_str();
    return {};
  }

  // Reads what there is; true at the end of the output.
  bool drain(int child_fd, int wait_ms) {
    pollfd polled[2] = {{output_.get(), POLLIN, 0}, {child_fd, POLLIN, 0}};
    ::poll(polled, 2, wait_ms);
    if (!polled[0].revents) return false;
    char buffer[65536];
    const ssize_t n = ::read(output_.get(), buffer, sizeof buffer);
    if (n > 0) {
      capture_.add({buffer, static_cast<std::size_t>(n)});
      if (command_.on_output) command_.on_output({buffer, static_cast<std::size_t>(n)});
    }
    return n == 0;
  }

  void wait() {
    const Context bounded = context_.with_timeout(command_.timeout);
    const UniqueFd child_fd(static_cast<int>(::syscall(SYS_pidfd_open, child_, 0)));
    const auto child_ended = [&](int wait_ms) {
      pollfd polled{child_fd.get(), POLLIN, 0};
      return ::poll(&polled, 1, wait_ms) != 0;
    };
    bool output_ended = false;
    while (!child_ended(output_ended ? 20 : 0)) {
      if (!told_ && bounded.done()) {
        told_ = true;
        result_.cancelled = context_.cancelled();
        result_.timed_out = !result_.cancelled;
        ::kill(child_, SIGTERM);
      }
      if (!output_ended) output_ended = drain(child_fd.get(), 20);
    }
    for (std::size_t before = ~std::size_t(0); !output_ended && capture_.total() != before;) {
      before = capture_.total();
      output_ended = drain(child_fd.get(), 0);
    }
  }

  Result<CommandResult> finish() {
    int status = 0;
    rusage usage{};
    while (::wait4(child_, &status, 0, &usage) < 0 && errno == EINTR) {
    }
    if (writes() && policy_.level != SandboxLevel::c) result_.notices = settle_control(command_.root, control_);
    WRIGHT_TRY(const std::string problem, read_fd(error_.get(), "the start report", 4096));
    if (problem.size() >= sizeof(int)) {
      int number = 0;
      std::memcpy(&number, problem.data(), sizeof number);
      return errno_error(problem.substr(sizeof number), arguments_.text.front(), number);
    }
    result_.exit_status = told_ ? 128 + SIGKILL : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    result_.output = capture_.take();
    result_.output_bytes = capture_.total();
    result_.seconds = seconds_between(start_, Clock::system().now());
    result_.cpu_seconds = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                          static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
    return std::move(result_);
  }

  const Context& context_;
  const CommandPolicy& policy_;
  const Command& command_;
  Capture capture_;
  Plan plan_;
  Strings arguments_, environment_, mount_points_;
  UniqueFd arguments_fd_, filter_fd_, ruleset_, input_, output_, output_end_, error_, error_end_;
  ControlScan control_;
  std::vector<std::string> masked_;
  std::string program_, overlay_options_, uid_map_, gid_map_, scratch_;
  pid_t child_ = -1;
  bool told_ = false;
  TimePoint start_{};
  CommandResult result_;
};

}  // namespace

Result<CommandResult> run_command(const Context& context, const CommandPolicy& policy, const Command& command) {
  WRIGHT_CHECK(context.check());
  if (!command.root.starts_with("/") || !path_inside(clean_path(command.cwd, command.root, "/"), command.root))
    return Error{ErrorKind::refused, "the command's folder lies outside the workspace: " + command.cwd, "use a folder inside it"};
  if (policy.level < sandbox_status().level)
    return Error{ErrorKind::refused, "this sandbox level does not work here: " + sandbox_status().reason, sandbox_status().fix};
  if (policy.level == SandboxLevel::c && command.read_only)
    return Error{ErrorKind::refused, "without a sandbox nothing can be made read-only", sandbox_status().fix};
  if (policy.level != SandboxLevel::a && !command.overlay_upper.empty())
    return Error{ErrorKind::refused, "an overlay needs sandbox level A", "copy the workspace instead"};
  return Run(context, policy, command).go();
}

}  // namespace wright::tools
