// wright policy, the real binary: how the rules of --rules count, with and without --trusted.
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "tests/support/temp_folder.h"

using namespace wright;
using test::TempFolder;

namespace {

Json policy(const TempFolder& folder, const std::string& command, const std::string& flags) {
  const TempFolder io(std::map<std::string, std::string>{{"in", dump_json(Json{{"tool", "run_command"}, {"args", {{"command", command}}}})}});
  const std::string line = "cd '" + folder.path() + "' && '" WRIGHT_BINARY "' policy " + flags + " < '" + io.path() + "/in' > '" + io.path() + "/out' 2> '" + io.path() + "/err'";
  const int status = std::system(line.c_str());
  INFO(io.read("err"));
  REQUIRE((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  return Json::parse(io.read("out"));
}

}  // namespace

// Nothing but F can hold rules here, so --trusted is about F: without it F is taken as what a repository brought, which may narrow what
// is allowed, never widen it.
TEST_CASE("verb policy: allow rules of --rules count with --trusted alone, deny and ask rules always") {
  const TempFolder folder(std::map<std::string, std::string>{{"rules.json", R"j({"permissions":{"allow":["Bash(make test)"],"ask":["Bash(git log:*)"],"deny":["Bash(ls:*)"]}})j"}});
  for (const std::string flags : {"--rules rules.json", "--rules rules.json --trusted"}) {
    const bool trusted = flags.find("--trusted") != flags.npos;
    const Json made = policy(folder, "make test", flags);
    CHECK(made["decision"] == (trusted ? "allow" : "ask"));
    CHECK((made["reason"].get<std::string>().find("--trusted") != std::string::npos) == !trusted);
    CHECK(policy(folder, "make install", flags)["decision"] == "ask");
    CHECK(policy(folder, "ls -la", flags)["decision"] == "deny");
    CHECK(policy(folder, "git log -1", flags)["decision"] == "ask");
    CHECK(policy(folder, "cat rules.json", flags)["decision"] == "allow");
  }
}
