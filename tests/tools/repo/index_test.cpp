#include "tools/repo/index.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>

#include "tests/support/temp_folder.h"

using namespace wright;
using namespace wright::tools;

namespace {

std::string names(const RepoSnapshot& snapshot, const std::vector<SymbolHit>& hits) {
  std::string out;
  for (const SymbolHit& hit : hits) out += (out.empty() ? "" : " ") + hit.file->name + ":" + qualified_name(hit);
  (void)snapshot;
  return out;
}

}  // namespace

TEST_CASE("index: finds definitions of every language, best first, with scope hints") {
  const test::TempFolder folder({{"a.py", "class A:\n    def go(self):\n        pass\n"}, {"b.py", "class B:\n    def go(self):\n        pass\n"},
                                 {"c.h", "void go(int x);\nstruct C { int go; };\n"}, {"c.cpp", "void go(int x) {}\nvoid N::go2() {}\n"}, {"d.js", "function goHome() {}\n"},
                                 {"e.ts", "interface Go { x: number }\n"}, {"f.tsx", "export const GoView = () => <p/>;\n"}, {"g.rs", "struct G; impl G { fn go(&self) {} }\n"},
                                 {"h.go", "package h\nfunc Going() {}\n"}, {"I.java", "class I { void go() {} }\n"}, {"j.sh", "go() { echo; }\n"},
                                 {"k.json", "{\"go\": 1}"}, {"tests/test_a.py", "def go(): pass\n"}, {"notes.txt", "go"}});
  folder.write("script", "#!/usr/bin/env python3\ndef from_script(): pass\n");
  std::filesystem::permissions(folder.path() + "/script", std::filesystem::perms::owner_all);
  const auto index = RepoIndex::open(folder.path());
  REQUIRE(index.ok());
  CHECK((*index)->snapshot()->files.empty());
  const auto fresh = (*index)->fresh();
  REQUIRE(fresh.ok());
  const RepoSnapshot& s = **fresh;
  CHECK(s.files.size() == 13);
  CHECK(names(s, s.definitions("A.go")) == "a.py:A.go");
  CHECK(names(s, s.definitions("b.py:go")) == "b.py:B.go");
  CHECK(names(s, s.definitions("N::go2")) == "c.cpp:N::go2");
  CHECK(names(s, s.definitions("from_script")) == "script:from_script");
  CHECK(names(s, s.definitions("none")).empty());
  const auto all = s.definitions("go", "b.py");
  REQUIRE(all.size() >= 8);
  CHECK(all[0].file->name == "b.py");
  CHECK(all.back().symbol().declaration);
  CHECK(names(s, s.search("gohome", 3)) == "d.js:goHome");
  CHECK(s.search("go", 100)[0].symbol().name == "go");
  CHECK(s.search("go", 2).size() == 2);
  CHECK(s.find("a.py") != nullptr);
  CHECK(s.find("k.json") == nullptr);
}

