// The promises of tools/exec/README.md at every level that works here.
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <memory>
#include <mutex>
#include <vector>

#include "base/file.h"
#include "tools/exec/sandbox.h"

using namespace wright;
using namespace wright::tools;

namespace {

struct Box {
  std::string base, root;
  CommandPolicy policy;
  explicit Box(SandboxLevel level) {
    char name[] = "/var/tmp/wright-test-XXXXXX";
    REQUIRE(::mkdtemp(name));
    base = name;
    root = base + "/ws";
    REQUIRE(make_directories(root + "/.git/hooks").ok());
    REQUIRE(make_directories(root + "/src").ok());
    REQUIRE(make_directories(base + "/home/.ssh").ok());
    REQUIRE(write_file_atomic(base + "/home/.ssh/id", "SECRETKEY", 0600, false).ok());
    policy.level = level;
    policy.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HOME", base + "/home"}};
  }
  ~Box() {
    if (::system(("rm -rf " + base).c_str()) != 0) WARN("left behind: " + base);
  }
  Command command(const std::string& shell) const {
    Command c;
    c.shell = shell;
    c.root = c.cwd = root;
    c.timeout = std::chrono::seconds(20);
    return c;
  }
  CommandResult run(const std::string& shell) const {
    auto result = run_command(Context(), policy, command(shell));
    INFO((result.ok() ? "" : result.error().text()));
    REQUIRE(result.ok());
    return *result;
  }
};

std::vector<SandboxLevel> levels() {
  std::vector<SandboxLevel> out;
  for (const auto level : {SandboxLevel::a, SandboxLevel::b})
    if (level >= sandbox_status().level) out.push_back(level);
  if (out.empty()) WARN("no sandbox level works here: " + sandbox_status().reason);
  return out;
}

}  // namespace

TEST_CASE("sandbox: runs, reads stdin, tells the exit status, cuts output") {
  for (const auto level : levels()) {
    const Box box(level);
    CHECK(box.run("echo out; echo err >&2; exit 7").exit_status == 7);
    auto command = box.command("cat; echo made > src/made");
    command.stdin_text = "given";
    auto result = run_command(Context(), box.policy, command);
    REQUIRE(result.ok());
    CHECK(result->output == "given");
    CHECK(exists(box.root + "/src/made"));
    command = box.command("head -c 300000 /dev/zero | tr '\\0' x; echo end");
    command.output_limit_bytes = 1000;
    result = run_command(Context(), box.policy, command);
    REQUIRE(result.ok());
    CHECK(result->output_bytes == 300004);
    CHECK(result->output.size() < 1100);
    CHECK(result->output.ends_with("end\n"));
  }
}

TEST_CASE("sandbox: nothing is written outside and git's files are safe") {
  for (const auto level : levels()) {
    const Box box(level);
    CHECK(box.run("echo x > " + box.base + "/outside").exit_status != 0);
    CHECK_FALSE(exists(box.base + "/outside"));
    box.run("ln -s " + box.base + " src/link; echo x > src/link/outside");
    CHECK_FALSE(exists(box.base + "/outside"));
    CHECK(box.run("echo x > .git/hooks/pre-commit").exit_status != 0);
    CHECK(box.run("mv .git moved").exit_status != 0);
    CHECK(exists(box.root + "/.git/hooks"));
    CHECK_FALSE(exists(box.root + "/.git/hooks/pre-commit"));
  }
}

TEST_CASE("sandbox: secrets, the launcher's environment and descriptors stay hidden") {
  REQUIRE(::setenv("WRIGHT_TEST_CANARY", "SECRETVALUE", 1) == 0);
  for (const auto level : levels()) {
    const Box box(level);
    CHECK(box.run("cat ~/.ssh/id").output.find("SECRETKEY") == std::string::npos);
    CHECK(box.run("env; cat /proc/self/environ /proc/1/environ 2>/dev/null").output.find("SECRETVALUE") == std::string::npos);
    CHECK(box.run("for f in /proc/self/fd/*; do echo ${f##*/}; done | sort -n | tail -n 1").output < "4");
  }
}

