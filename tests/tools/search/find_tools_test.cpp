#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "base/limits.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tool_call.h"

using namespace wright;
using test::call_tool;

TEST_CASE("list_dir: sizes, folders, links, what is ignored, and errors") {
  const test::TempFolder folder({{"a.txt", "12345"}, {"src/b.c", "1"}, {"src/deep/c.c", ""}, {"node_modules/x/y", ""}, {"run.sh", "#!"}});
  std::filesystem::create_symlink("a.txt", folder.path() + "/link");
  std::filesystem::permissions(folder.path() + "/run.sh", std::filesystem::perms::owner_all);
  CHECK(call_tool(folder.path(), "list_dir", {}).is_error);  // null is no object
  CHECK(call_tool(folder.path(), "list_dir", nlohmann::json::object()).text == "a.txt 5\nlink (link)\nrun.sh 2 executable\nsrc/\n[ignored: node_modules/]");
  CHECK(call_tool(folder.path(), "list_dir", {{"path", "src"}, {"depth", 2}}).text == "b.c 1\ndeep/\ndeep/c.c 0");
  CHECK(call_tool(folder.path(), "list_dir", {{"path", "src/deep/.."}}).is_error == false);
  CHECK(call_tool(folder.path(), "list_dir", {{"path", "../"}}).is_error);
  CHECK(call_tool(folder.path(), "list_dir", {{"path", "none"}}).text.find("does not exist") != std::string::npos);
  CHECK(call_tool(folder.path(), "list_dir", {{"path", "a.txt"}}).text.find("read_file") != std::string::npos);
  std::filesystem::create_directory(folder.path() + "/empty");
  CHECK(call_tool(folder.path(), "list_dir", {{"path", "empty"}}).text == "[nothing to show]");
  for (int i = 0; i < 2100; ++i) folder.write("empty/" + std::to_string(i), "");
  CHECK(call_tool(folder.path(), "list_dir", {{"path", "empty"}}).text.find("[only the first 2000 entries") != std::string::npos);
}

TEST_CASE("glob: any depth, folders, braces, limits") {
  const test::TempFolder folder({{"a.py", ""}, {"x/b.py", ""}, {"x/y/c.pyi", ""}, {"x[1]/d.py", ""}, {"node_modules/e.py", ""}});
  const auto text = [&](nlohmann::json args) { return call_tool(folder.path(), "glob", std::move(args)).text; };
  CHECK(text({{"pattern", "*.py"}}) == "a.py\nx/b.py\nx[1]/d.py");
  CHECK(text({{"pattern", "*.{py,pyi}"}, {"path", "x"}}) == "x/b.py\nx/y/c.pyi");
  CHECK(text({{"pattern", "*.py"}, {"path", "x[1]"}}) == "x[1]/d.py");
  CHECK(text({{"pattern", "y/*"}, {"path", "x"}}) == "x/y/c.pyi");
  CHECK(text({{"pattern", "/*.py"}}) == "a.py");
  CHECK(text({{"pattern", "*.rs"}}) == "no file matches *.rs (ignored files not counted)");
  CHECK(text({{"pattern", "e.py"}, {"ignored", true}}) == "node_modules/e.py");
  CHECK(text({{"pattern", "**"}, {"limit", 1}}).find("[1 of 4; ") != std::string::npos);
  CHECK(call_tool(folder.path(), "glob", {{"pattern", "[a"}}).is_error);
}

TEST_CASE("grep: regular expressions, context, literals, case, globs") {
  const test::TempFolder folder({{"a.txt", "one\ntwo foo\nthree\nfour\nfive foo\n"}, {"sub/b.c", "int Foo(x);\r\nint y;\r\n"}, {"bin", std::string("foo\0", 4)},
                                 {"c.md", "a.b\naxb"}, {"node_modules/m.js", "foo"}, {"empty", ""}});
  const auto text = [&](nlohmann::json args) { return call_tool(folder.path(), "grep", std::move(args)).text; };
  CHECK(text({{"pattern", "foo"}}) == "a.txt\n2:two foo\n5:five foo");
  CHECK(text({{"pattern", "foo"}, {"ignore_case", true}, {"output", "count"}}) == "a.txt: 2\nsub/b.c: 1");
  CHECK(text({{"pattern", "foo"}, {"context", 1}}) == "a.txt\n1-one\n2:two foo\n3-three\n4-four\n5:five foo");
  CHECK(text({{"pattern", "^t"}, {"context", 1}}) == "a.txt\n1-one\n2:two foo\n3:three\n4-four");
  CHECK(text({{"pattern", "one|five"}, {"context", 1}, {"path", "a.txt"}}) == "a.txt\n1:one\n2-two foo\n--\n4-four\n5:five foo");
  CHECK(text({{"pattern", ";$"}}) == "sub/b.c\n1:int Foo(x);\n2:int y;");
  CHECK(text({{"pattern", "a.b"}, {"literal", true}}) == "c.md\n1:a.b");
  CHECK(text({{"pattern", "Foo(x"}, {"literal", true}, {"output", "files"}}) == "sub/b.c");
  CHECK(text({{"pattern", "a.b"}}) == "c.md\n1:a.b\n2:axb");
  CHECK(text({{"pattern", "int"}, {"glob", "*.txt"}}) == "no match for int in 1 files");
  CHECK(text({{"pattern", "foo"}, {"ignored", true}, {"path", "node_modules"}}) == "node_modules/m.js\n1:foo");
  CHECK(text({{"pattern", "two.foo\\nthree"}}).find("no match") == 0);
  CHECK(text({{"pattern", "[^x]*"}, {"path", "a.txt"}, {"output", "count"}}) == "a.txt: 5");
  CHECK(text({{"pattern", "^$"}, {"path", "a.txt"}}).find("no match") == 0);
  CHECK(text({{"pattern", "foo"}, {"limit", 1}}).find("[stopped after 1 matches") != std::string::npos);
  const auto wrong = call_tool(folder.path(), "grep", {{"pattern", "(?<=a)b"}});
  CHECK(wrong.is_error);
  CHECK(wrong.text.find("no look-around") != std::string::npos);
  CHECK(call_tool(folder.path(), "grep", {{"pattern", "a"}, {"path", "none"}}).is_error);
  CHECK(call_tool(folder.path(), "grep", {{"pattern", "a"}, {"path", "../x"}}).is_error);
  CHECK(call_tool(folder.path(), "grep", {{"pattern", "a"}, {"glob", "{a"}}).is_error);
}