TEST_CASE("index: refresh parses only what changed, and old snapshots stay as they were") {
  const test::TempFolder folder;
  for (int i = 0; i < 50; ++i) folder.write("m" + std::to_string(i) + ".py", "def f" + std::to_string(i) + "(): pass\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(80));  // so that no file counts as just written
  const auto index = *RepoIndex::open(folder.path());
  CHECK(index->refresh()->parsed == 50);
  CHECK(index->refresh()->parsed == 0);
  const auto before = index->snapshot();
  folder.write("m3.py", "def renamed(): pass\n");
  std::filesystem::remove(folder.path() + "/m4.py");
  const auto changes = index->refresh();
  CHECK(changes->parsed == 1);
  CHECK(changes->removed == 1);
  CHECK(changes->files == 49);
  CHECK(before->definitions("f3").size() == 1);
  CHECK(index->snapshot()->definitions("f3").empty());
  CHECK(index->snapshot()->definitions("renamed").size() == 1);
  CHECK(index->snapshot()->definitions("f4").empty());
  folder.write("m3.py", "def renameX(): pass\n");  // same size, at once
  CHECK(index->fresh().value()->definitions("renameX").size() == 1);
  Context cancelled;
  cancelled.cancel();
  CHECK(index->refresh(cancelled).error().kind == ErrorKind::cancelled);
}

TEST_CASE("index: an editor's unsaved text takes a file's place") {
  const test::TempFolder folder;
  folder.write("a.py", "def disk(): pass\n");
  const auto index = *RepoIndex::open(folder.path());
  REQUIRE(index->refresh().ok());
  const std::string text = "def typed(): pass\n", other = "def fresh_file(): pass\n";
  REQUIRE(index->set_buffer("a.py", &text).ok());
  REQUIRE(index->set_buffer("new.py", &other).ok());
  CHECK(index->snapshot()->definitions("typed").size() == 1);
  CHECK(index->snapshot()->definitions("disk").empty());
  CHECK(index->fresh().value()->definitions("fresh_file").size() == 1);
  REQUIRE(index->set_buffer("a.py", nullptr).ok());
  REQUIRE(index->set_buffer("new.py", nullptr).ok());
  CHECK(index->snapshot()->definitions("disk").size() == 1);
  CHECK(index->snapshot()->definitions("fresh_file").empty());
}

TEST_CASE("index: what cannot be parsed is skipped and named") {
  const test::TempFolder folder;
  folder.write("big.c", std::string(3 * 1024 * 1024, ' '));
  folder.write("min.js", "var a=" + std::string(70'000, '1') + ";\n");
  folder.write("nul.py", std::string("x\0y", 3));
  folder.write("broken.py", "def (((\n");
  folder.write("deep.js", std::string(30'000, '[') + "\n");
  folder.write("ok.py", "def ok(): pass\n");
  const auto snapshot = *(*RepoIndex::open(folder.path()))->fresh();
  CHECK(snapshot->find("big.c")->skipped == "over 2 MB");
  CHECK(snapshot->find("min.js")->skipped.find("generated") == 0);
  CHECK(snapshot->find("nul.py")->skipped == "binary");
  CHECK(snapshot->find("broken.py")->skipped.empty());
  CHECK(snapshot->definitions("ok").size() == 1);
}

TEST_CASE("index: one shared instance a folder, usable from several threads") {
  const test::TempFolder folder;
  for (int i = 0; i < 30; ++i) folder.write("m" + std::to_string(i) + ".py", "def f(): return g()\n");
  const auto index = *RepoIndex::shared(folder.path());
  CHECK(index == *RepoIndex::shared(folder.path() + "/"));
  std::atomic<int> bad{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        if (t == 0) folder.write("m1.py", "def f" + std::to_string(i) + "(): pass\n");
        const auto snapshot = index->fresh();
        if (!snapshot.ok() || (*snapshot)->files.size() != 30 || (*snapshot)->definitions("f").size() < 29) ++bad;
      }
    });
  for (std::thread& t : threads) t.join();
  CHECK(bad == 0);
  const std::string path = folder.path();
  std::filesystem::remove_all(path);
  std::filesystem::create_directory(path);
  CHECK(index != *RepoIndex::shared(path));
}

TEST_CASE("index: references leave out comments and strings and name the function around") {
  const test::TempFolder folder({{"a.py", "def f():\n    pass\n\ndef g():\n    # f\n    return f() + 'f' + self.f\n"}, {"b.js", "import { f } from 'f';\nf(ff);\n"}, {"s/c.py", "f = 1\n"}});
  const auto index = *RepoIndex::open(folder.path());
  const auto snapshot = *index->fresh();
  const auto found = find_references(index->root(), *snapshot, "f", "", 100);
  REQUIRE(found.ok());
  std::string out;
  for (const ReferenceHit& hit : found->hits) out += hit.file + ":" + std::to_string(hit.line) + (hit.definition ? "!" : "") + (hit.within.empty() ? "" : "<" + hit.within + ">") + " ";
  CHECK(out == "a.py:1! a.py:6<g> a.py:6<g> b.js:1 b.js:2 s/c.py:1! ");
  CHECK(find_references(index->root(), *snapshot, "f", "s", 100)->hits.size() == 1);
  CHECK(find_references(index->root(), *snapshot, "f", "", 2)->truncated);
  CHECK(find_references(index->root(), *snapshot, "f", "", 2)->hits.size() == 2);
  CHECK(find_references(index->root(), *snapshot, "none", "", 2)->hits.empty());
}
