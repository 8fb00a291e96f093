#include "agent/checkpoint.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <random>

#include "agent/evidence.h"
#include "base/limits.h"
#include "tests/support/temp_folder.h"

namespace wright::agent {
namespace {

namespace fs = std::filesystem;
using test::TempFolder;

// Everything that undo promises to bring back: kind, permission bits, bytes or target, by name.
std::map<std::string, std::string> picture(const std::string& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = fs::relative(entry.path(), folder).string();
    if (name == ".git" || name.starts_with(".git/")) continue;
    struct stat st{};
    REQUIRE(::lstat(entry.path().c_str(), &st) == 0);
    std::string text = std::to_string(st.st_mode & 07777) + " ";
    if (entry.is_symlink()) text = "link " + fs::read_symlink(entry.path()).string();
    else if (entry.is_directory()) text += "folder";
    else text += "file " + std::string(std::istreambuf_iterator<char>(std::ifstream(entry.path(), std::ios::binary).rdbuf()), {});
    out[name] = text;
  }
  return out;
}

std::unique_ptr<Checkpoints> open_at(const TempFolder& state, const TempFolder& work) {
  auto opened = Checkpoints::open(state.path(), work.path());
  REQUIRE(opened.ok());
  return std::move(*opened);
}

Checkpoint ok(Result<Checkpoint> result) {
  INFO((result.ok() ? "" : result.error().text()));
  REQUIRE(result.ok());
  return *result;
}

Checkpoints::Undone ok(Result<Checkpoints::Undone> result) {
  INFO((result.ok() ? "" : result.error().text()));
  REQUIRE(result.ok());
  return *result;
}

}  // namespace

TEST_CASE("checkpoint: an edit is undone byte-exact, and the undo is undone", "[checkpoint]") {
  const TempFolder state, work({{"a.txt", "one\r\ntwo"}, {"run.sh", "#!/bin/sh\n"}});
  ::chmod((work.path() + "/run.sh").c_str(), 0750);
  const auto before = picture(work.path());
  auto c = open_at(state, work);
  const Checkpoint made = ok(c->before_edit("s_1", "edit_file a.txt", {"a.txt", "new/deep/b.txt"}));
  REQUIRE(c->extend(made.id, {"run.sh"}).ok());
  work.write("a.txt", "changed");
  work.write("new/deep/b.txt", "b");
  work.write("run.sh", "exit 1\n");
  ::chmod((work.path() + "/run.sh").c_str(), 0644);
  const Checkpoint done = ok(c->after_command(made));
  CHECK(done.files == std::vector<std::string>{"a.txt", "new", "new/deep", "new/deep/b.txt", "run.sh"});
  const auto changed = picture(work.path());

  const auto undone = ok(c->undo(""));
  CHECK(picture(work.path()) == before);
  CHECK(undone.restored == std::vector<std::string>{"a.txt", "run.sh"});
  CHECK(undone.removed == std::vector<std::string>{"new", "new/deep", "new/deep/b.txt"});
  CHECK_FALSE(c->undo("").ok());

  ok(c->undo(undone.checkpoint.id));
  CHECK(picture(work.path()) == changed);
  ok(c->undo(""));  // the edit stands again, so it can be undone again
  CHECK(picture(work.path()) == before);
}

TEST_CASE("checkpoint: an edit that changed nothing is dropped", "[checkpoint]") {
  const TempFolder state, work({{"a.txt", "one"}, {"other.txt", "o"}});
  auto c = open_at(state, work);
  CHECK(ok(c->after_command(ok(c->before_edit("s", "e", {"a.txt", "absent.txt"})))).id.empty());
  CHECK(ok(c->after_command(ok(c->before_command("s", "true")))).id.empty());
  CHECK(c->list(10)->empty());
}

