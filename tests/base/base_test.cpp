#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/context.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/queue.h"
#include "base/utf8.h"

using namespace wright;

TEST_CASE("sha256 of the FIPS examples") {
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex(std::string(1000000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("utf8 decodes, repairs and measures") {
  CHECK(utf8::valid("한글 é 🚀"));
  CHECK_FALSE(utf8::valid("\xC0\x80"));
  CHECK_FALSE(utf8::valid("\xED\xA0\x80"));
  CHECK(utf8::repair("a\xFFz") == "a\xEF\xBF\xBDz");
  CHECK(utf8::width("한글") == 4);
  CHECK(utf8::width("e\xCC\x81") == 1);
  CHECK(utf8::utf16_length("🚀a") == 3);
  CHECK(utf8::complete_prefix("ab\xED\x95") == 2);
  CHECK(utf8::complete_prefix("ab\xED\x95\x9C") == 5);
  CHECK(utf8::escape_for_terminal("a\x1b[2J\u202E", false) == "a\\x1b[2J\\u{202e}");
}

TEST_CASE("a cancelled parent cancels its children and fires hooks once") {
  Context parent;
  const Context child = parent.child();
  int fired = 0;
  const auto hook = child.on_cancel([&] { ++fired; });
  parent.cancel();
  parent.cancel();
  CHECK(child.cancelled());
  CHECK(fired == 1);
  CHECK(child.check().error().kind == ErrorKind::cancelled);
  CHECK(parent.child().cancelled());
}

TEST_CASE("a child's deadline never outlives its parent's") {
  const Context parent = Context().with_timeout(std::chrono::milliseconds(0));
  const Context child = parent.with_timeout(std::chrono::hours(1));
  CHECK(child.expired());
  CHECK(child.check().error().kind == ErrorKind::timeout);
}

TEST_CASE("JSON errors name the path") {
  const auto json = parse_json(R"({"a":[{"b":"x"}]})", "test");
  REQUIRE(json.ok());
  const auto b = JsonView(*json).at("a")->at(0)->at("b")->integer();
  CHECK(b.error().message == "a[0].b: expected an integer");
  CHECK(JsonView(*json).at("z").error().message == "z: missing");
  CHECK_FALSE(parse_json(std::string(100000, '['), "deep").ok());
}

TEST_CASE("a bounded queue refuses what does not fit and drains after close") {
  BoundedQueue<int> queue(1);
  CHECK(queue.try_push(1));
  CHECK_FALSE(queue.try_push(2));
  queue.close();
  CHECK(queue.pop() == 1);
  CHECK_FALSE(queue.pop().has_value());
}

TEST_CASE("no name leads out of a workspace root") {
  char folder[] = "/tmp/wright-test-XXXXXX";
  REQUIRE(mkdtemp(folder));
  const std::string base = folder;
  REQUIRE(make_directories(base + "/in/sub").ok());
  REQUIRE(write_file_atomic(base + "/out.txt", "secret").ok());
  REQUIRE(write_file_atomic(base + "/in/sub/a.txt", "a").ok());
  REQUIRE(symlink("../out.txt", (base + "/in/link").c_str()) == 0);
  REQUIRE(symlink("sub/a.txt", (base + "/in/good").c_str()) == 0);
  const auto root = WorkspaceRoot::open(base + "/in");
  REQUIRE(root.ok());
  CHECK_FALSE(root->read("../out.txt", 100).ok());
  CHECK_FALSE(root->read("link", 100).ok());
  CHECK_FALSE(root->read(base + "/out.txt", 100).ok());
  CHECK(*root->read("good", 100) == "a");
  CHECK(root->parent("new/deep/file", true).ok());
  std::system(("rm -rf " + base).c_str());
}
