// read_file, write_file, edit_file, apply_patch as a model calls them.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "tests/support/temp_folder.h"
#include "tools/fs/workspace.h"
#include "tools/tool.h"

using namespace wright;
using namespace wright::tools;
using test::TempFolder;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

struct Session {
  explicit Session(const std::map<std::string, std::string>& files) : folder(files) {
    auto opened = Workspace::open(folder.path());
    REQUIRE(opened.ok());
    workspace = std::move(*opened);
  }
  ToolResult call(const std::string& name, Json args, bool preview = false) {
    const Tool* tool = find_tool(name);
    REQUIRE(tool);
    const auto valid = validate_arguments(tool->info, args);
    if (!valid.ok()) return tool_error(valid.error().text());
    ToolCall c{{}, *workspace, std::move(args), {}, preview};
    return tool->run(c);
  }
  ToolResult edit(const std::string& path, const std::string& from, const std::string& to, bool all = false) {
    Json args{{"path", path}, {"old_string", from}, {"new_string", to}};
    if (all) args["replace_all"] = true;
    return call("edit_file", args);
  }
  TempFolder folder;
  std::unique_ptr<Workspace> workspace;
};

}  // namespace

TEST_CASE("read_file: numbered lines, pages, limits") {
  std::string big;
  for (int i = 1; i <= 5000; ++i) big += "line " + std::to_string(i) + "\n";
  Session s({{"a.txt", "one\ntwo\n\nfour"}, {"big.txt", big}, {"empty", ""}, {"b.bin", std::string("a\0b", 3)}, {"long", std::string(9000, 'x') + "\n"},
             {"dos.txt", "\xEF\xBB\xBFx\r\ny\r\n"}, {"latin", "caf\xE9\n"}, {"src/main.cpp", "x"}});
  CHECK(s.call("read_file", {{"path", "a.txt"}}).text == "1\tone\n2\ttwo\n3\t\n4\tfour");
  CHECK(s.call("read_file", {{"path", "a.txt"}, {"offset", 2}, {"limit", 1}}).text == "2\ttwo\n[lines 2-2 of 4; continue with offset 3]");
  CHECK_THAT(s.call("read_file", {{"path", "big.txt"}}).text, Contains("[lines 1-2000 of 5000; continue with offset 2001]"));
  CHECK(s.call("read_file", {{"path", "empty"}}).text == "[empty file]");
  CHECK_THAT(s.call("read_file", {{"path", "long"}}).text, Contains("[… 7000 more bytes]"));
  CHECK(s.call("read_file", {{"path", "dos.txt"}}).text == "1\tx\n2\ty\n[starts with a byte order mark; edits keep it]\n[lines end in CRLF; edits keep that]");
  CHECK_THAT(s.call("read_file", {{"path", "latin"}}).text, Contains("not UTF-8"));
  for (const auto& [args, message] : std::initializer_list<std::pair<Json, std::string>>{
           {{{"path", "b.bin"}}, "is binary (3 bytes)"},
           {{{"path", "src"}}, "is a folder; use list_dir"},
           {{{"path", "src/mian.cpp"}}, "does not exist"},
           {{{"path", "src/main.c"}}, "near it: src/main.cpp"},
           {{{"path", "a.txt"}, {"offset", 9}}, "has 4 lines; offset 9 is past its end"},
           {{{"path", "../x"}}, "outside the workspace"},
           {{{"path", "/etc/passwd"}}, "outside the workspace"},
           {{{"path", "a.txt"}, {"limit", 0}}, "limit: must be at least 1"}}) {
    const auto r = s.call("read_file", args);
    CHECK(r.is_error);
    CHECK_THAT(r.text, Contains(message));
  }
}

