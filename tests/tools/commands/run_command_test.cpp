// The run_command tool: what the model is told, and the shared cases that run (`works`, `contained`) at level A.
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "tests/support/shared.h"
#include "tests/support/temp_folder.h"
#include "tools/exec/sandbox.h"
#include "tools/fs/workspace.h"
#include "tools/tool.h"

using namespace wright;
using namespace wright::tools;

namespace {

struct Listener : ChangeListener {
  std::vector<std::string> commands;
  Result<void> before_change(const std::string&) override { return {}; }
  Result<void> before_command(const std::string& command) override {
    commands.push_back(command);
    return {};
  }
};

// A home with secrets and shell files, and in it a workspace as the cases describe it: in.txt, p.sh, a repository of one commit.
struct Place {
  test::TempFolder base;
  std::string root, home;
  std::unique_ptr<Workspace> workspace;
  Listener listener;
  explicit Place(SandboxLevel level = sandbox_status().level) {
    home = base.path() + "/home";
    root = home + "/ws";
    base.write("home/.bashrc", "rc\n");
    base.write("home/.profile", "profile\n");
    base.write("home/.ssh/id", "SECRETKEY\n");
    base.write("home/ws/in.txt", "a\na\nb\n");
    base.write("home/ws/p.sh", "#!/bin/sh\ntouch H\n");
    base.write("home/ws/src/a.c", "int main(void) { return 0; }\n");
    base.write("home/ws/README.md", "read\n");
    base.write("home/ws/CMakeLists.txt", "cmake_minimum_required(VERSION 3.16)\nproject(x C)\nadd_executable(a src/a.c)\n");
    ::chmod((root + "/p.sh").c_str(), 0755);
    REQUIRE(make_directories(root + "/build").ok());
    const std::string git = "cd " + root + " && git init -q . && git add -A && git -c user.name=x -c user.email=x@x commit -qm one";
    REQUIRE(::system(git.c_str()) == 0);
    auto opened = Workspace::open(root);
    REQUIRE(opened.ok());
    workspace = std::move(*opened);
    workspace->set_listener(&listener);
    auto policy = std::make_shared<CommandPolicy>();
    policy->level = level;
    policy->environment = filtered_environment(process_environment());
    policy->environment["HOME"] = home;
    workspace->commands = policy;
  }
  ToolResult run(nlohmann::json args, Context context = Context()) {
    const Tool* tool = find_tool("run_command");
    REQUIRE(tool);
    REQUIRE(validate_arguments(tool->info, args).ok());
    ToolCall call{context, *workspace, std::move(args), {}};
    return tool->run(call);
  }
  // What lies outside the workspace, and git's own files in it: what no command may change.
  std::string outside() const {
    std::string out;
    for (const auto& [name, bytes] : base.tree())
      if (!name.starts_with("home/ws/") || name.starts_with("home/ws/.git/")) out += name + "=" + bytes + "\n";
    struct stat st{};
    ::stat((home + "/.profile").c_str(), &st);
    return out + std::to_string(st.st_mode);
  }
  bool has(const char* name) const { return exists(root + "/" + name); }
};

}  // namespace

