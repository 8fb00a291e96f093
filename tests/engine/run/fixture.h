// An engine over the fake backend, and what it must answer, computed from the definition.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <random>

#include "engine/run/local_engine.h"
#include "engine/run/sampler.h"
#include "engine/run/softmax.h"
#include "tests/support/fake_backend.h"

namespace wright::test {

using namespace wright::engine;

struct FakeEngine {
  explicit FakeEngine(FakeOptions options, std::size_t cache_pages = 4096, bool drafts = true, int context = 4096) : options(options) {
    auto owned = std::make_unique<FakeBackend>(options);
    backend = owned.get();
    LocalEngineParts parts;
    parts.backend = std::move(owned);
    parts.tokenizer = fake_tokenizer();
    parts.info = {"fake", "fake", "fake", "fake", context, options.n_vocab, 1};
    parts.cache_bytes = cache_pages << 20;
    parts.allow_drafts = drafts;
    engine = make_local_engine(std::move(parts));
  }
  Generated run(GenerateRequest request) {
    auto out = generate(*engine, Context(), std::move(request));
    INFO((out.ok() ? "" : out.error().text()));
    REQUIRE(out.ok());
    check();
    return *out;
  }
  void check() {
    INFO(backend->first_fault);
    CHECK(backend->faults == 0);
  }
  const FakeOptions options;
  FakeBackend* backend;
  std::shared_ptr<Engine> engine;
};

inline std::vector<TokenId> some_tokens(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<TokenId> out(n);
  for (TokenId& id : out) id = static_cast<TokenId>('a' + random() % 26);
  return out;
}

inline GenerateRequest request_for(std::vector<TokenId> prompt, int max_tokens = 12) {
  GenerateRequest r;
  r.prompt = std::move(prompt);
  r.max_tokens = max_tokens;
  r.ignore_end = true;
  return r;
}

// Plain decoding, one token at a time.
inline std::vector<TokenId> expected(const GenerateRequest& r, const FakeOptions& options) {
  std::vector<TokenId> all = r.prompt;
  Sampler sampler(r.sampling);
  for (int i = 0; i < r.max_tokens; ++i) {
    const auto logits = FakeBackend::logits(all, options);
    all.push_back(sampler.choose(logits, all, static_cast<std::size_t>(i), nullptr)->id);
  }
  return {all.begin() + static_cast<std::ptrdiff_t>(r.prompt.size()), all.end()};
}

// Requests that run side by side: submit, then wait for all.
struct Crowd {
  explicit Crowd(Engine& engine) : engine(engine) {}
  void submit(GenerateRequest request) {
    auto answer = std::make_shared<Answer>();
    answers.push_back(answer);
    answer->id = engine.submit(std::move(request), [this, answer, n = answers.size() - 1](const GenerateEvent& event) {
      std::lock_guard lock(mutex);
      answer->ids.insert(answer->ids.end(), event.ids.begin(), event.ids.end());
      answer->text += event.bytes;
      if (!event.done) return;
      answer->last = event;
      finished.push_back(n);
      changed.notify_all();
    });
  }
  void wait() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return finished.size() == answers.size(); });
  }
  struct Answer {
    RequestId id = 0;
    std::vector<TokenId> ids;
    std::string text;
    GenerateEvent last;
  };
  Engine& engine;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::shared_ptr<Answer>> answers;
  std::vector<std::size_t> finished;  // in order
};

}  // namespace wright::test