TEST_CASE("write_file: creates, replaces what was read, refuses what was not") {
  Session s({{"a.txt", "old\n"}, {"dos.txt", "\xEF\xBB\xBFx\r\ny\r\n"}, {".git/config", "c"}});
  CHECK(s.call("write_file", {{"path", "new/deep/f.txt"}, {"content", "hi"}}).text == "Created new/deep/f.txt, 1 line");
  CHECK(s.folder.read("new/deep/f.txt") == "hi");
  auto r = s.call("write_file", {{"path", "a.txt"}, {"content", "new\n"}});
  CHECK(r.is_error);
  CHECK_THAT(r.text, Contains("was not read"));
  CHECK(s.folder.read("a.txt") == "old\n");
  s.call("read_file", {{"path", "a.txt"}});
  ::chmod((s.folder.path() + "/a.txt").c_str(), 0755);
  r = s.call("write_file", {{"path", "a.txt"}, {"content", "new\n"}});
  CHECK(r.text == "Replaced a.txt, 1 line");
  CHECK(r.changed_files == std::vector<std::string>{"a.txt"});
  CHECK(r.data["diff"] == "diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-old\n+new\n");
  struct stat st{};
  ::stat((s.folder.path() + "/a.txt").c_str(), &st);
  CHECK((st.st_mode & 0777) == 0755);
  s.folder.write("a.txt", "theirs\n");  // same size would do as well: the content decides
  CHECK_THAT(s.call("write_file", {{"path", "a.txt"}, {"content", "mine\n"}}).text, Contains("changed since it was read"));
  CHECK(s.folder.read("a.txt") == "theirs\n");
  s.call("read_file", {{"path", "dos.txt"}});
  s.call("write_file", {{"path", "dos.txt"}, {"content", "1\n2\n"}});
  CHECK(s.folder.read("dos.txt") == "\xEF\xBB\xBF" "1\r\n2\r\n");
  for (const std::string path : {"../out", "/tmp/wright-out", ".git/config", "GIT~1/config", "new"})
    CHECK(s.call("write_file", {{"path", path}, {"content", "x"}}).is_error);
  CHECK(s.call("write_file", {{"path", std::string(256, 'n')}, {"content", "x"}}).is_error);
  REQUIRE(::symlink("../out", (s.folder.path() + "/link").c_str()) == 0);
  CHECK(s.call("write_file", {{"path", "link"}, {"content", "x"}}).is_error);
  CHECK(s.folder.read(".git/config") == "c");
}

TEST_CASE("file tools: a preview says what would change and writes nothing") {
  const std::map<std::string, std::string> files{{"a.txt", "one\ntwo\n"}};
  const std::pair<const char*, Json> calls[] = {
      {"edit_file", {{"path", "a.txt"}, {"old_string", "two"}, {"new_string", "three"}}},
      {"write_file", {{"path", "new.txt"}, {"content", "three\n"}}},
      {"apply_patch", {{"patch", "*** Begin Patch\n*** Update File: a.txt\n@@\n one\n-two\n+three\n*** End Patch"}}}};
  for (const auto& [name, args] : calls) {
    INFO(name);
    Session s(files);
    const auto preview = s.call(name, args, true);
    REQUIRE_FALSE(preview.is_error);
    CHECK_THAT(preview.data.value("diff", ""), Contains("+three"));
    CHECK(s.folder.read("a.txt") == files.at("a.txt"));
    CHECK_FALSE(std::filesystem::exists(s.folder.path() + "/new.txt"));
    const auto done = s.call(name, args);
    CHECK_FALSE(done.is_error);
    CHECK(done.data.value("diff", "") == preview.data.value("diff", ""));
  }
}

