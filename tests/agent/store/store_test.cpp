#include <catch2/catch.hpp>

#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <random>
#include <thread>

#include "agent/session.h"
#include "agent/store.h"
#include "base/file.h"

using namespace wright;
using namespace wright::agent;

namespace {

struct Folder {
  std::string path;
  Folder() {
    char name[] = "/tmp/wright-store-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string db() const { return path + "/state/sessions.db"; }
};

std::string text_of(const Item& item) {
  const auto* message = std::get_if<MessageItem>(&item.body);
  return message ? message->text : "";
}

Item message(std::string text) { return {"", "", 0, MessageItem{"user", std::move(text), {}}}; }

void raw(const std::string& db, const std::string& sql) {
  sqlite3* handle = nullptr;
  REQUIRE(sqlite3_open(db.c_str(), &handle) == SQLITE_OK);
  char* why = nullptr;
  const int code = sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, &why);
  INFO((why ? why : ""));
  REQUIRE(code == SQLITE_OK);
  sqlite3_close(handle);
}

}  // namespace

TEST_CASE("store: sessions, items, forks and rewinds") {
  Folder folder;
  auto store = Store::open(folder.db());
  REQUIRE(store.ok());
  struct stat st{};
  REQUIRE(::stat(folder.db().c_str(), &st) == 0);
  CHECK((st.st_mode & 0777) == 0600);
  auto row = (*store)->create_session({.title = "t", .workspace = "/w"});
  REQUIRE(row.ok());
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    Item item = message(std::to_string(i));
    REQUIRE((*store)->append(row->id, item).ok());
    ids.push_back(item.id);
  }
  auto fork = (*store)->fork(row->id, ids[2]);
  REQUIRE(fork.ok());
  Item item = message("fork");
  REQUIRE((*store)->append(fork->id, item).ok());
  auto items = (*store)->items(fork->id);
  REQUIRE(items.ok());
  REQUIRE(items->size() == 4);
  CHECK(text_of(items->at(2)) == "2");
  CHECK(text_of(items->at(3)) == "fork");
  CHECK(items->at(0).id == ids[0]);  // shared, not copied

  REQUIRE((*store)->rewind(row->id, ids[0]).ok());
  CHECK((*store)->items(row->id)->size() == 1);
  CHECK((*store)->items(fork->id)->size() == 4);
  CHECK_FALSE((*store)->rewind(row->id, ids[4]).ok());  // no longer of its history
  REQUIRE((*store)->rewind(row->id, "").ok());
  CHECK((*store)->items(row->id)->empty());

  REQUIRE((*store)->remove(row->id).ok());
  CHECK((*store)->items(fork->id)->size() == 4);  // shared items stay
  CHECK((*store)->session("last", "/w")->id == fork->id);
  CHECK((*store)->session(fork->id.substr(2, 6))->id == fork->id);
  CHECK((*store)->session("s_zzz").error().kind == ErrorKind::not_found);
}

TEST_CASE("store: a large item, blobs, usage, approvals survive reopening") {
  Folder folder;
  const std::string large(3'000'000, 'x');
  std::string session, question;
  {
    auto store = Store::open(folder.db());
    REQUIRE(store.ok());
    session = (*store)->create_session({})->id;
    Item item = message(large);
    REQUIRE((*store)->append(session, item).ok());
    REQUIRE((*store)->add_usage(session, {"p", "m", 10, 4, 3, 1, 0.5}).ok());
    REQUIRE((*store)->add_usage(session, {"p", "m", 1, 0, 1, 0, 0.25}).ok());
    question = *(*store)->ask_approval({"", session, "c1", {{"tool", "run_command"}}, ""});
    CHECK(*(*store)->blob(*(*store)->put_blob(std::string("a\0b", 3))) == std::string("a\0b", 3));
  }
  auto store = Store::open(folder.db());
  REQUIRE(store.ok());
  CHECK(text_of((*store)->items(session)->at(0)) == large);
  CHECK((*store)->usage(session)->input == 11);
  CHECK((*store)->usage(session)->cost_usd == Approx(0.75));
  REQUIRE((*store)->pending_approvals(session)->size() == 1);  // still open, never granted by a restart
  REQUIRE((*store)->answer_approval(question, "deny").ok());
  CHECK((*store)->pending_approvals(session)->empty());
  CHECK_FALSE((*store)->answer_approval(question, "allow").ok());  // answered once
}

TEST_CASE("store: a damaged record costs that record only") {
  Folder folder;
  std::string session;
  std::vector<std::string> ids;
  {
    auto store = Store::open(folder.db());
    session = (*store)->create_session({})->id;
    for (int i = 0; i < 4; ++i) {
      Item item = message(std::to_string(i));
      REQUIRE((*store)->append(session, item).ok());
      ids.push_back(item.id);
    }
  }
  raw(folder.db(), "UPDATE items SET body=replace(body,'1','9') WHERE id='" + ids[1] + "'");
  raw(folder.db(), "UPDATE items SET parent='i_nowhere' WHERE id='" + ids[3] + "'");
  auto store = Store::open(folder.db());
  const auto items = (*store)->items(session);
  REQUIRE(items.ok());
  REQUIRE(items->size() == 4);
  CHECK(text_of(items->at(0)) == "0");
  CHECK(std::get<ErrorItem>(items->at(1).body).message.find(ids[1]) != std::string::npos);
  CHECK(text_of(items->at(2)) == "2");
  CHECK(std::holds_alternative<ErrorItem>(items->at(3).body));
  Item next = message("goes on");
  CHECK((*store)->append(session, next).ok());
}

