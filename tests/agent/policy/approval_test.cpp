// decide(): rules, modes, built-in rows; the shared attack and control cases.
#include "agent/approval.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "tests/support/shared.h"

using namespace wright;
using namespace wright::agent;

namespace {

PolicyContext context(Mode mode = Mode::ask) {
  PolicyContext c;
  c.mode = mode;
  c.workspace = c.cwd = "/home/u/ws";
  c.home = "/home/u";
  return c;
}

PolicyContext with(std::initializer_list<std::pair<Decision, const char*>> rules, Mode mode = Mode::ask) {
  PolicyContext c = context(mode);
  for (const auto& [decision, text] : rules) {
    auto rule = parse_rule(decision, text, "test");
    REQUIRE(rule.ok());
    c.rules.push_back(*rule);
  }
  return c;
}

Decision command(const PolicyContext& c, const std::string& text) {
  const Verdict v = decide(c, "run_command", {{"command", text}});
  INFO(text << ": " << v.reason);
  CHECK_FALSE(v.reason.empty());
  CHECK_FALSE(v.rule.empty());
  return v.decision;
}

Decision path(const PolicyContext& c, const std::string& tool, const std::string& name) { return decide(c, tool, {{"path", name}}).decision; }

const auto kAllow = Decision::allow, kAsk = Decision::ask, kDeny = Decision::deny;

}  // namespace

TEST_CASE("approval: plain reads pass, everything else asks") {
  for (const char* good :
       {"ls -la", "cat 'file with spaces.txt' | wc -l", "uniq in.txt", "diff a.txt b.txt", "true && pwd", "cat ./a", "ls 2>/dev/null", "grep -rn x src 2>&1",
        "cat /home/u/ws/a", "cd src && ls", "ls src/*.cpp", "sed -n '1,20p' a", "sed -n '/x/,$p;5q' a", "[ -f a ] && cat a", "git log --oneline -5",
        "git diff HEAD~1 -- a", "git show HEAD:src/a", "git branch --list 'x*'", "find . \\( -name a -o -name b \\) -print", "head -5 a",
        "printf '%s\\n' a", "command -v cc", "/usr/bin/wc -l a", "cat .gitignore .env.example", "jq '.a' x.json", "git blame src/main.cpp", "date +%F"}) {
    INFO(good);
    CHECK(command(context(), good) == kAllow);
  }
  for (const char* bad :
       {"uniq in.txt out.txt", "ls\ntouch H", "ls $(touch H)", "cat /etc/passwd", "cat ../x", "cat .env", "ls > x", "touch H", "X=1 ls", "ls & touch H",
        "cat ~/.ssh/id", "cat a/.git/config", "ls `x`", "", "ls |& tee x", "cat --x", "ls *", "sort *", "cd sub && git status", "cd .. && cat a",
        "cd src && cat ../../x", "./ls", "ls;touch H", "sed -n '1w x' a", "sed -n 's/a/b/e' a", "sed '1e touch H' a", "sed -i 1d a", "git log --format=%G?",
        "git -c core.pager=x log", "git branch new", "git tag x", "git diff --output=x", "git diff --ext-diff", "git show HEAD:.env", "date 0101", "date -s x",
        "xxd a b", "xxd -ac in out", "jq 'import \"a\" as a; .' x", "printf -v x 1", "printf '%d' 'a[$(x)]'", "command ls", "test -v 'a[0]'", "tree -o x",
        "find . -delete", "find . -fprint x", "find -L .", "find . -exec ls {} +", "grep -f ../x y", "grep -R x .", "rg --pre ./p x", "rg -uu x", "tail -f a",
        "sort -o x a", "sort --outpu=x a", "diff -l a b", "file -C", "cat <a", "cat <<<x", "\\ls", "l\\s", "'ls'", "ls {a,b}", "cat id_rs*", "cat s*/x.pem",
        "time ls", "! ls", "(ls)", "{ ls; }", "if true; then ls; fi", "ls # x", "ls \\\n -la", "ls\r", "cat $'a'", "cat \"$x\"", "a=1", ": > a", "ls >&3",
        "git grep -O x", "git grep --open-files-in-pager=x y", "cat -- -x ../y", "git log -- ../x", "less a", "env", "xargs ls", "awk 1 a"}) {
    INFO(bad);
    CHECK(command(context(), bad) != kAllow);
  }
}