TEST_CASE("sandbox: no network, no unix sockets, no namespaces, no terminal injection") {
  for (const auto level : levels()) {
    const Box box(level);
    if (::access("/usr/bin/python3", X_OK) != 0) {
      WARN("skipped: no python3");
      return;
    }
    CHECK(box.run("python3 -c \"import socket;socket.socket(2,2).sendto(b'x',('192.0.2.1',53))\"").exit_status != 0);
    CHECK(box.run("python3 -c \"import socket;socket.socket(1,1)\"").exit_status != 0);
    CHECK(box.run("python3 -c \"import socket;socket.socket(40,1)\"").exit_status != 0);
    CHECK(box.run("python3 -c \"import socket;socket.socketpair()\"").exit_status == 0);
    CHECK(box.run("unshare -U true").exit_status != 0);
    const auto inject = box.run("python3 -c \"import fcntl,os;fcntl.ioctl(os.openpty()[1],0x5412,b'x')\"");
    CHECK(inject.exit_status != 0);
  }
}

TEST_CASE("sandbox: a time-out and a cancel end the whole tree") {
  for (const auto level : levels()) {
    const Box box(level);
    auto command = box.command("(setsid sh -c 'sleep 1; echo late > src/late' >/dev/null 2>&1 &) ; sleep 30");
    command.timeout = std::chrono::milliseconds(300);
    auto result = run_command(Context(), box.policy, command);
    REQUIRE(result.ok());
    CHECK(result->timed_out);
    box.run("(setsid sh -c 'sleep 1; echo late > src/late' >/dev/null 2>&1 &)");  // left by a command that ended well
    const Context cancelled;
    command = box.command("sleep 30");
    command.on_output = [&](std::string_view) { cancelled.cancel(); };
    command.shell = "echo up; sleep 30";
    result = run_command(cancelled, box.policy, command);
    REQUIRE(result.ok());
    CHECK(result->cancelled);
    ::usleep(1'200'000);
    CHECK_FALSE(exists(box.root + "/src/late"));
  }
}

TEST_CASE("sandbox: a missing .git cannot be made and leaves nothing behind") {
  if (sandbox_status().level != SandboxLevel::a) {
    WARN("skipped: level A does not work here");
    return;
  }
  const Box box(SandboxLevel::a);
  REQUIRE(::system(("rm -rf " + box.root + "/.git").c_str()) == 0);
  CHECK(box.run("mkdir -p .git/hooks && echo x > .git/hooks/pre-commit").exit_status != 0);
  CHECK_FALSE(exists(box.root + "/.git"));
}

TEST_CASE("sandbox: an overlay shows the workspace and keeps it untouched") {
  if (!overlay_available()) {
    WARN("skipped: overlays do not work here");
    return;
  }
  const Box box(SandboxLevel::a);
  REQUIRE(write_file_atomic(box.root + "/src/a", "old", 0644, false).ok());
  for (const char* name : {"/upper", "/work"}) REQUIRE(make_directories(box.base + name).ok());
  auto command = box.command("cat src/a; echo new > src/a; pwd");
  command.overlay_upper = box.base + "/upper";
  command.overlay_work = box.base + "/work";
  const auto result = run_command(Context(), box.policy, command);
  REQUIRE(result.ok());
  CHECK(result->output == "old" + box.root + "\n");
  CHECK(*read_file(box.root + "/src/a") == "old");
  CHECK(*read_file(box.base + "/upper/src/a") == "new\n");
}

TEST_CASE("sandbox: a folder outside the workspace is refused") {
  Box box(sandbox_status().level);
  auto command = box.command("true");
  command.cwd = "/";
  const auto result = run_command(Context(), box.policy, command);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().kind == ErrorKind::refused);
}