TEST_CASE("edit_file: exact, tolerant of indentation, ambiguous, near misses") {
  Session s({{"a.py", "def f():\n    if x:\n        return 1\n    return 2\n\ndef g():\n    return 2\n"},
             {"t.go", "func f() {\n\tif x {\n\t\treturn 1\n\t}\n}\n"},
             {"dos.txt", "\xEF\xBB\xBF" "a\r\nb\r\nc"}});
  auto r = s.edit("a.py", "    if x:\n        return 1", "    if y:\n        return 3");
  CHECK_FALSE(r.is_error);
  CHECK_THAT(r.text, StartsWith("Edited a.py: 1 place\n1\tdef f():\n2\t    if y:\n3\t        return 3\n"));
  // The model lost the indentation: it is put back, deeper lines included.
  r = s.edit("a.py", "if y:\n    return 3", "if z:\n    while True:\n        return 4");
  CHECK_FALSE(r.is_error);
  CHECK(s.folder.read("a.py") == "def f():\n    if z:\n        while True:\n            return 4\n    return 2\n\ndef g():\n    return 2\n");
  // Spaces for tabs.
  r = s.edit("t.go", "    if x {\n        return 1\n    }", "    if x {\n        if y {\n            return 2\n        }\n    }");
  CHECK_FALSE(r.is_error);
  CHECK(s.folder.read("t.go") == "func f() {\n\tif x {\n\t\tif y {\n\t\t\treturn 2\n\t\t}\n\t}\n}\n");
  // Ambiguity names the lines.
  r = s.edit("a.py", "return 2", "return 5");
  CHECK(r.is_error);
  CHECK_THAT(r.text, Contains("occurs 2 times in a.py") && Contains("at line 5:") && Contains("at line 8:"));
  r = s.edit("a.py", "return 2", "return 5", true);
  CHECK_FALSE(r.is_error);
  CHECK(r.data["places"] == 2);
  // A near miss shows what is there; line numbers are recognised.
  r = s.edit("a.py", "    while Tru:\n            return 4", "x");
  CHECK(r.is_error);
  CHECK_THAT(r.text, Contains("Nearest lines in a.py:") && Contains("while True:"));
  CHECK_THAT(s.edit("a.py", "4\t            return 4", "x").text, Contains("Leave the line numbers"));
  CHECK_THAT(s.edit("a.py", "not there at all", "return 5").text, Contains("new_string is there already"));
  CHECK(s.edit("a.py", "x", "x").is_error);
  CHECK(s.edit("none.py", "x", "y").is_error);
  // Endings, byte order mark, missing last newline.
  CHECK_FALSE(s.edit("dos.txt", "a\nb\n", "1\n2\n3\n").is_error);
  CHECK(s.folder.read("dos.txt") == "\xEF\xBB\xBF" "1\r\n2\r\n3\r\nc");
  CHECK_FALSE(s.edit("dos.txt", "c", "d").is_error);
  CHECK(s.folder.read("dos.txt") == "\xEF\xBB\xBF" "1\r\n2\r\n3\r\nd");
}

TEST_CASE("edit_file: a file that changed since it was read is a conflict") {
  Session s({{"a.txt", "one\ntwo\n"}, {"b.txt", "one\n"}});
  s.call("read_file", {{"path", "a.txt"}});
  s.folder.write("a.txt", "one\nTWO\n");
  const auto r = s.edit("a.txt", "one", "1");
  CHECK(r.is_error);
  CHECK_THAT(r.text, Contains("changed since it was read"));
  CHECK(s.folder.read("a.txt") == "one\nTWO\n");
  s.call("read_file", {{"path", "a.txt"}});
  CHECK_FALSE(s.edit("a.txt", "one", "1").is_error);
  CHECK_FALSE(s.edit("b.txt", "one", "1").is_error);  // never read: the match is the proof
}

TEST_CASE("apply_patch: several files, all of them or none") {
  Session s({{"a.txt", "1\n2\n3\n"}, {"b.txt", "x\ny\n"}, {"c.txt", "c\n"}, {"run.sh", "echo 1\n"}});
  ::chmod((s.folder.path() + "/run.sh").c_str(), 0755);
  auto r = s.call("apply_patch", {{"patch", "*** Begin Patch\n*** Update File: a.txt\n@@\n 1\n-2\n+two\n*** Add File: d/n.txt\n+n\n*** Delete File: c.txt\n"
                                            "*** Update File: run.sh\n*** Move to: bin/run.sh\n@@\n-echo 1\n+echo 2\n*** End Patch\n"}});
  CHECK_FALSE(r.is_error);
  CHECK(r.text == "M a.txt\nA d/n.txt\nD c.txt\nR run.sh -> bin/run.sh\n");
  CHECK(s.folder.tree() == std::map<std::string, std::string>{{"a.txt", "1\ntwo\n3\n"}, {"b.txt", "x\ny\n"}, {"d/n.txt", "n\n"}, {"bin/run.sh", "echo 2\n"}});
  struct stat st{};
  ::stat((s.folder.path() + "/bin/run.sh").c_str(), &st);
  CHECK((st.st_mode & 0777) == 0755);  // a move keeps the mode
  const auto before = s.folder.tree();
  r = s.call("apply_patch", {{"patch", "--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n 1\n-two\n+zwei\n 3\n--- a/b.txt\n+++ b/b.txt\n@@ -1,2 +1,2 @@\n x\n-z\n+w\n"}});
  CHECK(r.is_error);
  CHECK_THAT(r.text, StartsWith("Nothing was changed: b.txt, hunk at patch line 10"));
  CHECK(s.folder.tree() == before);
  CHECK(s.call("apply_patch", {{"patch", "hello"}}).is_error);
}

