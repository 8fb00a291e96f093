// The wall: the same answers as in-process, and what happens when the worker, or its parent, dies.
#include "engine/remote/remote_engine.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "base/file.h"
#include "tests/engine/run/fixture.h"
#include "tests/support/fake_worker.h"

using namespace wright;
using namespace wright::test;

namespace {

// Waits until `condition` holds; false after ten seconds.
template <class F>
bool eventually(F condition) {
  for (int i = 0; i < 2000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

}  // namespace

TEST_CASE("remote: generation, scores, cancel and stats across the wall", "[remote]") {
  const auto opened = open_fake_remote("fake");
  REQUIRE(opened.ok());
  Engine& engine = **opened;
  CHECK(engine.info().model_name == "fake");
  CHECK(engine.tokenizer() == fake_tokenizer());
  const auto r = request_for(some_tokens(150, 1), 20);
  const auto one = generate(engine, Context(), r);
  REQUIRE(one.ok());
  CHECK(one->ids == expected(r, {}));
  CHECK(one->text == fake_tokenizer()->decode(one->ids));
  CHECK(generate(engine, Context(), r)->usage.cached_tokens == 149);
  const auto scores = score(engine, Context(), {r.prompt, {{150, {one->ids}}}, Priority::search});
  REQUIRE(scores.ok());
  CHECK(scores->logprobs[0][0].size() == 20);
  const auto bad = score(engine, Context(), {{1}, {{4, {{1}}}}, Priority::search});
  REQUIRE(!bad.ok());
  CHECK(bad.error().kind == ErrorKind::usage);
  CHECK(engine.stats().completion_tokens == 40);
  CHECK(engine.stats().last_token_unix_ms > 0);
  Crowd crowd(engine);
  crowd.submit(request_for(some_tokens(10, 2), 90000));
  engine.cancel(crowd.answers[0]->id);
  crowd.wait();
  CHECK(crowd.answers[0]->last.finish == Finish::cancelled);
}

TEST_CASE("remote: kill -9 of the worker fails what runs, and the next request has a new one", "[remote]") {
  const auto opened = open_fake_remote("slow");
  REQUIRE(opened.ok());
  Engine& engine = **opened;
  for (int round = 0; round < 2; ++round) {
    const auto pids = worker_pids();
    REQUIRE(pids.size() == 1);
    std::atomic<bool> begun{false}, over{false};
    GenerateEvent last;
    engine.submit(request_for(some_tokens(10, 2), 90000), [&](const GenerateEvent& event) {
      if (!event.ids.empty()) begun = true;
      if (!event.done) return;
      last = event;
      over = true;
    });
    std::atomic<bool> scored{false};
    engine.score({{1}, {{1, {{2, 3}}}}, Priority::search}, [&](Result<ScoreReply> reply) { scored = !reply.ok() && reply.error().kind == ErrorKind::model; });
    REQUIRE(eventually([&] { return begun.load(); }));
    REQUIRE(kill(pids[0], SIGKILL) == 0);
    REQUIRE(eventually([&] { return over && scored; }));
    CHECK(last.finish == Finish::error);
    CHECK(last.error.kind == ErrorKind::model);
    CHECK_THAT(last.error.message, Catch::Contains("the engine worker died (killed by signal 9)"));
    CHECK(engine.stats().resident_bytes == 0);
    const auto r = request_for(some_tokens(30, 5));
    const auto again = generate(engine, Context(), r);
    REQUIRE(again.ok());
    CHECK(again->ids == expected(r, {}));
  }
}

TEST_CASE("remote: an engine that goes away takes its worker along and cancels its requests", "[remote]") {
  std::atomic<int> cancelled{0};
  {
    const auto opened = open_fake_remote("slow");
    REQUIRE(opened.ok());
    for (int i = 0; i < 3; ++i)
      (*opened)->submit(request_for(some_tokens(10, 2), 90000), [&](const GenerateEvent& event) {
        if (event.done && event.finish == Finish::cancelled) ++cancelled;
      });
  }
  CHECK(cancelled == 3);
  CHECK(worker_pids().empty());
}

TEST_CASE("remote: a model that cannot be opened, a worker that dies while loading, a program that is not there", "[remote]") {
  const auto broken = open_fake_remote("broken");
  REQUIRE(!broken.ok());
  CHECK(broken.error().message == "broken: not a model");
  CHECK(broken.error().kind == ErrorKind::invalid);
  const auto dies = open_fake_remote("dies");
  REQUIRE(!dies.ok());
  CHECK_THAT(dies.error().message, Catch::Contains("died while loading the model (exit status 7)"));
  RemoteEngineParts parts;
  parts.program = "/nonexistent/wright";
  const auto absent = make_remote_engine(std::move(parts));
  REQUIRE(!absent.ok());
  CHECK_THAT(absent.error().message, Catch::Contains("/nonexistent/wright"));
}

TEST_CASE("remote: the worker ends when its parent is killed", "[remote]") {
  int pipe_fds[2];
  REQUIRE(pipe2(pipe_fds, O_CLOEXEC) == 0);
  UniqueFd read_end(pipe_fds[0]), write_end(pipe_fds[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDOUT_FILENO);
  char program[] = "/proc/self/exe", role[] = "fake-engine-parent";
  char* argv[] = {program, role, nullptr};
  pid_t parent = -1;
  REQUIRE(posix_spawn(&parent, program, &actions, nullptr, argv, environ) == 0);
  posix_spawn_file_actions_destroy(&actions);
  write_end.reset();
  std::string line;
  for (char c = 0; read(read_end.get(), &c, 1) == 1 && c != '\n';) line += c;
  const int worker = std::atoi(line.c_str());
  REQUIRE(worker > 0);
  REQUIRE(kill(worker, 0) == 0);
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
  // An orphan is reaped by whoever adopts it; until then it is a zombie.
  CHECK(eventually([&] {
    std::ifstream stat("/proc/" + line + "/stat");
    std::string text;
    std::getline(stat, text);
    return text.empty() || text.find(") Z ") != std::string::npos;
  }));
}
