#include "tools/patch/unified_diff.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>

#include "tests/support/temp_folder.h"
#include "tools/patch/lines.h"

using namespace wright;
using namespace wright::tools::patch;

namespace {

std::string rebuild(const std::string& before, const std::string& after) {
  const auto a = split_keep(before), b = split_keep(after);
  std::string out;
  std::size_t at = 0;
  for (const auto& c : diff_lines(before, after)) {
    for (; at < c.old_begin; ++at) out += a[at];
    for (std::size_t j = c.new_begin; j < c.new_end; ++j) out += b[j];
    at = c.old_end;
  }
  for (; at < a.size(); ++at) out += a[at];
  return out;
}

// Few distinct lines, so that repeats and slides occur.
std::string random_text(std::mt19937& random, int lines, int words) {
  std::string out;
  for (int i = 0; i < lines; ++i) {
    out += std::string(random() % 3, ' ') + "w" + std::to_string(random() % static_cast<unsigned>(words));
    if (i + 1 < lines || random() % 4 != 0) out += random() % 9 == 0 ? "\r\n" : "\n";
  }
  return out;
}

std::string mutate(std::mt19937& random, const std::string& text) {
  std::string out;
  for (const auto line : split_keep(text)) {
    const auto dice = random() % 12;
    if (dice == 0) continue;
    if (dice == 1) out += "new " + std::to_string(random() % 5) + "\n";
    out += line;
  }
  return out;
}

int shell(const std::string& command) { return std::system(command.c_str()); }

}  // namespace

TEST_CASE("unified diff: hunks, ranges and the newline marker") {
  CHECK(make_unified_diff("a\nb\nc\n", "a\nB\nc\n", {"f.txt"}) ==
        "diff --git a/f.txt b/f.txt\n--- a/f.txt\n+++ b/f.txt\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n");
  CHECK(make_unified_diff(std::nullopt, "x", {"n"}) ==
        "diff --git a/n b/n\nnew file mode 100644\n--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+x\n\\ No newline at end of file\n");
  CHECK(make_unified_diff("x\n", std::nullopt, {"n"}) ==
        "diff --git a/n b/n\ndeleted file mode 100644\n--- a/n\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n");
  CHECK(make_unified_diff("x\n", "x\n", {"n"}).empty());
  CHECK(make_unified_diff("x\n", "x\n", {"n", "", 0100644, 0100755}) == "diff --git a/n b/n\nold mode 100644\nnew mode 100755\n");
  CHECK(make_unified_diff("x\n", "x\n", {"n", "m"}) == "diff --git a/n b/m\nrename from n\nrename to m\n");
  CHECK(make_unified_diff("x\n", std::string_view("\0", 1), {"n"}) == "diff --git a/n b/n\nBinary files a/n and b/n differ\n");
  CHECK(quote_path("a\"b\n") == "\"a\\\"b\\012\"");
  CHECK(diff_lines("", "").empty());
  CHECK(diff_lines("a\n", "a") == std::vector<LineChange>{{0, 1, 0, 1}});
}

TEST_CASE("unified diff: changes rebuild the new text, whatever the texts") {
  std::mt19937 random(7);
  for (int round = 0; round < 400; ++round) {
    const std::string before = random_text(random, static_cast<int>(random() % 40), 1 + static_cast<int>(random() % 20));
    const std::string after = round % 3 ? mutate(random, before) : random_text(random, static_cast<int>(random() % 40), 6);
    INFO(before << "=====\n" << after);
    REQUIRE(rebuild(before, after) == after);
    std::size_t old_end = 0, new_end = 0;
    for (const auto& c : diff_lines(before, after)) {
      REQUIRE((c.old_begin < c.old_end || c.new_begin < c.new_end));
      REQUIRE((c.old_begin >= old_end && c.new_begin >= new_end));
      old_end = c.old_end, new_end = c.new_end;
    }
  }
  // Past the bound on edits a gap is replaced whole: still right.
  std::string a, b;
  for (int i = 0; i < 6000; ++i) a += "a" + std::to_string(random() % 50) + "\n", b += "a" + std::to_string(random() % 50) + "\n";
  CHECK(rebuild(a, b) == b);
}

TEST_CASE("unified diff: git apply and GNU patch take it") {
  if (shell("git --version >/dev/null 2>&1 && patch --version >/dev/null 2>&1") != 0) {
    WARN("skipped: git or patch is not installed");
    return;
  }
  std::mt19937 random(11);
  for (int round = 0; round < 40; ++round) {
    const std::string name = round % 2 ? "dir/my file é.txt" : "f.txt";
    std::optional<std::string> before, after;
    if (round % 10 != 3) before = random_text(random, 1 + static_cast<int>(random() % 30), 8);
    if (round % 10 != 4) after = before && round % 10 != 5 ? mutate(random, *before) : random_text(random, static_cast<int>(random() % 20), 8);
    if (before == after) continue;
    const std::string diff = make_unified_diff(before, after, {name});
    for (const bool git : {true, false}) {
      if (!git && before.value_or("").empty() && after.value_or("").empty() && name.find(' ') != name.npos) continue;  // it cannot read the name
      const test::TempFolder folder;
      if (before) folder.write(name, *before);
      const test::TempFolder patch({{"p.diff", diff}});
      const std::string tool = git ? "git apply --whitespace=nowarn " : "patch -s -p1 --binary < ";
      INFO(tool << "\n" << diff);
      REQUIRE(shell("cd '" + folder.path() + "' && " + tool + "'" + patch.path() + "/p.diff' >/dev/null 2>&1") == 0);
      std::map<std::string, std::string> expected;
      if (after) expected[name] = *after;
      // GNU patch removes a file that it leaves empty, unless told otherwise.
      if (after && after->empty() && !git) continue;
      REQUIRE(folder.tree() == expected);
    }
  }
}
