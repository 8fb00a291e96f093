// The scheduler as a whole, over a backend whose logits give away every wrong page, row and state.
#include <atomic>
#include <thread>

#include "tests/engine/run/fixture.h"

using namespace wright;
using namespace wright::test;

TEST_CASE("run: alone, in a batch, in chunks and behind a shared prefix the ids are those of plain decoding", "[run]") {
  const bool recurrent = GENERATE(false, true);
  const int max_rows = GENERATE(64, 256);
  CAPTURE(recurrent, max_rows);
  FakeEngine fake({.recurrent = recurrent, .max_rows = max_rows});
  std::vector<GenerateRequest> requests;
  const auto shared = some_tokens(150, 1);
  for (unsigned i = 0; i < 12; ++i) {
    auto prompt = i % 2 ? shared : some_tokens(1 + 37 * i, 100 + i);
    for (const TokenId id : some_tokens(i, i)) prompt.push_back(id);
    if (prompt.empty()) prompt.push_back('x');
    requests.push_back(request_for(prompt, 5 + static_cast<int>(i)));
    requests.back().priority = static_cast<Priority>(i % 3);
  }
  for (int round = 0; round < 2; ++round) {
    Crowd crowd(*fake.engine);
    for (const auto& r : requests) crowd.submit(r);
    crowd.wait();
    for (std::size_t i = 0; i < requests.size(); ++i) {
      CAPTURE(round, i);
      CHECK(crowd.answers[i]->last.finish == Finish::length);
      CHECK(crowd.answers[i]->ids == expected(requests[i], fake.options));
    }
  }
  for (const auto& r : requests) CHECK(fake.run(r).ids == expected(r, fake.options));
  fake.check();
}

TEST_CASE("run: a prefix is read once: whole pages, a part of a page, a fork, a longer reply", "[run]") {
  FakeEngine fake({});
  const auto first = request_for(some_tokens(200, 1), 30);
  const auto one = fake.run(first);
  CHECK(one.usage.cached_tokens == 0);
  CHECK(fake.run(first).usage.cached_tokens == 199);  // the last token's logits are needed
  // The conversation goes on: prompt, reply and a new message; the last sampled token was never read.
  auto next = first.prompt;
  next.insert(next.end(), one.ids.begin(), one.ids.end());
  next.push_back('?');
  const auto two = fake.run(request_for(next));
  CHECK(two.usage.cached_tokens == 229);
  CHECK(two.ids == expected(request_for(next), fake.options));
  // A fork in the middle of a page.
  auto fork = first.prompt;
  fork.resize(100);
  fork.push_back('!');
  const auto three = fake.run(request_for(fork));
  CHECK(three.usage.cached_tokens == 100);
  CHECK(three.ids == expected(request_for(fork), fake.options));
  CHECK(fake.run(first).ids == one.ids);  // the fork wrote its own copy
  CHECK(fake.engine->stats().reread_tokens == 0);
}

TEST_CASE("run: recurrent models go on from snapshots", "[run]") {
  FakeEngine fake({.recurrent = true});
  const auto first = request_for(some_tokens(200, 1), 30);
  const auto one = fake.run(first);
  CHECK(fake.run(first).usage.cached_tokens == 192);  // the last page boundary
  auto next = first.prompt;
  next.insert(next.end(), one.ids.begin(), one.ids.end());
  next.push_back('?');
  const auto two = fake.run(request_for(next));
  CHECK(two.usage.cached_tokens == 229);  // where the reply ended
  CHECK(two.ids == expected(request_for(next), fake.options));
}

TEST_CASE("run: requests that arrive together read a common prefix once", "[run]") {
  FakeEngine fake({.max_rows = 64});
  Crowd crowd(*fake.engine);
  const auto shared = some_tokens(640, 3);
  for (TokenId i = 0; i < 8; ++i) {
    auto prompt = shared;
    prompt.push_back('0' + i);
    crowd.submit(request_for(prompt, 2));
  }
  crowd.wait();
  CHECK(fake.backend->rows < 640 + 8 * 64);
  fake.check();
}

TEST_CASE("run: a spent cache budget evicts, queues and preempts; replies stay right", "[run]") {
  const bool recurrent = GENERATE(false, true);
  const std::size_t pages = GENERATE(std::size_t{7}, std::size_t{12});
  CAPTURE(recurrent, pages);
  FakeEngine fake({.recurrent = recurrent}, pages);
  std::vector<GenerateRequest> requests;
  for (unsigned i = 0; i < 20; ++i) {
    requests.push_back(request_for(some_tokens(40 + 11 * i, i), 30));
    requests.back().priority = i % 2 ? Priority::turn : Priority::search;
  }
  Crowd crowd(*fake.engine);
  for (const auto& r : requests) crowd.submit(r);
  crowd.wait();
  for (std::size_t i = 0; i < requests.size(); ++i) {
    CAPTURE(i, crowd.answers[i]->last.error.text());
    CHECK(crowd.answers[i]->ids == expected(requests[i], fake.options));
  }
  CHECK(fake.engine->stats().kv_bytes <= pages << 20);
  fake.check();
}