TEST_CASE("sandbox: control files at every depth are read-only, and new ones are told") {
  for (const auto level : levels()) {
    const Box box(level);
    for (const char* name : {"sub/deep/.git/hooks", "sub/.vscode", "node_modules/x/.git", ".github/workflows"}) REQUIRE(make_directories(box.root + "/" + name).ok());
    for (const char* name : {"sub/deep/.git/config", "sub/.vscode/tasks.json", "sub/AGENTS.md", "node_modules/x/.git/config", ".github/workflows/ci.yml", ".envrc", "node_modules/x/AGENTS.md"})
      REQUIRE(write_file_atomic(box.root + "/" + name, "old", 0644, false).ok());
    for (const char* name : {"sub/deep/.git/config", "sub/deep/.git/hooks/x", "sub/.vscode/tasks.json", "sub/AGENTS.md", "node_modules/x/.git/config", ".github/workflows/ci.yml", ".envrc"}) {
      INFO(name);
      CHECK(box.run(std::string("echo new > ") + name).exit_status != 0);
      CHECK(box.run(std::string("rm -rf ") + name + "; mv " + name + " gone").exit_status != 0);
    }
    CHECK(box.run("mv sub/deep/.git sub/deep/g").exit_status != 0);
    CHECK(*read_file(box.root + "/sub/AGENTS.md") == "old");
    CHECK(*read_file(box.root + "/sub/deep/.git/config") == "old");
    CHECK(box.run("echo data > node_modules/x/AGENTS.md").exit_status == 0);
    const auto made = box.run("mkdir -p src/new/.git && echo x > src/new/.git/config");
    CHECK(made.exit_status == 0);
    REQUIRE(made.notices.size() == 1);
    CHECK(made.notices[0].find("src/new/.git") != std::string::npos);
    CHECK(box.run("echo x > src/plain").notices.empty());
  }
}

TEST_CASE("sandbox: .git as a link, .git as a file") {
  for (const auto level : levels()) {
    const Box box(level);
    REQUIRE(::rename((box.root + "/.git").c_str(), (box.root + "/realgit").c_str()) == 0);
    REQUIRE(::symlink("realgit", (box.root + "/.git").c_str()) == 0);
    CHECK(box.run("echo x > .git/hooks/x").exit_status != 0);
    CHECK(box.run("echo x > realgit/hooks/x").exit_status != 0);
    CHECK(box.run("mv realgit other").exit_status != 0);
    const auto result = box.run("rm -f .git; mkdir -p .git/hooks; echo x > .git/hooks/x");
    char target[64] = {};
    CHECK(::readlink((box.root + "/.git").c_str(), target, sizeof target - 1) == 7);
    CHECK(std::string(target) == "realgit");
    CHECK_FALSE(exists(box.root + "/.git/hooks/x"));
    if (level == SandboxLevel::a) CHECK(!result.notices.empty());
    REQUIRE(make_directories(box.root + "/src/moved/hooks").ok());
    REQUIRE(write_file_atomic(box.root + "/src/.git", "gitdir: moved\n", 0644, false).ok());
    CHECK(box.run("echo x > src/.git").exit_status != 0);
    CHECK(box.run("echo x > src/moved/hooks/x").exit_status != 0);
    CHECK_FALSE(exists(box.root + "/src/moved/hooks/x"));
  }
}