TEST_CASE("checkpoint: a command's changes of every kind are found and undone", "[checkpoint]") {
  const TempFolder state, work({{"keep.txt", "k"}, {"gone.txt", "g"}, {"dir/x.txt", "x"}, {"swap", "file"}, {".gitignore", "build/\n"}, {"build/out.o", "obj"}});
  fs::create_symlink("keep.txt", work.path() + "/link");
  fs::create_directory(work.path() + "/empty");
  const auto before = picture(work.path());
  auto c = open_at(state, work);
  const Checkpoint made = ok(c->before_command("s", "run_command make", "i_1"));
  work.write("build/out.o", "new");
  work.write("build/two.o", "2");
  fs::remove(work.path() + "/gone.txt");
  fs::remove_all(work.path() + "/dir");
  fs::remove(work.path() + "/empty");
  fs::remove(work.path() + "/swap");
  work.write("swap/inside", "now a folder");
  fs::remove(work.path() + "/link");
  fs::create_symlink("elsewhere", work.path() + "/link");
  ::chmod((work.path() + "/keep.txt").c_str(), 0400);
  const auto changed = picture(work.path());
  const Checkpoint done = ok(c->after_command(made));
  CHECK(done.files.size() == 10);
  const auto undone = ok(c->undo("i_1"));
  CHECK(picture(work.path()) == before);
  ok(c->undo(undone.checkpoint.id));
  CHECK(picture(work.path()) == changed);
}

TEST_CASE("checkpoint: what the user changed meanwhile is a conflict; force overwrites and keeps it", "[checkpoint]") {
  const TempFolder state, work({{"a.txt", "old a"}, {"b.txt", "old b"}});
  auto c = open_at(state, work);
  const Checkpoint made = ok(c->before_edit("s", "edit", {"a.txt", "b.txt"}));
  work.write("a.txt", "wright a");
  work.write("b.txt", "wright b");
  ok(c->after_command(made));
  work.write("b.txt", "user b");
  const auto refused = c->undo("");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == ErrorKind::conflict);
  CHECK(refused.error().message.find("b.txt") != std::string::npos);
  CHECK(work.read("a.txt") == "wright a");
  CHECK(work.read("b.txt") == "user b");
  const auto forced = ok(c->undo("", true));
  CHECK(work.read("b.txt") == "old b");
  ok(c->undo(forced.checkpoint.id));
  CHECK(work.read("b.txt") == "user b");
}

TEST_CASE("checkpoint: a user's edit between two calls of one turn is a conflict", "[checkpoint]") {
  const TempFolder state, work({{"a.txt", "0"}, {"other.txt", "o"}});
  auto c = open_at(state, work);
  const auto edit = [&](const std::string& text) {
    const Checkpoint made = ok(c->before_edit("s", "edit", {"a.txt"}, "i_7"));
    work.write("a.txt", text);
    ok(c->after_command(made));
  };
  edit("1");
  edit("2");
  SECTION("none: the whole turn goes back") {
    ok(c->undo(""));
    CHECK(work.read("a.txt") == "0");
  }
  SECTION("one") {
    work.write("a.txt", "user");
    edit("3");
    CHECK(c->undo("").error().kind == ErrorKind::conflict);
    CHECK(work.read("a.txt") == "3");
  }
  SECTION("one call alone") {
    const auto list = c->list(10);
    REQUIRE(list->size() == 2);
    ok(c->undo(list->front().id));
    CHECK(work.read("a.txt") == "1");
    ok(c->undo(""));
    CHECK(work.read("a.txt") == "0");
  }
}

TEST_CASE("checkpoint: undoing twice goes further back", "[checkpoint]") {
  const TempFolder state, work({{"a.txt", "0"}, {"other.txt", "o"}});
  auto c = open_at(state, work);
  for (const char* text : {"1", "2", "3"}) {
    const Checkpoint made = ok(c->before_edit("s", "edit", {"a.txt"}));
    work.write("a.txt", text);
    ok(c->after_command(made));
  }
  for (const char* text : {"2", "1", "0"}) {
    ok(c->undo(""));
    CHECK(work.read("a.txt") == text);
  }
  CHECK(c->undo("").error().kind == ErrorKind::not_found);
  CHECK(c->undo("c_ffff").error().kind == ErrorKind::not_found);
}