TEST_CASE("run_command: exit status, time limit, signals, folders, limits") {
  Place place;
  ToolResult r = place.run({{"command", "echo hi; exit 3"}});
  CHECK(r.is_error);
  CHECK(r.text.starts_with("hi\n[exit status 3"));
  CHECK(r.data["exit_status"] == 3);
  CHECK(place.listener.commands == std::vector<std::string>{"echo hi; exit 3"});
  r = place.run({{"command", "sleep 20"}, {"timeout_ms", 200}});
  CHECK(r.text.find("the time limit") != std::string::npos);
  CHECK(place.run({{"command", "kill -SEGV $$"}}).text.find("SIGSEGV") != std::string::npos);
  CHECK(place.run({{"command", "pwd -P"}, {"cwd", "src"}}).text.starts_with(place.root + "/src\n"));
  for (const char* bad : {"/", "..", "nowhere", "in.txt"}) CHECK(place.run({{"command", "pwd"}, {"cwd", bad}}).text.starts_with("cwd: "));
  REQUIRE(::symlink("/", (place.root + "/out").c_str()) == 0);
  CHECK(place.run({{"command", "pwd"}, {"cwd", "out"}}).text.starts_with("cwd: "));
  r = place.run({{"command", "seq 100000; echo end"}});
  CHECK(r.text.size() < 30'000);
  CHECK(r.text.starts_with("1\n2\n"));
  CHECK(r.text.find("bytes left out") != std::string::npos);
  CHECK(r.text.find("\nend\n") != std::string::npos);
  CHECK(place.run({{"command", "printf '\\033[31mred\\033[0m\\033]0;t\\007.\\x01\\xff'; true"}}).text.starts_with("red.\\x01\uFFFD\n"));
  Context cancelled;
  cancelled.cancel();
  CHECK(place.run({{"command", "true; true x"}}, cancelled).is_error);
}

TEST_CASE("run_command: a plain read cannot write, starts nothing of the repository and needs no checkpoint") {
  Place place;
  if (sandbox_status().level == SandboxLevel::c) {
    WARN("skipped: no sandbox works here");
    return;
  }
  const std::string config = "cd " + place.root + " && git config core.fsmonitor ./p.sh && git config diff.external ./p.sh && git config diff.x.textconv ./p.sh && "
                             "git config filter.x.clean ./p.sh && git config core.pager ./p.sh && git config gpg.program ./p.sh && git config log.showSignature true && "
                             "echo '* diff=x filter=x' > .gitattributes && echo c >> in.txt";
  REQUIRE(::system(config.c_str()) == 0);
  for (const char* command : {"git status", "git diff", "git log -p", "git show", "git blame in.txt", "git diff --stat", "git log --oneline -1", "git grep a"}) {
    const ToolResult r = place.run({{"command", command}});
    INFO(command << ": " << r.text);
    CHECK(r.data["plain_read"] == true);
    CHECK_FALSE(place.has("H"));
  }
  CHECK(place.run({{"command", "git log -p"}}).text.find("+read") != std::string::npos);
  CHECK(place.listener.commands.empty());
}

TEST_CASE("run_command: a planted program is not found by a plain read") {
  Place place;
  place.base.write("home/ws/bin/ls", "#!/bin/sh\necho PLANTED\n");
  ::chmod((place.root + "/bin/ls").c_str(), 0755);
  auto policy = std::make_shared<CommandPolicy>(*place.workspace->commands);
  policy->environment["PATH"] = place.root + "/bin:.:bin:/usr/bin:/bin";
  place.workspace->commands = policy;
  CHECK(place.run({{"command", "ls"}}).text.find("PLANTED") == std::string::npos);
}

TEST_CASE("run_command: shared cases that run at level A") {
  if (sandbox_status().level != SandboxLevel::a) {
    WARN("skipped: level A does not work here");
    return;
  }
  int works = 0, contained = 0;
  for (const char* file : {"cases/security.jsonl", "cases/security_controls.jsonl"}) {
    const auto found = test::shared_path(file);
    if (!found) return;
    const auto text = read_file(*found);
    REQUIRE(text.ok());
    for (std::size_t at = 0; at < text->size();) {
      const auto end = std::min(text->find('\n', at), text->size());
      const auto c = nlohmann::json::parse(text->substr(at, end - at));
      at = end + 1;
      if (c["kind"] != "command" || c.contains("cwd")) continue;
      const std::string expect = c["expect"], assert_text = c.value("assert", "");
      Place place;
      if (c.contains("setup"))
        for (const auto& s : c["setup"]) REQUIRE(::system(("cd " + place.root + " && " + s.get<std::string>()).c_str()) == 0);
      const std::string before = place.outside();
      const ToolResult r = place.run({{"command", c["cmd"]}, {"timeout_ms", expect == "works" ? 30000 : 1500}});
      INFO(c["id"] << ": " << c["cmd"] << "\n" << r.text);
      CHECK(place.outside() == before);
      if (expect == "works") CHECK_FALSE(r.is_error);
      if (expect == "error") CHECK((r.is_error && r.text.find("git_status") != std::string::npos));
      if (assert_text.find("H absent") != std::string::npos) CHECK_FALSE(place.has("H"));
      if (assert_text.find("fails") != std::string::npos) CHECK(r.is_error);
      if (assert_text.find("deadline") != std::string::npos) CHECK(r.text.find("the time limit") != std::string::npos);
      works += expect == "works";
      contained += expect != "works";
    }
  }
  WARN(works << " must work, " << contained << " ran contained");
}