TEST_CASE("apply_patch: a chunk that fits in several places says so") {
  Session s({{"a.txt", "x\ny\nx\ny\n"}, {"b.txt", "z\n"}});
  const auto r = s.call("apply_patch", {{"patch", "*** Begin Patch\n*** Update File: a.txt\n@@\n x\n-y\n+w\n*** End Patch\n"}});
  CHECK_FALSE(r.is_error);
  CHECK_THAT(r.text, Contains("Note: a.txt: the lines that start with 'x' occur 2 times; the first place was changed, the others start at line 3"));
  CHECK(s.folder.read("a.txt") == "x\nw\nx\ny\n");
}

TEST_CASE("apply_patch: a write that fails puts the files before it back") {
  struct Refuser final : ChangeListener {
    Result<void> before_change(const std::string& name) override {
      if (name == "z.txt") return Error{ErrorKind::io, "disk full", ""};
      return {};
    }
    Result<void> before_command(const std::string&) override { return {}; }
  } refuser;
  Session s({{"a.txt", "a\n"}, {"m.txt", "m\n"}, {"z.txt", "z\n"}});
  s.workspace->set_listener(&refuser);
  const auto before = s.folder.tree();
  const auto r = s.call("apply_patch", {{"patch", "*** Begin Patch\n*** Update File: a.txt\n@@\n-a\n+b\n*** Add File: new.txt\n+n\n*** Update File: m.txt\n*** Move to: k.txt\n@@\n-m\n+k\n"
                                                  "*** Update File: z.txt\n@@\n-z\n+y\n*** End Patch\n"}});
  CHECK(r.is_error);
  CHECK_THAT(r.text, Contains("disk full"));
  CHECK(s.folder.tree() == before);
}

TEST_CASE("apply_patch: paths that lead out, into git's folder, and links are refused") {
  const char* patches[] = {
      "--- /etc/motd\n+++ /etc/motd\n@@ -0,0 +1 @@\n+x\n",
      "diff --git a/d b/d\nnew file mode 120000\n--- /dev/null\n+++ b/d\n@@ -0,0 +1 @@\n+..\n\\ No newline at end of file\ndiff --git a/d/x b/d/x\nnew file mode 100644\n--- /dev/null\n+++ b/d/x\n@@ -0,0 +1 @@\n+x\n",
      "--- \"a/\\056\\056/x\"\n+++ \"b/\\056\\056/x\"\n@@ -0,0 +1 @@\n+x\n",
      "--- a/f\n+++ b/f\n@@ -99999999999999999999,1 +1,1 @@\n-a\n+b\n",
      "*** Begin Patch\n*** Add File: ../x\n+x\n*** End Patch\n",
      "*** Begin Patch\n*** Add File: .git/hooks/pre-commit\n+x\n*** End Patch\n",
      "*** Begin Patch\n*** Add File: /tmp/wright-x\n+x\n*** End Patch\n",
      "*** Begin Patch\n*** Update File: f\n*** Move to: ../f\n@@\n-a\n+b\n*** End Patch\n",
      "diff --git a/f b/f\nsimilarity index 100%\nrename from f\nrename to ../f\n",
      "../x\n<<<<<<< SEARCH\n=======\nx\n>>>>>>> REPLACE\n",
      "*** Begin Patch\n*** Add File: dangling\n+x\n*** End Patch\n",
  };
  for (const char* text : patches) {
    Session s(std::map<std::string, std::string>{{"f", "a\n"}});
    REQUIRE(::symlink("../outside", (s.folder.path() + "/dangling").c_str()) == 0);
    INFO(text);
    const auto r = s.call("apply_patch", {{"patch", text}});
    CHECK(r.is_error);
    CHECK(s.folder.tree() == std::map<std::string, std::string>{{"f", "a\n"}});
    CHECK_FALSE(std::filesystem::exists(s.folder.path() + "/../outside"));
  }
}