TEST_CASE("sandbox: a killed daemon leaves no process and no mount point") {
  if (sandbox_status().level != SandboxLevel::a) {
    WARN("skipped: level A does not work here");
    return;
  }
  const Box box(SandboxLevel::a);
  REQUIRE(::system(("rm -rf " + box.root + "/.git").c_str()) == 0);
  const pid_t daemon = ::fork();
  if (daemon == 0) {
    auto command = box.command("(setsid sh -c 'sleep 1; echo late > src/late' &) ; echo up > src/up; sleep 30");
    (void)run_command(Context(), box.policy, command).ok();
    _exit(0);
  }
  for (int i = 0; i < 1000 && !exists(box.root + "/src/up"); ++i) ::usleep(10'000);
  REQUIRE(exists(box.root + "/src/up"));
  CHECK(exists(box.root + "/.git"));  // the mount point
  ::kill(daemon, SIGKILL);
  ::waitpid(daemon, nullptr, 0);
  for (int i = 0; i < 1000 && exists(box.root + "/.git"); ++i) ::usleep(10'000);
  CHECK_FALSE(exists(box.root + "/.git"));
  CHECK_FALSE(exists(box.root + "/.wright"));
  ::usleep(1'200'000);
  CHECK_FALSE(exists(box.root + "/src/late"));
}

TEST_CASE("sandbox: limits of memory, CPU time, processes and file size") {
  if (::access("/usr/bin/python3", X_OK) != 0) {
    WARN("skipped: no python3");
    return;
  }
  for (const auto level : levels()) {
    const Box box(level);
    auto command = box.command("python3 -c \"x = bytearray(1 << 30)\"");
    command.memory_limit_bytes = 256 << 20;
    auto result = run_command(Context(), box.policy, command);
    REQUIRE(result.ok());
    CHECK(result->exit_status != 0);
    command = box.command("while :; do :; done");
    command.cpu_limit = std::chrono::seconds(1);
    result = run_command(Context(), box.policy, command);
    REQUIRE(result.ok());
    CHECK(result->exit_status != 0);
    CHECK_FALSE(result->timed_out);
    CHECK(box.run("python3 -c \"\nimport os,time\nfor i in range(4000):\n  if os.fork() == 0: time.sleep(20); os._exit(0)\nopen('src/all','w')\"").exit_status != 0);
    CHECK_FALSE(exists(box.root + "/src/all"));
    CHECK(box.run("ulimit -c; cat /proc/self/oom_score_adj").output == "0\n1000\n");
  }
}

namespace {

// Many idle threads of this process, as another command's processes would be.
class Crowd {
 public:
  explicit Crowd(int n) {
    pthread_attr_t small;
    ::pthread_attr_init(&small);
    ::pthread_attr_setstacksize(&small, 128 << 10);
    lock_.lock();
    for (pthread_t thread; n > 0 && ::pthread_create(&thread, &small, wait, &lock_) == 0; --n) threads_.push_back(thread);
    ::pthread_attr_destroy(&small);
  }
  ~Crowd() {
    lock_.unlock();
    for (const pthread_t thread : threads_) ::pthread_join(thread, nullptr);
  }
  std::size_t size() const { return threads_.size(); }

 private:
  static void* wait(void* lock) {
    const std::lock_guard held(*static_cast<std::mutex*>(lock));
    return nullptr;
  }
  std::mutex lock_;
  std::vector<pthread_t> threads_;
};

}  // namespace

TEST_CASE("sandbox: a command is not ended for processes that others start") {
  for (const auto level : levels()) {
    const Box box(level);
    std::unique_ptr<Crowd> crowd;
    auto command = box.command("echo begin; sleep 0.6; echo end");
    command.on_output = [&](std::string_view) {
      if (!crowd) crowd = std::make_unique<Crowd>(1400);
    };
    const auto result = run_command(Context(), box.policy, command);
    REQUIRE(result.ok());
    if (!crowd || crowd->size() < 1400) {
      WARN("skipped: this machine gives no 1400 threads");
      return;
    }
    CHECK(result->exit_status == 0);
    CHECK(result->output == "begin\nend\n");
  }
}

TEST_CASE("sandbox: a read-only run writes nowhere in the workspace") {
  for (const auto level : levels()) {
    const Box box(level);
    auto command = box.command("echo x > src/x; echo x > x; mkdir y; cat .git/hooks/none; ls -d src");
    command.read_only = true;
    const auto result = run_command(Context(), box.policy, command);
    REQUIRE(result.ok());
    CHECK(result->output.find("src\n") != std::string::npos);
    for (const char* name : {"/src/x", "/x", "/y"}) CHECK_FALSE(exists(box.root + name));
  }
}

TEST_CASE("sandbox: an overlay has ignored files, links and modes, and hides what was removed") {
  if (!overlay_available()) {
    WARN("skipped: overlays do not work here");
    return;
  }
  const Box box(SandboxLevel::a);
  for (const char* name : {"/upper", "/work"}) REQUIRE(make_directories(box.base + name).ok());
  REQUIRE(write_file_atomic(box.root + "/.gitignore", "*.o\n", 0644, false).ok());
  REQUIRE(write_file_atomic(box.root + "/a.o", "object", 0644, false).ok());
  REQUIRE(write_file_atomic(box.root + "/src/tool", "#!/bin/sh\necho tool\n", 0755, false).ok());
  REQUIRE(::symlink("src/tool", (box.root + "/link").c_str()) == 0);
  auto command = box.command("cat a.o && ./link && ./src/tool && rm a.o && test ! -e a.o && chmod -x src/tool && mv src moved && test ! -e src && ls moved && rm -rf moved && mkdir src && echo n > src/n");
  command.overlay_upper = box.base + "/upper";
  command.overlay_work = box.base + "/work";
  for (int round = 0; round < 3; ++round) {  // the same folders again: what the last run left is there
    const auto result = run_command(Context(), box.policy, command);
    INFO((result.ok() ? result->output : result.error().text()));
    REQUIRE(result.ok());
    CHECK(result->exit_status == (round == 0 ? 0 : 1));
  }
  CHECK(*read_file(box.root + "/a.o") == "object");
  CHECK(::access((box.root + "/src/tool").c_str(), X_OK) == 0);
  CHECK_FALSE(exists(box.root + "/src/n"));
}

TEST_CASE("sandbox: every promise as an ordinary user too") {
  if (::geteuid() != 0) {
    WARN("skipped: these tests already run as an ordinary user");
    return;
  }
  char self[4096] = {};
  REQUIRE(::readlink("/proc/self/exe", self, sizeof self - 1) > 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgroups(0, nullptr) != 0 || ::setgid(54321) != 0 || ::setuid(54321) != 0) _exit(99);
    if (::access(self, X_OK) != 0) _exit(98);
    ::execl(self, self, "sandbox:*~[.measure]", nullptr);
    _exit(97);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 98) WARN("skipped: another user cannot reach " << self);
  else CHECK(status == 0);
}

// Not run by ctest: `test_tools "[.measure]"` prints what a run costs here.
TEST_CASE("sandbox: cost of a run", "[.measure]") {
  for (const auto level : levels())
    for (const bool overlay : {false, true}) {
      if (overlay && (level != SandboxLevel::a || !overlay_available())) continue;
      const Box box(level);
      auto command = box.command("");
      command.argv = {"/bin/true"};
      if (overlay) {
        for (const char* name : {"/upper", "/work"}) REQUIRE(make_directories(box.base + name).ok());
        command.overlay_upper = box.base + "/upper";
        command.overlay_work = box.base + "/work";
      }
      const auto cpu = [] {  // load on the machine does not count in it
        double seconds = 0;
        for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
          rusage u{};
          ::getrusage(who, &u);
          seconds += static_cast<double>(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + 1e-6 * static_cast<double>(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
        }
        return seconds;
      };
      const double cpu_before = cpu();
      const TimePoint start = Clock::system().now();
      for (int i = 0; i < 200; ++i) REQUIRE(run_command(Context(), box.policy, command).ok());
      const double ms = seconds_between(start, Clock::system().now()) * 1000 / 200;
      WARN("level " << char('A' + int(level)) << (overlay ? " with an overlay: " : ": ") << ms << " ms a run, " << (cpu() - cpu_before) * 5 << " ms of it processor time");
    }
}
