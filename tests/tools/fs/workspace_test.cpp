#include "tools/fs/workspace.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/support/temp_folder.h"

using namespace wright;
using namespace wright::tools;
namespace fs = std::filesystem;

namespace {

std::unique_ptr<Workspace> open(const test::TempFolder& folder) {
  auto workspace = Workspace::open(folder.path());
  REQUIRE(workspace.ok());
  return std::move(*workspace);
}

struct stat status(const std::string& path) {
  struct stat st{};
  REQUIRE(::lstat(path.c_str(), &st) == 0);
  return st;
}

std::size_t entries(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

struct Recorder final : ChangeListener {
  std::vector<std::string> names;
  bool refuse = false;
  Result<void> before_change(const std::string& name) override {
    names.push_back(name);
    if (refuse) return Error{ErrorKind::io, "no checkpoint", ""};
    return {};
  }
  Result<void> before_command(const std::string&) override { return {}; }
};

}  // namespace

TEST_CASE("workspace: names are made relative and cannot lead out") {
  const test::TempFolder folder;
  folder.write("a/b.txt", "x");
  const auto w = open(folder);
  CHECK(*w->relative("./a//b.txt") == "a/b.txt");
  CHECK(*w->relative(w->path() + "/a/../a/b.txt") == "a/b.txt");
  CHECK(*w->relative("../" + fs::path(w->path()).filename().string() + "/a") == "a");
  CHECK(*w->relative(".") == ".");
  CHECK(*w->relative("größe/日本.txt") == "größe/日本.txt");
  for (const char* out : {"..", "../x", "/etc/passwd", "a/../../x", ""}) {
    INFO(out);
    CHECK_FALSE(w->relative(out).ok());
  }
  CHECK_FALSE(w->relative(std::string_view("a\0b", 3)).ok());
  CHECK_FALSE(w->relative(w->path() + "-sibling/x").ok());
  const std::string link = folder.path() + "-alias";
  fs::create_directory_symlink(folder.path(), link);
  CHECK(*w->relative(link + "/a/new.txt") == "a/new.txt");
  fs::remove(link);
}

TEST_CASE("workspace: a write keeps mode, attributes and bytes, and leaves nothing behind") {
  const test::TempFolder folder;
  folder.write("x.sh", "\xEF\xBB\xBFone\r\ntwo");
  REQUIRE(::chmod((folder.path() + "/x.sh").c_str(), 0750) == 0);
  const bool attributes = ::setxattr((folder.path() + "/x.sh").c_str(), "user.note", "kept", 4, 0) == 0;
  const auto w = open(folder);
  REQUIRE(*w->read("x.sh") == "\xEF\xBB\xBFone\r\ntwo");
  REQUIRE(w->write("x.sh", "\xEF\xBB\xBFone\r\nTWO").ok());
  CHECK(folder.read("x.sh") == "\xEF\xBB\xBFone\r\nTWO");
  CHECK((status(folder.path() + "/x.sh").st_mode & 07777) == 0750);
  if (attributes) {
    char value[16];
    CHECK(::getxattr((folder.path() + "/x.sh").c_str(), "user.note", value, sizeof value) == 4);
  }
  CHECK(entries(folder.path()) == 1);
  REQUIRE(w->write("deep/er/new.txt", "").ok());
  CHECK(folder.read("deep/er/new.txt") == "");
  CHECK(entries(folder.path() + "/deep/er") == 1);
}

TEST_CASE("workspace: what was not read, or changed since, is a conflict and stays") {
  const test::TempFolder folder;
  folder.write("a.txt", "mine");
  const auto w = open(folder);
  auto unread = w->write("a.txt", "yours");
  REQUIRE_FALSE(unread.ok());
  CHECK(unread.error().kind == ErrorKind::conflict);
  CHECK(w->peek("a.txt").ok());
  CHECK_FALSE(w->write("a.txt", "yours").ok());
  REQUIRE(w->read("a.txt").ok());
  folder.write("a.txt", "mine, edited");
  auto stale = w->write("a.txt", "yours");
  REQUIRE_FALSE(stale.ok());
  CHECK(stale.error().kind == ErrorKind::conflict);
  CHECK(folder.read("a.txt") == "mine, edited");
  auto gone = w->remove("a.txt");
  REQUIRE_FALSE(gone.ok());
  CHECK(gone.error().kind == ErrorKind::conflict);
  REQUIRE(w->read("a.txt").ok());
  fs::remove(folder.path() + "/a.txt");
  CHECK(w->write("a.txt", "again").error().kind == ErrorKind::conflict);
  CHECK(w->write("a.txt", "again").ok());
  CHECK(w->write("a.txt", "and again").ok());
  CHECK(w->write("a.txt", "blind", false).ok());
}

TEST_CASE("workspace: links that stay inside are followed, others refused") {
  const test::TempFolder folder, outside;
  folder.write("real/f.txt", "old");
  outside.write("secret", "s");
  fs::create_symlink("real/f.txt", folder.path() + "/link");
  fs::create_symlink(outside.path() + "/secret", folder.path() + "/escape");
  fs::create_symlink(outside.path(), folder.path() + "/dir");
  fs::create_symlink("nowhere", folder.path() + "/dangling");
  const auto w = open(folder);
  REQUIRE(w->read("link").ok());
  REQUIRE(w->write("link", "new").ok());
  CHECK(folder.read("real/f.txt") == "new");
  CHECK(fs::is_symlink(folder.path() + "/link"));
  for (const char* name : {"escape", "dir/secret", "dir/new"}) {
    INFO(name);
    CHECK_FALSE(w->read(name).ok());
    CHECK(w->write(name, "x", false).error().kind == ErrorKind::refused);
  }
  CHECK_FALSE(w->write("dangling", "x", false).ok());
  CHECK(outside.read("secret") == "s");
  CHECK(entries(outside.path()) == 1);
  REQUIRE(w->remove("link").ok());
  CHECK(folder.read("real/f.txt") == "new");
}

TEST_CASE("workspace: a file with two names keeps both") {
  const test::TempFolder folder;
  folder.write("a", "long old text");
  fs::create_hard_link(folder.path() + "/a", folder.path() + "/b");
  const auto w = open(folder);
  REQUIRE(w->read("a").ok());
  REQUIRE(w->write("a", "short").ok());
  CHECK(folder.read("b") == "short");
  CHECK(status(folder.path() + "/a").st_nlink == 2);
}

TEST_CASE("workspace: git's own folder is out of reach, by any spelling") {
  const test::TempFolder folder;
  folder.write(".git/config", "[core]\n");
  folder.write(".gitignore", "");
  const auto w = open(folder);
  for (const char* name : {".git/config", ".GIT/config", "sub/.git/hooks/x", ".git ", "git~1/config", ".git.", ".g\xe2\x80\x8cit/x", ".git::$INDEX_ALLOCATION/x", "a/../.git/x"}) {
    INFO(name);
    CHECK(w->write(name, "x", false).error().kind == ErrorKind::refused);
    CHECK(w->rename(".gitignore", name).error().kind == ErrorKind::refused);
  }
  CHECK(w->remove(".git/config").error().kind == ErrorKind::refused);
  CHECK(w->write(".gitignore", "x", false).ok());
  CHECK(w->write("legit/.gitkeep", "", false).ok());
  fs::create_symlink(".git/config", folder.path() + "/cfg");
  CHECK(w->write("cfg", "x", false).error().kind == ErrorKind::refused);
  CHECK(folder.read(".git/config") == "[core]\n");
}

TEST_CASE("workspace: folders, pipes and missing files are errors, not hangs") {
  const test::TempFolder folder;
  folder.write("d/x", "");
  REQUIRE(::mkfifo((folder.path() + "/pipe").c_str(), 0600) == 0);
  const auto w = open(folder);
  CHECK_FALSE(w->read("pipe").ok());
  CHECK_FALSE(w->write("pipe", "x", false).ok());
  CHECK_FALSE(w->read("d").ok());
  CHECK_FALSE(w->write("d", "x", false).ok());
  CHECK_FALSE(w->remove("d").ok());
  CHECK(w->read("nope").error().kind == ErrorKind::not_found);
  CHECK_FALSE(w->remove("nope").ok());
  CHECK_FALSE(w->write("d/x/y", "x", false).ok());
  CHECK(w->is_folder("d"));
  CHECK_FALSE(w->is_folder("d/x"));
}

TEST_CASE("workspace: rename, remove, executable; the listener hears first and can stop it") {
  const test::TempFolder folder;
  folder.write("a", "1");
  folder.write("b", "2");
  const auto w = open(folder);
  Recorder recorder;
  w->set_listener(&recorder);
  CHECK(w->rename("a", "b").error().kind == ErrorKind::conflict);
  REQUIRE(w->rename("a", "n/c").ok());
  CHECK(folder.read("n/c") == "1");
  REQUIRE(w->set_executable("b", true).ok());
  CHECK((status(folder.path() + "/b").st_mode & 0111) != 0);
  REQUIRE(w->set_executable("b", false).ok());
  CHECK((status(folder.path() + "/b").st_mode & 0111) == 0);
  REQUIRE(w->remove("b").ok());
  CHECK(recorder.names == std::vector<std::string>{"a", "b", "a", "n/c", "b", "b", "b"});
  recorder.refuse = true;
  CHECK_FALSE(w->write("n/c", "x", false).ok());
  CHECK_FALSE(w->write("new", "x").ok());
  CHECK(folder.read("n/c") == "1");
  CHECK_FALSE(w->exists("new"));
}

TEST_CASE("workspace: a full disk or an unwritable file leaves the old text") {
  const test::TempFolder folder;
  folder.write("a", "old");
  const auto w = open(folder);
  REQUIRE(w->read("a").ok());
  struct rlimit_guard {
    struct rlimit old{};
    rlimit_guard() {
      ::signal(SIGXFSZ, SIG_IGN);
      ::getrlimit(RLIMIT_FSIZE, &old);
      const struct rlimit small{4096, old.rlim_max};
      ::setrlimit(RLIMIT_FSIZE, &small);
    }
    ~rlimit_guard() { ::setrlimit(RLIMIT_FSIZE, &old); }
  };
  {
    const rlimit_guard guard;
    CHECK_FALSE(w->write("a", std::string(100'000, 'x')).ok());
    CHECK_FALSE(w->write("fresh", std::string(100'000, 'x')).ok());
  }
  CHECK(folder.read("a") == "old");
  CHECK(entries(folder.path()) == 1);
  CHECK(w->write("a", "new").ok());
}

TEST_CASE("workspace: while a folder is swapped for a link, no write lands outside") {
  const test::TempFolder folder, outside;
  folder.write("d/f", "in");
  outside.write("f", "out");
  const auto w = open(folder);
  fs::create_directory_symlink(outside.path(), folder.path() + "/other");
  std::atomic<bool> stop = false;
  std::thread swapper([&] {
    const std::string a = folder.path() + "/d", b = folder.path() + "/other";
    while (!stop) ::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE);
  });
  int written = 0;
  for (int i = 0; i < 400; ++i) written += w->write("d/f", "text " + std::to_string(i), false).ok();
  stop = true;
  swapper.join();
  CHECK(outside.read("f") == "out");
  CHECK(entries(outside.path()) == 1);
  CHECK(written > 0);
}