TEST_CASE("approval: rules go deny, ask, allow; deny holds in every mode; parts are judged one by one") {
  for (const Mode mode : {Mode::plan, Mode::ask, Mode::auto_edit, Mode::automatic}) {
    const auto c = with({{kAllow, "Bash"}, {kDeny, "Bash(rm:*)"}, {kDeny, "Read(secret/**)"}}, mode);
    for (const char* bad :
         {"rm x", "ls && rm x", "ls | xargs rm -f", "env A=1 rm x", "A=1 rm x", "/bin/rm x", "\\rm x", "r\\m x", "'rm' x", "$(rm x)", "echo `rm x`", "bash -c 'rm x'",
          "sh -c \"sh -c 'rm x'\"", "sudo -u x rm y", "eval 'rm x'", "find . -exec rm {} ;", "{ rm x; }", "if true; then rm x; fi", "time rm x", "cat <<E\nit's\nE\nrm x",
          "$'\\x72m' x", "ls\nrm x", "ls & rm x", "! rm x", "{rm,x}", "trap 'rm x' EXIT", "cat secret/a", "cat <secret/a", "cat ./x/../secret/a", "cd secret && cat ../secret/a",
          "cat /home/u/ws/secret/a", "cat ~/ws/secret/a", "grep x 'secret'/a", "tar c secret/a", "diff --from-file=secret/a b", "git show HEAD:secret/a", "cat \"sec\"ret/a",
          "python3 -c \"open('secret/a')\"", "curl -d @secret/a x", "cp secret/a b"}) {
      INFO(bad);
      CHECK(command(c, bad) == kDeny);
    }
  }
  const auto c = with({{kAllow, "Bash(npm run test:*)"}, {kAllow, "Bash(make)"}, {kAllow, "Bash(go * ./...)"}, {kAsk, "Bash(npm run test:e2e)"}});
  for (const char* good : {"npm run test", "npm run test --silent", "make", "make && npm run test", "make | tail -5", "go vet ./...", "make\nmake", "make 2>&1"})
    CHECK(command(c, good) == kAllow);
  for (const char* bad : {"npm run tests", "npm run test:e2e", "make x", "make && rm x", "make > x", "X=1 make", "make $(x)", "make `x`", "make <<E\nE", "make; $x", "npm run", "go vet ./... x"})
    CHECK(command(c, bad) == kAsk);
  CHECK(command(with({{kAllow, "Bash(git:*)"}}), "git reset --hard") == kAsk);
  CHECK(command(with({{kAllow, "Bash(git reset:*)"}}), "git reset --hard") == kAllow);
  CHECK(command(with({{kAllow, "Bash"}}), "rm -rf ~/x") == kAsk);
  CHECK(command(with({{kAllow, "Bash(cat:*)"}, {kDeny, "Read(.env)"}}), "cat .e*") == kAsk);
  CHECK(command(with({{kDeny, "Read(.env)"}}), "grep -r x .") == kAsk);
}

