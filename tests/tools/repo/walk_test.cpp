#include "tools/repo/walk.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <set>

#include "tests/support/temp_folder.h"
#include "tools/repo/ignore.h"

using namespace wright;
using namespace wright::tools;

namespace {

std::string listing(const std::string& folder, WalkOptions options = {}) {
  const auto root = WorkspaceRoot::open(folder);
  REQUIRE(root.ok());
  const auto found = walk(*root, options);
  REQUIRE(found.ok());
  std::string out;
  for (const WalkEntry& e : found->entries) out += (out.empty() ? "" : " ") + e.name + (e.kind == WalkEntry::Kind::folder ? "/" : "");
  return out;
}

void git(const std::string& folder, const std::string& words) {
  const std::string command = "cd '" + folder + "' && git -c user.name=T -c user.email=t@e " + words + " >/dev/null 2>&1";
  REQUIRE(std::system(command.c_str()) == 0);
}

}  // namespace

TEST_CASE("glob: patterns as data") {
  struct Row {
    const char *pattern, *path;
    bool match;
  };
  const Row rows[] = {
      {"*.py", "a.py", true},          {"*.py", "x/y/a.py", true},       {"*.py", "a.pyc", false},       {"src/*.c", "src/a.c", true},
      {"src/*.c", "src/x/a.c", false}, {"src/**/*.c", "src/a.c", true},  {"src/**/*.c", "src/x/y/a.c", true}, {"**/a", "a", true},
      {"**/a", "x/y/a", true},         {"src/**", "src/a/b", true},      {"src/**", "src", false},       {"src/", "src/a/b", true},
      {"src/", "x/src/a", true},       {"src/", "src", false},           {"*.{c,h}", "x/a.h", true},     {"*.{c,h{h,pp}}", "a.hpp", true},
      {"*.{c,h}", "a.hh", false},      {"a?c", "abc", true},             {"a?c", "a\xC3\xA9" "c", true},   {"a?c", "ac", false},
      {"[a-c]x", "bx", true},          {"[!a-c]x", "bx", false},         {"[]]x", "]x", true},           {"\\*x", "*x", true},
      {"\\*x", "ax", false},           {"./a/b", "a/b", true},           {"/a", "a", true},              {"/a", "x/a", false},
      {"a/**/b", "a/b", true},         {"a/**/b", "a/x/y/b", true},      {"a/**/b", "ab", false},        {"**", "a/b", true},
      {"[[:digit:]]*", "7z", true},    {"*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},      {"a**b", "axxb", true},
      {"a**b", "a/b", false},          {"{a,b}/c", "b/c", true},         {"{a,}x", "x", true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.pattern, row.path);
    const auto glob = Glob::compile(row.pattern);
    REQUIRE(glob.ok());
    CHECK(glob->matches(row.path) == row.match);
    if (row.match)  // no folder on the way may be skipped
      for (std::string up = row.path; up.find('/') != up.npos;) {
        up.resize(up.rfind('/'));
        CHECK(glob->may_match_below(up));
      }
  }
  for (const char* bad : {"", "[a", "{a,b", "a\\", "/"}) CHECK_FALSE(Glob::compile(bad).ok());
  CHECK_FALSE(Glob::compile("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}").ok());
  CHECK_FALSE(Glob::compile("src/*.c")->may_match_below("doc"));
  CHECK_FALSE(Glob::compile("src/*.c")->may_match_below("src/x"));
}

TEST_CASE("glob: sets exclude with '!'") {
  const auto set = GlobSet::compile({"*.py", "!tests/"});
  REQUIRE(set.ok());
  CHECK(set->matches("a/b.py"));
  CHECK_FALSE(set->matches("tests/b.py"));
  CHECK_FALSE(set->matches("a.c"));
  CHECK(GlobSet::compile({"!*.c"})->matches("a.py"));
}

TEST_CASE("walk: without a repository no rules hold, heavy folders and links are left out") {
  const test::TempFolder folder({{".gitignore", "*.log\n"}, {"a.log", ""}, {"b/c.txt", "xy"}, {"node_modules/m/i.js", ""}, {"B.txt", ""}});
  std::filesystem::create_directory_symlink("/", folder.path() + "/root");
  std::filesystem::create_directory_symlink("b", folder.path() + "/loop");
  CHECK(listing(folder.path()) == ".gitignore B.txt a.log b/c.txt");
  CHECK(listing(folder.path(), {.folders = true, .depth = 1}) == ".gitignore B.txt a.log b/");
  CHECK(listing(folder.path(), {.under = "b"}) == "b/c.txt");
  CHECK(listing(folder.path(), {.heavy_folders = true}).find("node_modules/m/i.js") != std::string::npos);
  CHECK(listing(folder.path(), {.links = true}).find("loop root") != std::string::npos);
  const auto root = WorkspaceRoot::open(folder.path());
  const auto cut = walk(*root, {.limit = 2});
  CHECK(cut->truncated);
  CHECK(cut->entries.size() == 2);
  CHECK_FALSE(walk(*root, {.under = "none"}).ok());
  CHECK_FALSE(walk(*root, {.under = "root"}).ok());
  const auto details = walk(*root, {.under = "b", .details = true});
  CHECK(details->entries[0].size == 2);
  CHECK(details->entries[0].inode != 0);
  Context context;
  context.cancel();
  CHECK(walk(*root, {}, context).error().kind == ErrorKind::cancelled);
}

TEST_CASE("walk: nested .gitignore, info/exclude, negation, and a workspace inside the repository") {
  const test::TempFolder folder({{".gitignore", "*.log\n/out/\nsub/gen/*\n!sub/gen/keep\n"}, {"a.log", ""}, {"out/x", ""}, {"sub/out/x", ""},
                                 {"sub/gen/a", ""}, {"sub/gen/keep", ""}, {"sub/.gitignore", "!b.log\n"}, {"sub/b.log", ""}, {"sub/c.log", ""}, {"secret", ""}});
  git(folder.path(), "init");
  std::ofstream(folder.path() + "/.git/info/exclude") << "secret\n";
  CHECK(listing(folder.path()) == ".gitignore sub/.gitignore sub/b.log sub/gen/keep sub/out/x");
  CHECK(listing(folder.path() + "/sub") == ".gitignore b.log gen/keep out/x");
  const auto root = WorkspaceRoot::open(folder.path() + "/sub");
  Ignore ignore = Ignore::open(*root);
  CHECK(ignore.ignored("c.log", false));
  CHECK(ignore.ignored("gen/a", false));
  CHECK_FALSE(ignore.ignored("gen/keep", false));
}

TEST_CASE("ignore: same verdicts as git on random rules and trees") {
  std::mt19937 random(7);
  const auto pick = [&](auto list) { return std::string(*(std::begin(list) + random() % std::size(list))); };
  const auto name = [&] { return pick(std::initializer_list<const char*>{"a", "b", "ab", "a.c", "b.o", "foo", "bar.c", "x y", ".d"}); };
  const auto rule = [&] {
    std::string out = random() % 4 == 0 ? "!" : "";
    if (random() % 3 == 0) out += "/";
    for (unsigned i = 0, n = 1 + random() % 3; i < n; ++i)
      out += (i ? "/" : "") + pick(std::initializer_list<const char*>{"a", "b", "*", "**", "*.c", "?", "[ab]", "[!a]", "a*", "foo", "*.o", "f**o", "\\a", "x y"});
    return out + (random() % 4 == 0 ? "/" : "") + (random() % 6 == 0 ? "  " : "") + "\n";
  };
  int ignored = 0;
  for (int round = 0; round < 25; ++round) {
    const test::TempFolder folder;
    git(folder.path(), "init");
    std::set<std::string> folders{""};
    for (int i = 0; i < 40; ++i) {
      std::string at;
      for (unsigned d = random() % 4; d > 0; --d) at += name() + "/";
      const std::string file = at + name();
      std::error_code error;
      std::filesystem::create_directories(folder.path() + "/" + at, error);
      if (!error && !std::filesystem::exists(folder.path() + "/" + file)) folder.write(file, "");
      if (!error) folders.insert(at);
    }
    std::string all;
    for (const std::string& at : folders)
      if (random() % 2 == 0) {
        std::string text;
        for (unsigned n = 1 + random() % 4; n > 0; --n) text += rule();
        folder.write(at + ".gitignore", text);
        all += "-- " + at + "\n" + text;
      }
    FILE* pipe = ::popen(("cd '" + folder.path() + "' && git -c core.quotePath=off ls-files -coz --exclude-standard").c_str(), "r");
    std::set<std::string> expected;
    std::string word;
    for (int c; (c = std::fgetc(pipe)) != EOF;)
      if (c) word += static_cast<char>(c);
      else expected.insert(std::exchange(word, ""));
    ::pclose(pipe);
    const auto root = WorkspaceRoot::open(folder.path());
    std::set<std::string> found;
    const auto walked = walk(*root, {});
    for (const WalkEntry& e : walked->entries) found.insert(e.name);
    CAPTURE(all);
    CHECK(found == expected);
    ignored += static_cast<int>(folder.tree().size()) - static_cast<int>(found.size());
  }
  CHECK(ignored > 100);
}