TEST_CASE("checkpoint: a killed process leaves what undo needs", "[checkpoint]") {
  const TempFolder state, work({{"a.txt", "old"}, {"b.txt", "b"}});
  const auto before = picture(work.path());
  const bool command = GENERATE(false, true);
  const bool wrote = GENERATE(false, true);
  const pid_t child = ::fork();
  if (child == 0) {
    auto c = Checkpoints::open(state.path(), work.path());
    if (!c.ok()) ::_exit(3);
    const auto made = command ? (*c)->before_command("s", "command") : (*c)->before_edit("s", "edit", {"a.txt", "new.txt"});
    if (!made.ok()) ::_exit(4);
    if (wrote) work.write("a.txt", "half"), work.write("new.txt", "n");
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(WIFSIGNALED(status));
  std::ofstream(fs::directory_iterator(state.path() + "/checkpoints")->path() / "journal.jsonl", std::ios::app) << "{\"event\":\"bef";  // a cut line
  auto c = open_at(state, work);
  REQUIRE(c->list(5)->size() == 1);
  const auto undone = ok(c->undo(""));
  CHECK(picture(work.path()) == before);
  CHECK(undone.restored == (wrote ? std::vector<std::string>{"a.txt"} : std::vector<std::string>{}));
}

TEST_CASE("checkpoint: what is not covered is listed and left alone", "[checkpoint]") {
  const TempFolder state, work({{"a.txt", "a"}, {".git/HEAD", "ref"}});
  ::mkfifo((work.path() + "/pipe").c_str(), 0600);
  work.write("big.bin", "");
  fs::resize_file(work.path() + "/big.bin", limits::kCheckpointFileBytes + 1);
  auto c = open_at(state, work);
  const Checkpoint made = ok(c->before_command("s", "command"));
  CHECK(made.not_covered == std::vector<std::string>{".git", "big.bin", "pipe"});
  fs::remove(work.path() + "/big.bin");
  work.write("a.txt", "changed");
  ok(c->after_command(made));
  ok(c->undo(""));
  CHECK(work.read("a.txt") == "a");
}

TEST_CASE("checkpoint: random edits and commands are undone byte-exact", "[checkpoint]") {
  std::mt19937 random(GENERATE(1, 2, 3, 4, 5, 6, 7, 8));
  const auto upto = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const TempFolder state, work;
  const auto name = [&] { return std::string(upto(2) ? "d" + std::to_string(upto(3)) + "/" : "") + (upto(9) ? "f" : "\xff") + std::to_string(upto(4)); };
  const auto bytes = [&] {
    std::string out;
    for (int n = upto(40); n > 0; --n) out += static_cast<char>(random());
    return out;
  };
  const auto change = [&](const std::string& n) {
    const fs::path path = fs::path(work.path()) / n;
    std::error_code ignored;
    fs::create_directories(path.parent_path(), ignored);
    switch (upto(5)) {
      case 0: fs::remove_all(path, ignored); break;
      case 1: fs::remove_all(path, ignored), fs::create_symlink(bytes().substr(0, 3) + "t", path, ignored); break;
      case 2: ::chmod(path.c_str(), upto(2) ? 0755 : 0600); break;
      default: fs::remove(path, ignored), work.write(n, bytes());
    }
  };
  for (int i = 0; i < 8; ++i) change(name());
  auto c = open_at(state, work);
  std::vector<std::map<std::string, std::string>> pictures;
  for (int turn = 0; turn < 6; ++turn) {
    const auto before = picture(work.path());
    const std::string id = "i_" + std::to_string(turn);
    bool changed = false;
    for (int call = 1 + upto(3); call > 0; --call) {
      std::vector<std::string> names;
      for (int n = 1 + upto(3); n > 0; --n) names.push_back(name());
      const Checkpoint made = ok(upto(2) ? c->before_command("s", "c", id) : c->before_edit("s", "e", names, id));
      for (const std::string& n : names) change(n);
      changed = !ok(c->after_command(made)).id.empty() || changed;
      if (upto(4) == 0) c = open_at(state, work);
    }
    if (changed) pictures.push_back(before);
  }
  while (!pictures.empty()) {
    const auto now = picture(work.path());
    const auto undone = ok(c->undo(""));
    // Empty folders that a write made on its way are the one thing an edit need not know of.
    CHECK(picture(work.path()) == pictures.back());
    if (upto(2)) {
      ok(c->undo(undone.checkpoint.id));
      CHECK(picture(work.path()) == now);
      ok(c->undo(""));
      CHECK(picture(work.path()) == pictures.back());
    }
    pictures.pop_back();
  }
}

TEST_CASE("checkpoint: changes become a diff that git applies, tests listed apart", "[checkpoint]") {
  const TempFolder state, work({{"src/a.py", "x = 1\ny = 2\n"}, {"tests/test_a.py", "assert x\n"}, {"old.txt", "bye\n"}});
  auto c = open_at(state, work);
  const Checkpoint made = ok(c->before_edit("s", "edit", {"src/a.py", "tests/test_a.py", "old.txt", "new.txt"}, "i_1"));
  work.write("src/a.py", "x = 1\ny = 3\n");
  work.write("tests/test_a.py", "pass\n");
  work.write("new.txt", "hello\n");
  fs::remove(work.path() + "/old.txt");
  ok(c->after_command(made));
  const auto evidence = evidence_of(*c, "i_1");
  REQUIRE(evidence.ok());
  CHECK(evidence->files == std::vector<std::string>{"new.txt", "old.txt", "src/a.py", "tests/test_a.py"});
  CHECK(evidence->test_files == std::vector<std::string>{"tests/test_a.py"});
  const TempFolder copy({{"src/a.py", "x = 1\ny = 2\n"}, {"tests/test_a.py", "assert x\n"}, {"old.txt", "bye\n"}});
  copy.write("../" + fs::path(copy.path()).filename().string() + ".diff", evidence->diff);
  const std::string patch = copy.path() + ".diff";
  CHECK(std::system(("cd " + copy.path() + " && git apply " + patch).c_str()) == 0);
  CHECK(copy.tree() == work.tree());
  fs::remove(patch);
  CHECK(evidence_of(*c, "i_unknown")->diff.empty());
}

}  // namespace wright::agent

