// The promises of tools/exec/README.md at every level that works here.
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

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
      const TimePoint start = Clock::system().now();
      for (int i = 0; i < 200; ++i) REQUIRE(run_command(Context(), box.policy, command).ok());
      const double ms = seconds_between(start, Clock::system().now()) * 1000 / 200;
      WARN("level " << char('A' + int(level)) << (overlay ? " with an overlay: " : ": ") << ms << " ms a run");
    }
}