TEST_CASE("grep: long lines are cut around the match, output is bounded, order does not depend on threads") {
  const test::TempFolder folder;
  folder.write("long", std::string(5000, 'a') + "needle" + std::string(5000, 'b') + "\n");
  const std::string line = call_tool(folder.path(), "grep", {{"pattern", "needle"}}).text;
  CHECK(line.size() < 500);
  CHECK(line.find("needle") != std::string::npos);
  std::string many;
  for (int i = 0; i < 3000; ++i) many += "needle " + std::string(200, 'x') + "\n";
  for (int i = 0; i < 40; ++i) folder.write("f" + std::to_string(100 + i), many);
  const auto bounded = call_tool(folder.path(), "grep", {{"pattern", "needle"}, {"limit", 2000}});
  CHECK(bounded.text.size() <= limits::kToolOutputBytes);
  CHECK(bounded.data["truncated"] == true);
  const auto names = call_tool(folder.path(), "grep", {{"pattern", "needle"}, {"output", "files"}});
  CHECK(names.data["files"] == 41);
  CHECK(names.text == call_tool(folder.path(), "grep", {{"pattern", "needle"}, {"output", "files"}}).text);
}

TEST_CASE("grep and glob: git's ignore rules hold inside a repository") {
  const test::TempFolder folder({{".gitignore", "*.log\n"}, {"a.log", "foo"}, {"b.txt", "foo"}});
  REQUIRE(std::system(("git init -q '" + folder.path() + "'").c_str()) == 0);
  CHECK(call_tool(folder.path(), "grep", {{"pattern", "foo"}, {"output", "files"}}).text == "b.txt");
  CHECK(call_tool(folder.path(), "grep", {{"pattern", "foo"}, {"output", "files"}, {"ignored", true}}).text == "a.log\nb.txt");
  CHECK(call_tool(folder.path(), "glob", {{"pattern", "*.log"}}).text.find("no file") == 0);
  CHECK(call_tool(folder.path(), "list_dir", nlohmann::json::object()).text == ".gitignore 6\nb.txt 3\n[ignored: a.log]");
}

TEST_CASE("git tools: status, diff, log and blame in words a model can use") {
  const test::TempFolder folder;
  const auto text = [&](const char* tool, nlohmann::json args) { return call_tool(folder.path(), tool, args.is_null() ? nlohmann::json::object() : args).text; };
  for (const char* tool : {"git_status", "git_diff", "git_log"}) {
    const auto none = call_tool(folder.path(), tool, nlohmann::json::object());
    CHECK(none.is_error);
    CHECK(none.text.find("no git repository") == 0);
  }
  REQUIRE(std::system(("cd '" + folder.path() + "' && git init -qb main && printf 'a\\nb\\n' >f && git add f && GIT_AUTHOR_DATE='1700000000 +0000' git -c user.name=Ann "
                       "-c user.email=a@e commit -qm 'Add f' -m 'Body of it' && printf 'a\\nB\\n' >f && echo n >new").c_str()) == 0);
  CHECK(text("git_status", {}).find("branch main, at ") == 0);
  CHECK(text("git_status", {}).find(" Add f\n M f\n?? new") != std::string::npos);
  CHECK(text("git_diff", {}).find("-b\n+B") != std::string::npos);
  CHECK(text("git_diff", {{"stat", true}, {"untracked", true}}) == "M f +1 -1\nA new +1 -0");
  CHECK(text("git_diff", {{"staged", true}}) == "no changes");
  CHECK(text("git_diff", {{"commit", "HEAD"}, {"stat", true}}) == "A f +2 -0");
  CHECK(text("git_diff", {{"path", "new"}}) == "no changes");
  CHECK(call_tool(folder.path(), "git_diff", {{"staged", true}, {"from", "HEAD"}}).is_error);
  CHECK(call_tool(folder.path(), "git_diff", {{"from", "nope"}}).text.find("git_log lists commits") != std::string::npos);
  CHECK(text("git_log", {}).find(" 2023-11-14 Ann: Add f") == 10);
  CHECK(text("git_log", {{"limit", 1}}).find("Body of it") != std::string::npos);
  CHECK(text("git_log", {{"search", "nothing"}}) == "no such commit");
  CHECK(text("git_blame", {{"path", "f"}}).find(" 2023-11-14 Ann: Add f\n1\ta\nnot committed\n2\tB") == 10);
  CHECK(call_tool(folder.path(), "git_blame", {{"path", "new"}}).text.find("has no history") != std::string::npos);
  CHECK(call_tool(folder.path(), "git_blame", {{"path", "f"}, {"first", 9}}).text == "f has 2 lines");
}