// Hidden: run by name. Prints what the manifest of a large tree costs, cold and warm.
TEST_CASE("checkpoint: cost of a hundred thousand files", "[.bench]") {
  const wright::test::TempFolder state, work;
  for (int d = 0; d < 1000; ++d)
    for (int f = 0; f < 100; ++f) work.write("d" + std::to_string(d % 40) + "/e" + std::to_string(d) + "/file" + std::to_string(f) + ".txt", "text of file " + std::to_string(d * 100 + f));
  const auto clock = [] { return std::chrono::steady_clock::now(); };
  for (const char* label : {"cold", "warm", "warm", "warm", "warm", "warm"}) {
    auto c = wright::agent::Checkpoints::open(state.path(), work.path());
    REQUIRE(c.ok());
    const auto a = clock();
    const auto cpu_a = std::clock();
    const auto made = (*c)->before_command("s", "command");
    const auto b = clock();
    const auto cpu_b = std::clock();
    REQUIRE(made.ok());
    work.write("d1/e1/file1.txt", label);
    const auto d = clock();
    const auto cpu_d = std::clock();
    REQUIRE((*c)->after_command(*made).ok());
    const auto e = clock();
    const auto cpu_e = std::clock();
    const auto ms = [](auto x, auto y) { return std::chrono::duration<double, std::milli>(y - x).count(); };
    const auto cpu = [](std::clock_t x, std::clock_t y) { return 1e3 * static_cast<double>(y - x) / CLOCKS_PER_SEC; };
    std::printf("%s: before %.0f ms (%.0f ms of processors), after %.0f ms (%.0f)\n", label, ms(a, b), cpu(cpu_a, cpu_b), ms(d, e), cpu(cpu_d, cpu_e));
  }
}