TEST_CASE("run: what cannot be run is refused with a reason", "[run]") {
  FakeEngine fake({}, 3, true, 500);
  const auto error_of = [&](GenerateRequest r) {
    auto out = generate(*fake.engine, Context(), std::move(r));
    return out.ok() ? Error{ErrorKind::failed, "it ran", ""} : out.error();
  };
  struct Row { GenerateRequest request; ErrorKind kind; const char* says; };
  auto negative = request_for({1}, -1);
  auto nan = request_for({1});
  nan.sampling.temperature = std::nanf("");
  auto both = request_for({1});
  both.schema = std::make_shared<const Json>();
  both.choices = {"a"};
  const Row rows[] = {
      {request_for({}), ErrorKind::usage, "no tokens"},
      {request_for({1, 999}), ErrorKind::usage, "prompt [1]: id 999 is outside the vocabulary of 261"},
      {request_for({-1}), ErrorKind::usage, "outside the vocabulary"},
      {request_for(some_tokens(500, 1)), ErrorKind::limit, "longer than the context of 500"},
      {request_for(some_tokens(300, 1)), ErrorKind::limit, "cache budget of 3 MiB"},
      {negative, ErrorKind::usage, "max_tokens -1"},
      {nan, ErrorKind::usage, "not finite"},
      {both, ErrorKind::usage, "not both"},
  };
  for (const Row& row : rows) {
    const Error error = error_of(row.request);
    CHECK(error.kind == row.kind);
    CHECK_THAT(error.message, Catch::Contains(row.says));
  }
  // A reply that outgrows the memory ends with an error too, and the engine goes on.
  CHECK_THAT(error_of(request_for(some_tokens(100, 1), 300)).message, Catch::Contains("budget"));
  CHECK(fake.run(request_for(some_tokens(100, 2))).ids.size() == 12);
  // The reply is cut to the context.
  FakeEngine roomy({}, 4096, true, 120);
  const auto cut = roomy.run(request_for(some_tokens(100, 1), 300));
  CHECK(cut.ids.size() == 20);
  CHECK(cut.finish == Finish::length);
}

TEST_CASE("run: cancel ends a request in the middle of a pass, its batch mates go on", "[run]") {
  const bool recurrent = GENERATE(false, true);
  FakeEngine fake({.recurrent = recurrent});
  std::atomic<bool> inside{false}, block{false};
  fake.backend->before_run = [&](const Context& context, const Pass&) -> Result<void> {
    if (!block) return {};
    inside = true;
    while (!context.done()) std::this_thread::yield();
    block = false;
    return context.check();
  };
  const auto mate = request_for(some_tokens(90, 5), 40);
  block = true;
  Crowd crowd(*fake.engine);
  crowd.submit(request_for(some_tokens(80, 4), 1000));
  crowd.submit(mate);
  while (!inside) std::this_thread::yield();
  fake.engine->cancel(crowd.answers[0]->id);
  fake.engine->cancel(987654);  // unknown: ignored
  crowd.wait();
  CHECK(crowd.answers[0]->last.finish == Finish::cancelled);
  CHECK(crowd.answers[1]->ids == expected(mate, fake.options));
  // The blocking helper hands its context's cancellation on.
  Context context;
  block = true;
  inside = false;
  std::thread canceller([&] {
    while (!inside) std::this_thread::yield();
    context.cancel();
  });
  const auto out = generate(*fake.engine, context, request_for(some_tokens(80, 6), 1000));
  canceller.join();
  REQUIRE(!out.ok());
  CHECK(out.error().kind == ErrorKind::cancelled);
  fake.check();
}

TEST_CASE("run: an engine that goes away ends its requests as cancelled", "[run]") {
  std::atomic<int> cancelled{0};
  {
    FakeEngine fake({});
    for (unsigned i = 0; i < 5; ++i)
      fake.engine->submit(request_for(some_tokens(70, i), 3000), [&](const GenerateEvent& event) {
        if (event.done && event.finish == Finish::cancelled) ++cancelled;
      });
    fake.engine->score({{1}, {{1, {{2}}}}, Priority::search}, [&](Result<ScoreReply> reply) {
      if (!reply.ok() && reply.error().kind == ErrorKind::cancelled) ++cancelled;
    });
  }
  CHECK(cancelled == 6);
}

TEST_CASE("run: keystrokes overtake turns, turns overtake searches", "[run]") {
  FakeEngine fake({.max_rows = 64});
  std::atomic<bool> go{false};
  fake.backend->before_run = [&](const Context&, const Pass&) -> Result<void> {
    while (!go) std::this_thread::yield();
    return {};
  };
  Crowd crowd(*fake.engine);
  for (const auto priority : {Priority::search, Priority::search, Priority::turn, Priority::keystroke}) {
    auto r = request_for(some_tokens(400, 10 + static_cast<unsigned>(crowd.answers.size())), 4);
    r.priority = priority;
    crowd.submit(r);
  }
  go = true;
  crowd.wait();
  CHECK(crowd.finished == std::vector<std::size_t>{3, 2, 0, 1});
}

