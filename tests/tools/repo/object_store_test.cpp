#include "tools/repo/object_store.h"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/support/temp_folder.h"

using namespace wright;
using namespace wright::tools;

namespace {

std::unique_ptr<ObjectStore> opened(const std::string& folder) {
  auto store = ObjectStore::open(folder);
  REQUIRE(store.ok());
  return std::move(*store);
}

}  // namespace

TEST_CASE("object store: blobs, trees and commits come back byte-exact, also after reopening") {
  const test::TempFolder folder;
  const std::string at = folder.path() + "/state/objects.git";
  const std::string binary("\0\r\n\xFF text", 9);
  ObjectId commit, blob;
  {
    auto store = opened(at);
    blob = *store->put_blob(binary);
    CHECK(blob == *ObjectStore::id_of_blob(binary));
    CHECK(*store->put_blob(binary) == blob);
    const ObjectId tree = *store->write_tree({{"b/x-y", TreeMode::file, blob}, {"b/x/z", TreeMode::executable, blob}, {"b.c", TreeMode::link, blob},
                                              {"b0", TreeMode::file, blob}, {".git/odd \xC3", TreeMode::file, blob}});
    commit = *store->commit(tree, {}, "first\n", 1'700'000'000);
    REQUIRE(store->set_ref("sessions/a1/1", commit).ok());
  }
  auto store = opened(at);
  CHECK(*store->get_blob(blob) == binary);
  CHECK(*store->ref("sessions/a1/1") == commit);
  const auto files = store->read_tree(commit);
  REQUIRE(files.ok());
  REQUIRE(files->size() == 5);
  CHECK((*files)[0].path == ".git/odd \xC3");
  CHECK((*files)[1].path == "b.c");
  CHECK((*files)[1].mode == TreeMode::link);
  CHECK((*files)[2].path == "b/x-y");
  CHECK((*files)[3].path == "b/x/z");
  CHECK((*files)[3].mode == TreeMode::executable);
  CHECK(store->read_commit(commit)->message == "first\n");
  CHECK(store->read_commit(commit)->time == 1'700'000'000);
}

TEST_CASE("object store: git itself finds it sound") {
  const test::TempFolder folder;
  auto store = opened(folder.path() + "/s");
  const ObjectId blob = *store->put_blob("text\n");
  std::vector<TreeFile> files;
  for (int i = 0; i < 300; ++i) files.push_back({"d" + std::to_string(i % 7) + (i % 2 ? "/" : "-") + std::to_string(i), TreeMode::file, blob});
  const ObjectId first = *store->commit(*store->write_tree(files), {}, "one", 1);
  const ObjectId second = *store->commit(*store->write_tree({files[0]}), {first}, "two", 2);
  REQUIRE(store->set_ref("x/2", second).ok());
  const std::string git = "git --git-dir=" + folder.path() + "/s ";
  CHECK(std::system((git + "fsck --strict --no-dangling >/dev/null 2>&1").c_str()) == 0);
  CHECK(std::system(("test \"$(" + git + "ls-tree -r --name-only " + first + " | wc -l)\" = 300").c_str()) == 0);
  CHECK(std::system(("test \"$(" + git + "rev-parse refs/wright/x/2)\" = " + second).c_str()) == 0);
}

TEST_CASE("object store: prune keeps what a ref reaches") {
  const test::TempFolder folder;
  auto store = opened(folder.path() + "/s");
  const ObjectId kept = *store->put_blob("kept"), lost = *store->put_blob("lost");
  const ObjectId tree = *store->write_tree({{"a/b", TreeMode::file, kept}});
  REQUIRE(store->set_ref("k", *store->commit(tree, {}, "", 1)).ok());
  CHECK(*store->prune(3600) == 0);
  CHECK(*store->prune(-1) > 0);
  CHECK(store->has(kept));
  CHECK(store->has(tree));
  CHECK_FALSE(store->has(lost));
  CHECK(store->refs("k")->size() == 1);
  CHECK(store->remove_ref("k").ok());
  CHECK(*store->prune(-1) > 0);
  CHECK_FALSE(store->has(kept));
}

TEST_CASE("object store: bad input is an error") {
  const test::TempFolder folder;
  folder.write("other/file", "x");
  CHECK_FALSE(ObjectStore::open(folder.path() + "/other").ok());
  auto store = opened(folder.path() + "/s");
  const ObjectId blob = *store->put_blob("");
  for (const char* path : {"", "/a", "a//b", "../a", "a/./b", "a/"})
    CHECK_FALSE(store->write_tree({{path, TreeMode::file, blob}}).ok());
  CHECK_FALSE(store->write_tree({{"a", TreeMode::file, blob}, {"a", TreeMode::file, blob}}).ok());
  CHECK_FALSE(store->write_tree({{"a", TreeMode::file, blob}, {"a/b", TreeMode::file, blob}}).ok());
  CHECK_FALSE(store->write_tree({{"a", TreeMode::file, "12"}}).ok());
  CHECK(store->get_blob(std::string(40, '0')).error().kind == ErrorKind::not_found);
  CHECK_FALSE(store->get_blob(*store->write_tree({{"a", TreeMode::file, blob}})).ok());
  for (const char* name : {"", "../x", "a b", "/a", "a/../b", "a.lock", ".x"}) CHECK_FALSE(store->set_ref(name, blob).ok());
  CHECK(store->ref("none").error().kind == ErrorKind::not_found);
  CHECK_FALSE(store->set_ref("x", std::string(40, '1')).ok());
}