TEST_CASE("store: a newer schema and a foreign file are errors with the next step") {
  Folder folder;
  REQUIRE(Store::open(folder.db()).ok());
  raw(folder.db(), "UPDATE meta SET value='12'");
  CHECK(Store::open(folder.db()).error().next.find("update") != std::string::npos);
  REQUIRE(write_file_atomic(folder.path + "/x.db", std::string(5000, 'z')).ok());
  const auto foreign = Store::open(folder.path + "/x.db");
  REQUIRE_FALSE(foreign.ok());
  CHECK(foreign.error().next.find("move it away") != std::string::npos);
}

// The child appends and writes one line to a pipe for each item that the store acknowledged; it is killed at a random
// moment. Whatever was acknowledged must be there, in order, in the survivor's eyes.
TEST_CASE("store: kill -9 loses nothing that was acknowledged") {
  Folder folder;
  std::mt19937 random(20261124);
  std::string session;
  {
    auto store = Store::open(folder.db());
    session = (*store)->create_session({})->id;
  }
  std::size_t before = 0;
  for (int round = 0; round < 25; ++round) {
    int fds[2];
    REQUIRE(::pipe(fds) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(fds[0]);
      auto store = Store::open(folder.db());
      if (!store.ok()) ::_exit(3);
      for (int i = 0;; ++i) {
        Item item = message(std::to_string(round) + "." + std::to_string(i) + std::string(static_cast<std::size_t>(i) * 37 % 9000, '.'));
        if (!(*store)->append(session, item).ok()) ::_exit(4);
        const std::string line = item.id + "\n";
        if (::write(fds[1], line.data(), line.size()) < 0) ::_exit(5);
      }
    }
    ::close(fds[1]);
    std::this_thread::sleep_for(std::chrono::microseconds(20'000 + random() % 60'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    REQUIRE(WIFSIGNALED(status));
    const std::string acknowledged = *read_fd(fds[0], "pipe");
    ::close(fds[0]);
    auto store = Store::open(folder.db());
    REQUIRE(store.ok());
    const auto items = (*store)->items(session);
    REQUIRE(items.ok());
    std::string stored;
    for (std::size_t i = before; i < items->size(); ++i) {
      REQUIRE(std::holds_alternative<MessageItem>(items->at(i).body));
      stored += items->at(i).id + "\n";
    }
    CHECK(stored.substr(0, acknowledged.size()) == acknowledged);
    // At most the one item whose acknowledgement was in flight is more.
    CHECK(stored.size() <= acknowledged.size() + 19);
    before = items->size();
  }
  CHECK(before > 25);
}

TEST_CASE("store: two writers on one store interleave without loss") {
  Folder folder;
  auto a = Store::open(folder.db());
  auto b = Store::open(folder.db());
  const std::string session = (*a)->create_session({})->id;
  const auto fill = [&](Store& store) {
    for (int i = 0; i < 40; ++i) {
      Item item = message("x");
      REQUIRE(store.append(session, item).ok());
    }
  };
  std::thread other([&] { fill(**b); });
  fill(**a);
  other.join();
  CHECK((*a)->items(session)->size() == 80);
}

TEST_CASE("store: a full disk is one clear error, what is stored stays readable, and space brings it back") {
  Folder folder;
  auto store = Store::open(folder.db());
  const std::string session = (*store)->create_session({})->id;
  Item first = message("kept");
  REQUIRE((*store)->append(session, first).ok());
  CHECK(exists(folder.db() + ".reserve"));
  (*store)->limit_pages_for_test(40);
  Result<void> result;
  int stored = 0;
  for (; stored < 200 && result.ok(); ++stored) {
    Item item = message(std::string(20'000, 'y'));
    result = (*store)->append(session, item);
  }
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().kind == ErrorKind::limit);
  CHECK(result.error().next.find("disk space") != std::string::npos);
  CHECK((*store)->low_space());
  CHECK_FALSE(exists(folder.db() + ".reserve"));
  CHECK((*store)->items(session)->size() == static_cast<std::size_t>(stored));
  (*store)->limit_pages_for_test(100'000);
  Item again = message("again");
  CHECK((*store)->append(session, again).ok());
}

TEST_CASE("session: an item is announced as done only once it is stored") {
  Folder folder;
  auto store = Store::open(folder.db());
  auto session = Session::create(**store, {.workspace = "/w"});
  REQUIRE(session.ok());
  auto reader = (*session)->bus().reader();
  Item item = (*session)->begin(MessageItem{"assistant", "", {}});
  (*session)->delta(item, "hel");
  CHECK((*store)->items((*session)->id())->empty());
  std::get<MessageItem>(item.body).text = "hello";
  REQUIRE((*session)->finish(item).ok());
  for (;;) {
    const auto event = reader.next(std::chrono::seconds(5));
    REQUIRE(event.ok());
    REQUIRE(*event);
    if ((*event)->kind == Event::Kind::done) {
      CHECK((*store)->items((*session)->id())->at(0).id == (*event)->item.id);
      break;
    }
  }
  // Replay gives the same view.
  auto again = Session::open(**store, (*session)->id());
  REQUIRE(again.ok());
  const auto a = (*session)->items(), b = (*again)->items();
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(to_json(a[i]) == to_json(b[i]));
}
