// wright apply, the real binary: formats, exit codes, --check, --file, --compat, paths that lead out.
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "tests/support/temp_folder.h"

using namespace wright;
using test::TempFolder;
using Catch::Matchers::Contains;
using Tree = std::map<std::string, std::string>;

namespace {

struct Run {
  int code;
  std::string out, err;
};

Run apply(const TempFolder& folder, const std::string& input, const std::string& flags = "") {
  const TempFolder io(Tree{{"in", input}});
  const std::string command = "cd '" + folder.path() + "' && '" WRIGHT_BINARY "' apply " + flags + " < '" + io.path() + "/in' > '" + io.path() + "/out' 2> '" + io.path() + "/err'";
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, io.read("out"), io.read("err")};
}

const std::string kV4a = "*** Begin Patch\n*** Update File: a.txt\n@@\n one\n-two\n+zwei\n*** End Patch\n";
const std::string kUnified = "--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+zwei\n";
const std::string kBlocks = "Sure:\n\na.txt\n```\n<<<<<<< SEARCH\ntwo\n=======\nzwei\n>>>>>>> REPLACE\n```\n";

}  // namespace

TEST_CASE("verb apply: every format is found by itself, or named") {
  for (const auto& [text, name] : {std::pair{kV4a, "v4a"}, {kUnified, "unified"}, {kBlocks, "search-replace"}})
    for (const std::string& flags : {std::string(), std::string("--format ") + name}) {
      const TempFolder folder(Tree{{"a.txt", "one\ntwo\n"}});
      const Run run = apply(folder, text, flags);
      INFO(name << " " << run.err);
      CHECK(run.code == 0);
      CHECK(run.out == "update a.txt\n");
      CHECK(folder.tree() == Tree{{"a.txt", "one\nzwei\n"}});
    }
}

TEST_CASE("verb apply: what does not apply exits 1, says why, and writes nothing") {
  const Tree files{{"a.txt", "one\ntow\n"}, {"b.txt", "b\n"}};
  for (const std::string& text : std::vector<std::string>{"*** Begin Patch\n*** Update File: b.txt\n@@\n-b\n+c\n" + kV4a.substr(16), kUnified, kBlocks, std::string("no edit in here\n"), std::string()}) {
    const TempFolder folder(files);
    const Run run = apply(folder, text);
    CHECK(run.code == 1);
    CHECK_THAT(run.err, Catch::Matchers::StartsWith("wright: apply: "));
    CHECK(folder.tree() == files);
  }
  const TempFolder folder(files);
  CHECK_THAT(apply(folder, kUnified).err, Contains("[hunk-failed]") && Contains("Nearest lines in a.txt"));
  CHECK(apply(folder, "", "--format nonsense").code == 2);
  CHECK(apply(folder, "", "--nonsense").code == 2);
  CHECK(apply(folder, "", "--help").code == 0);
}

TEST_CASE("verb apply: --compat leaves what the origin leaves") {
  const TempFolder folder(Tree{{"a.txt", "one\ntow\n"}, {"b.txt", "b\n"}});
  const Run run = apply(folder, "*** Begin Patch\n*** Update File: b.txt\n@@\n-b\n+c\n" + kV4a.substr(16), "--compat");
  CHECK(run.code == 1);
  CHECK_THAT(run.err, Contains("[lines-not-found]"));
  CHECK(folder.tree() == Tree{{"a.txt", "one\ntow\n"}, {"b.txt", "c\n"}});
}

TEST_CASE("verb apply: --check writes nothing and prints JSON") {
  const TempFolder folder(Tree{{"a.txt", "zero\none\ntwo\n"}});
  Run run = apply(folder, kUnified, "--check");
  CHECK(run.code == 0);
  Json json = Json::parse(run.out);
  CHECK(json["files"] == Json{"a.txt"});
  CHECK(json["hunks"] == 1);
  CHECK(json["offset"] == 1);
  CHECK(json["error"].is_null());
  CHECK(folder.tree() == Tree{{"a.txt", "zero\none\ntwo\n"}});
  run = apply(folder, "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-nothing like it\n+x\n", "--check");
  CHECK(run.code == 1);
  json = Json::parse(run.out);
  CHECK(json["error"] == "hunk-failed");
  CHECK(json["files"].empty());
}

TEST_CASE("verb apply: --file names the files in the chat") {
  const Tree files{{"src/a.txt", "two\n"}, {"src/b.txt", "two\n"}};
  const TempFolder folder(files);
  // A misspelt name finds its file; a diff without names means the one that is given.
  CHECK(apply(folder, "```\nsrc/b.tx\n<<<<<<< SEARCH\ntwo\n=======\n2\n>>>>>>> REPLACE\n```\n", "--file src/b.txt").code == 0);
  CHECK(apply(folder, "@@ -1 +1 @@\n-two\n+zwei\n", "--file src/a.txt").code == 0);
  CHECK(folder.tree() == Tree{{"src/a.txt", "zwei\n"}, {"src/b.txt", "2\n"}});
  CHECK(apply(folder, "@@ -1 +1 @@\n-zwei\n+x\n").code == 1);
}

TEST_CASE("verb apply: paths that lead out are refused and nothing is written") {
  for (const std::string& text : std::vector<std::string>{"--- /etc/motd\n+++ /etc/motd\n@@ -0,0 +1 @@\n+x\n", "--- \"a/\\056\\056/x\"\n+++ \"b/\\056\\056/x\"\n@@ -0,0 +1 @@\n+x\n",
                                 "*** Begin Patch\n*** Add File: ../x\n+x\n*** End Patch\n", "*** Begin Patch\n*** Add File: .git/config\n+x\n*** End Patch\n",
                                 "../x\n```\n<<<<<<< SEARCH\n=======\nx\n>>>>>>> REPLACE\n```\n"}) {
    for (const std::string& flags : std::vector<std::string>{"", "--compat"}) {
      const TempFolder parent(Tree{{"ws/a.txt", "a\n"}});
      const std::string command = flags + " -C ws";
      const Run run = apply(parent, text, command);
      INFO(text << run.err);
      // 1, not 3: nobody's policy was asked, the patch just does not apply to this folder.
      CHECK(run.code == 1);
      CHECK(parent.tree() == Tree{{"ws/a.txt", "a\n"}});
    }
  }
}