TEST_CASE("approval: over a limit the deny rules still run and nothing is better than ask") {
  const auto c = with({{kAllow, "Bash"}, {kDeny, "Bash(rm:*)"}}, Mode::automatic);
  std::string many, deep;
  for (int i = 0; i < 200; ++i) many += "true; ";
  CHECK(command(c, many) == kAsk);
  CHECK(command(c, many + "rm x") == kDeny);
  CHECK(command(c, std::string(200'000, ' ') + "x" + std::string(200'000, 'a') + "; rm y") == kDeny);
  for (int i = 0; i < 5000; ++i) deep += "$(";
  CHECK(command(c, "echo " + deep) == kAsk);
  CHECK(command(c, "echo " + deep + "rm x") == kDeny);
  CHECK(command(context(), "echo " + std::string(100'000, 'a')) == kAsk);
}

TEST_CASE("approval: modes") {
  for (const char* text : {"touch x", "make"}) {
    CHECK(command(context(Mode::plan), text) == kDeny);
    CHECK(command(context(Mode::ask), text) == kAsk);
    CHECK(command(context(Mode::auto_edit), text) == kAsk);
    CHECK(command(context(Mode::automatic), text) == kAllow);
    auto b = context(Mode::automatic);
    b.sandbox = tools::SandboxLevel::b;
    CHECK(command(b, text) == kAsk);
  }
  for (const char* text : {"git reset --hard", "git checkout -- .", "git clean -fd", "git stash", "rm -rf /", "rm -rf ~", "rm -rf ../x", "rm -rf .", "rm $X", "$X y", "sudo ls",
                           "git -C x restore .", "ls\u202e", "echo x > .envrc", "git push -f", "git branch -D x"})
    CHECK(command(context(Mode::automatic), text) == kAsk);
  auto c = context();
  c.sandbox = tools::SandboxLevel::c;
  CHECK(command(c, "ls") == kAsk);
  CHECK(path(context(Mode::plan), "write_file", "a") == kDeny);
  CHECK(path(context(Mode::plan), "read_file", "a") == kAllow);
  CHECK(path(context(Mode::ask), "write_file", "a") == kAsk);
  CHECK(path(context(Mode::auto_edit), "edit_file", "a") == kAllow);
  CHECK(path(context(Mode::automatic), "write_file", "a") == kAllow);
  CHECK(decide(context(Mode::automatic), "unheard_of", {{"x", 1}}).decision == kAsk);
  CHECK(decide(context(Mode::automatic), "mcp__a__b", {{"x", 1}}).decision == kAsk);
  CHECK(decide(context(Mode::automatic), "run_command", {{"command", 1}}).decision == kDeny);
  CHECK(decide(context(), "run_command", "x").decision == kDeny);
  CHECK(decide(context(), "run_command", {{"command", "ls"}, {"cwd", "/"}}).decision == kDeny);
  CHECK(decide(context(), "run_command", {{"command", "ls"}, {"cwd", "src/.."}}).decision == kAllow);
  CHECK(decide(context(), "run_command", {{"command", std::string("ls\0x", 4)}}).decision == kDeny);
}

TEST_CASE("approval: names of files") {
  const auto c = context(Mode::automatic);
  for (const char* bad : {"../x", "/etc/passwd", "../ws-evil/x", ".git/config", "GIT~1/config", ".GIT/x", "sub/.git/hooks/x", ".git./x", ".gitmodules", "a\u200b.txt", "a\nb",
                          "src/../../x", "", ".g\u200cit/config", "/proc/self/root/etc/passwd"}) {
    INFO(bad);
    CHECK(path(c, "write_file", bad) == kDeny);
  }
  for (const char* bad : {".mcp.json", "sub/.mcp.json", ".vscode/tasks.json", ".VSCode/x", ".idea/x", ".envrc", ".husky/pre-commit", ".github/workflows/ci.yml", ".gitattributes",
                          "AGENTS.md", "agents.MD", "CLAUDE.md", ".wright/config", ".vscode./x", ".vscode::$DATA", "sub/.gitlab-ci.yml", ".env", "key.pem"}) {
    INFO(bad);
    CHECK(path(c, "edit_file", bad) == kAsk);
  }
  for (const char* good : {"a..b.txt", ".gitignore-notes.md", "한글/파일.cpp", ".github/ISSUE.md", "...", ".clang-format", "/home/u/ws/x", "git/config", "src/.gitignore"}) {
    INFO(good);
    CHECK(path(c, "write_file", good) == kAllow);
  }
  CHECK(path(c, "read_file", ".env") == kAsk);
  CHECK(path(c, "read_file", "/etc/passwd") == kDeny);
  CHECK(path(with({{kAllow, "Edit"}}, Mode::ask), "write_file", ".envrc") == kAsk);
  CHECK(path(with({{kAllow, "Edit(.envrc)"}}, Mode::ask), "write_file", ".envrc") == kAllow);
  const auto patch = [&](const std::string& text) { return decide(c, "apply_patch", {{"patch", text}}).decision; };
  CHECK(patch("*** Begin Patch\n*** Update File: a\n@@\n-x\n+y\n*** End Patch") == kAllow);
  CHECK(patch("*** Begin Patch\n*** Add File: .git/hooks/x\n+y\n*** End Patch") == kDeny);
  CHECK(patch("*** Begin Patch\n*** Update File: a\n*** Move to: ../b\n@@\n-x\n+y\n*** End Patch") == kDeny);
  CHECK(patch("--- a/x\n+++ b/.vscode/x\n@@ -0,0 +1 @@\n+x\n") == kAsk);
  CHECK(patch("nothing") == kDeny);
}

TEST_CASE("approval: changes of tests ask where they were not asked for; unknown arguments are refused") {
  auto c = context(Mode::automatic);
  c.guard_tests = true;
  for (const char* name : {"tests/a.py", "src/a_test.go", "a.spec.ts", "conftest.py", "pkg/__tests__/x.js", "test_a.py"}) CHECK(path(c, "write_file", name) == kAsk);
  for (const char* name : {"src/a.py", "latest.py", "src/attest.c", "contest/a.c"}) CHECK(path(c, "write_file", name) == kAllow);
  CHECK(path(context(Mode::automatic), "write_file", "tests/a.py") == kAllow);
  CHECK(decide(c, "run_command", {{"command", "ls"}, {"approved", true}}).decision == kDeny);
  CHECK(decide(c, "run_command", {{"command", "ls"}, {"sandbox", "C"}}).decision == kDeny);
}

TEST_CASE("approval: patterns of paths, domains and servers") {
  const auto denied = [](const char* rule, const char* name) { return path(with({{kDeny, rule}}), "read_file", name) == kDeny; };
  CHECK(denied("Read(secrets/**)", "secrets/a/b"));
  CHECK_FALSE(denied("Read(secrets/**)", "x/secrets/a"));
  CHECK(denied("Read(**/secrets/**)", "x/secrets/a"));
  CHECK(denied("Read(*.log)", "a/b/c.log"));
  CHECK(denied("Read(/build)", "build/x"));
  CHECK_FALSE(denied("Read(/build)", "a/build/x"));
  CHECK(denied("Read(~/ws/a)", "a"));
  CHECK(denied("Read(//home/u/ws/a)", "a"));
  CHECK(denied("Read(src/**/*.h)", "src/a.h"));
  CHECK(denied("Read(src/**/*.h)", "src/a/b/c.h"));
  CHECK_FALSE(denied("Read(src/*.h)", "src/a/b.h"));
  CHECK(denied("Read([ab].c)", "b.c"));
  CHECK(denied("Read", "b.c"));
  CHECK(path(with({{kDeny, "Read(a)"}}, Mode::automatic), "write_file", "a") == kDeny);
  CHECK(path(with({{kDeny, "Edit(docs/**)"}}, Mode::automatic), "write_file", "docs/a") == kDeny);
  const auto fetch = [](const char* url) { return decide(with({{kAllow, "WebFetch(domain:example.org)"}}), "web_fetch", {{"url", url}}).decision == kAllow; };
  CHECK(fetch("https://example.org/a"));
  CHECK(fetch("https://EXAMPLE.org:8080"));
  for (const char* bad : {"https://example.org.evil.net", "https://evil.net/example.org", "https://evil.net@x", "https://example.org@evil.net", "https://notexample.org", "example.org",
                          "https://evil.net\\@example.org", "https://evil.net#@example.org"})
    CHECK_FALSE(fetch(bad));
  const auto mcp = [](const char* rule, const char* tool) { return decide(with({{kAllow, rule}}), tool, nlohmann::json::object()).decision == kAllow; };
  CHECK(mcp("mcp__git", "mcp__git__log"));
  CHECK(mcp("mcp__git__*", "mcp__git__log"));
  CHECK(mcp("mcp__git__log", "mcp__git__log"));
  CHECK_FALSE(mcp("mcp__git__log", "mcp__git__log2"));
  CHECK_FALSE(mcp("mcp__git", "mcp__github__log"));
  for (const char* bad : {"", "(x)", "Bash(x", "Ba sh", "Bash(x)y", "*x"}) CHECK_FALSE(parse_rule(kAllow, bad, "test").ok());
}

TEST_CASE("approval: rules of the repository widen only when trusted; always stores one exact call") {
  auto rules = parse_rules(nlohmann::json::parse(R"j({"permissions":{"allow":["Bash(make)"],"deny":["Bash(rm:*)"]}})j"), "x");
  REQUIRE(rules.ok());
  REQUIRE(rules->size() == 2);
  auto c = context();
  c.rules = *rules;
  for (auto& r : c.rules) r.from_repository = true;
  CHECK(command(c, "make") == kAsk);
  CHECK(command(c, "rm x") == kDeny);
  c.trusted = true;
  CHECK(command(c, "make") == kAllow);
  CHECK_FALSE(parse_rules(nlohmann::json::parse(R"({"permissions":{"allow":[1]}})"), "x").ok());
  CHECK_FALSE(parse_rules(nlohmann::json::parse(R"({"permissions":{"allow":"x"}})"), "x").ok());
  const auto always = [&](const char* text) { return rule_for_always(context(), "run_command", {{"command", text}}); };
  CHECK(always("npm test") == "Bash(npm test)");
  for (const char* none : {"a && b", "a $(b)", "a > b", "rm -rf /", "git reset", "a *", "X=1 a"}) CHECK(always(none) == "");
  auto rule = parse_rule(kAllow, always("git log"), "x");
  REQUIRE(rule.ok());
  c.rules = {*rule};
  CHECK(command(c, "git log --output=x") == kAsk);
  CHECK(rule_for_always(context(), "write_file", {{"path", "a/b"}}) == "Edit(/a/b)");
  CHECK(rule_for_always(context(), "write_file", {{"path", ".envrc"}}) == "");
}

TEST_CASE("approval: shared attack and control cases") {
  int commands = 0, paths = 0, patches = 0;
  for (const char* file : {"cases/security.jsonl", "cases/security_controls.jsonl"}) {
    const auto found = wright::test::shared_path(file);
    if (!found) return;
    const auto text = read_file(*found);
    REQUIRE(text.ok());
    std::size_t at = 0;
    while (at < text->size()) {
      const auto end = std::min(text->find('\n', at), text->size());
      const auto c = nlohmann::json::parse(text->substr(at, end - at));
      at = end + 1;
      const std::string kind = c["kind"], expect = c["expect"];
      INFO(c["id"].get<std::string>());
      if (kind == "command" && c.contains("cmd")) {
        nlohmann::json args{{"command", c["cmd"]}};
        if (c.contains("cwd")) args["cwd"] = c["cwd"];
        const Decision d = decide(context(), "run_command", args).decision;
        if (expect == "allow") CHECK(d == kAllow);
        else if (expect == "deny") CHECK(d == kDeny);
        else if (expect != "contained" || c.contains("cwd")) CHECK(d != kAllow);
        ++commands;
      } else if (kind == "path") {
        const bool write = c["op"] == "write";
        const Decision d = path(context(Mode::auto_edit), write ? "write_file" : "read_file", c["path"]);
        if (expect == "allow") CHECK(d == kAllow);
        // A link is seen by the file layer, not in the text (tests/tools/fs).
        else if (expect == "deny" && !c.contains("setup")) CHECK(d == kDeny);
        else if (expect == "ask") CHECK(d != kAllow);
        ++paths;
      } else if (kind == "patch" && c.contains("diff") && expect == "deny") {
        CHECK(decide(context(Mode::auto_edit), "apply_patch", {{"patch", c["diff"]}}).decision == kDeny);
        ++patches;
      }
    }
  }
  WARN(commands << " commands, " << paths << " paths, " << patches << " patches judged");
  CHECK(commands > 50);
}

TEST_CASE("approval: the project's own commands, safe and unsafe by construction") {
  const auto text = read_file(WRIGHT_SOURCE_DIR "/tests/data/policy/commands.jsonl");
  REQUIRE(text.ok());
  int allowed = 0, refused = 0;
  for (std::size_t at = 0; at < text->size();) {
    const auto end = std::min(text->find('\n', at), text->size());
    const auto c = nlohmann::json::parse(text->substr(at, end - at));
    at = end + 1;
    INFO(c.dump());
    const bool safe = c["expect"] == "allow";
    CHECK((command(context(), c["cmd"]) == kAllow) == safe);
    ++(safe ? allowed : refused);
  }
  CHECK(allowed >= 30);
  CHECK(refused >= 30);
}

TEST_CASE("modes have names") {
  CHECK(*mode_from_string("auto-edit") == Mode::auto_edit);
  CHECK_FALSE(mode_from_string("x").ok());
}