TEST_CASE("run: a failing pass fails its requests, not the engine", "[run]") {
  FakeEngine fake({});
  std::atomic<int> failures{1};
  fake.backend->before_run = [&](const Context&, const Pass&) -> Result<void> {
    if (failures-- > 0) return Error{ErrorKind::model, "the device fell over", ""};
    return {};
  };
  const auto r = request_for(some_tokens(70, 1));
  const auto out = generate(*fake.engine, Context(), r);
  REQUIRE(!out.ok());
  CHECK(out.error().message == "the device fell over");
  CHECK(fake.run(r).ids == expected(r, fake.options));
}

TEST_CASE("run: sampling depends on the seed alone", "[run]") {
  FakeEngine fake({.order = 3});
  auto r = request_for(some_tokens(80, 1), 40);
  r.sampling.temperature = 0.9f;
  r.sampling.top_k = 40;
  r.sampling.top_p = 0.95f;
  r.sampling.repeat_penalty = 1.1f;
  r.sampling.seed = 7;
  const auto want = expected(r, fake.options);
  Crowd crowd(*fake.engine);
  for (unsigned i = 0; i < 4; ++i) crowd.submit(request_for(some_tokens(60, 50 + i), 40));
  crowd.submit(r);
  crowd.wait();
  CHECK(crowd.answers[4]->ids == want);
  CHECK(fake.run(r).ids == want);
  r.sampling.seed = 8;
  CHECK(fake.run(r).ids != want);
}

TEST_CASE("run: drafts change the number of passes and nothing else", "[run]") {
  const bool recurrent = GENERATE(false, true);
  const float temperature = GENERATE(0.0f, 0.3f);
  CAPTURE(recurrent, temperature);
  // One token of history: greedy text runs in circles soon, which drafts find.
  const FakeOptions options{.order = 1, .recurrent = recurrent};
  FakeEngine with(options), without(options, 4096, false);
  // A pass costs the same whatever its rows, as weights read from memory do: drafts pay.
  with.backend->before_run = [](const Context&, const Pass&) -> Result<void> {
    std::this_thread::sleep_for(std::chrono::microseconds(300));
    return {};
  };
  auto r = request_for(some_tokens(100, 2), 300);
  r.sampling.temperature = temperature;
  r.sampling.logprobs = 2;
  const auto a = with.run(r), b = without.run(r);
  CHECK(a.ids == expected(r, options));
  CHECK(b.ids == a.ids);
  REQUIRE(a.logprobs.size() == a.ids.size());
  for (std::size_t i = 0; i < a.ids.size(); ++i) {
    CHECK(a.logprobs[i].id == a.ids[i]);
    CHECK(a.logprobs[i].logprob == b.logprobs[i].logprob);
    CHECK(a.logprobs[i].top.size() == 2);
  }
  CHECK(without.backend->passes >= 300);
  if (temperature == 0.0f) CHECK(with.backend->passes < without.backend->passes);
  // Hints are drafted from as well: the very reply, given as a text that may be copied.
  auto hinted = request_for(some_tokens(100, 3), 200);
  hinted.drafts = {expected(hinted, options)};
  CHECK(with.run(hinted).ids == hinted.drafts[0]);
}

TEST_CASE("run: stops across tokens, ends, max_tokens 0", "[run]") {
  FakeEngine fake({});
  const auto r = request_for(some_tokens(50, 9), 40);
  const auto whole = fake.run(r);
  REQUIRE(whole.ids.size() == 40);
  const std::string text = fake_tokenizer()->decode(whole.ids);
  auto stopped = r;
  stopped.stops = {"never seen", text.substr(20, 3)};
  const auto cut = fake.run(stopped);
  CHECK(cut.finish == Finish::stop);
  CHECK(cut.text == text.substr(0, text.find(text.substr(20, 3))));
  CHECK(fake_tokenizer()->decode(cut.ids) == cut.text);
  auto bias = r;
  bias.ignore_end = false;
  bias.sampling.logit_bias = {{256, 100.0f}};
  const auto ended = fake.run(bias);
  CHECK(ended.finish == Finish::stop);
  CHECK(ended.ids.empty());
  auto warm = request_for(some_tokens(150, 77), 0);
  const auto nothing = fake.run(warm);
  CHECK(nothing.finish == Finish::length);
  CHECK(nothing.ids.empty());
  CHECK(fake.run(request_for(warm.prompt, 3)).usage.cached_tokens == 149);
}

TEST_CASE("run: keep_cache false leaves nothing behind", "[run]") {
  FakeEngine fake({});
  auto r = request_for(some_tokens(200, 1));
  r.keep_cache = false;
  fake.run(r);
  CHECK(fake.run(r).usage.cached_tokens == 0);
  CHECK(fake.engine->stats().cached_tokens == 0);
}
