// The reference backend on toy models: chunks, batches, trees, states, cancellation and bad passes.
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "engine/backends/backend.h"
#include "tests/support/toy_model.h"

using namespace wright;
using namespace wright::engine;

namespace {

struct Sequence {
  std::vector<PageId> pages;
  std::int32_t past = 0;
  StateSlot state = -1;
};

BackendOptions exact_options(int threads = 1) {
  BackendOptions options;
  options.exact = true;
  options.threads = threads;
  return options;
}

struct Runner {
  explicit Runner(const test::ToyModel& model, BackendOptions options = exact_options()) : vocab(model.ops->n_vocab) {
    auto made = make_reference_backend(model.ops, model.weights, options);
    REQUIRE(made.ok());
    backend = std::move(*made);
  }
  Sequence open() {
    Sequence s;
    if (backend->state_bytes() > 0) s.state = *backend->alloc_state();
    return s;
  }
  void reserve(Sequence& s, std::int32_t tokens) {
    while (static_cast<std::int32_t>(s.pages.size() * 64) < tokens) s.pages.push_back(*backend->alloc_page());
  }
  // Logits of every row.
  std::vector<float> feed(Sequence& s, const std::vector<TokenId>& ids, const std::vector<std::int32_t>& parents = {}) {
    reserve(s, s.past + static_cast<std::int32_t>(ids.size()));
    const PassSequence sequence{s.pages, s.past, static_cast<std::int32_t>(ids.size()), s.state, parents};
    auto logits = run(ids, {&sequence, 1});
    if (parents.empty()) s.past += sequence.n_new;
    return logits;
  }
  std::vector<float> run(const std::vector<TokenId>& ids, std::span<const PassSequence> sequences) {
    std::vector<std::int32_t> outputs(ids.size());
    std::iota(outputs.begin(), outputs.end(), 0);
    std::vector<float> logits(ids.size() * static_cast<std::size_t>(vocab));
    const auto done = backend->run(Context(), {ids, sequences, outputs, logits.data()});
    if (!done) FAIL(done.error().text());
    return logits;
  }
  std::unique_ptr<Backend> backend;
  int vocab;
};

std::vector<TokenId> some_ids(int n, int salt = 0) {
  std::vector<TokenId> ids;
  for (int i = 0; i < n; ++i) ids.push_back((i * 31 + i * i * 7 + salt * 13) % test::kToyVocab);
  return ids;
}

std::vector<float> rows_of(const std::vector<float>& logits, std::size_t from, std::size_t n) {
  const auto vocab = static_cast<std::ptrdiff_t>(test::kToyVocab);
  return {logits.begin() + static_cast<std::ptrdiff_t>(from) * vocab, logits.begin() + static_cast<std::ptrdiff_t>(from + n) * vocab};
}

}  // namespace

TEST_CASE("backends/reference: chunks, single steps, batch mates and threads leave every bit alone") {
  for (const auto& model : {test::toy_hybrid(), test::toy_attention()}) {
    INFO(model.ops->architecture);
    const auto ids = some_ids(150);
    Runner whole(model);
    auto s = whole.open();
    const auto expected = whole.feed(s, ids);
    for (const float v : expected) REQUIRE(std::isfinite(v));
    for (const std::size_t chunk : {std::size_t{1}, std::size_t{7}, std::size_t{64}}) {
      Runner parts(model, exact_options(3));
      auto t = parts.open();
      std::vector<float> got;
      for (std::size_t at = 0; at < ids.size(); at += chunk) {
        const auto end = std::min(ids.size(), at + chunk);
        const auto some = parts.feed(t, {ids.begin() + static_cast<std::ptrdiff_t>(at), ids.begin() + static_cast<std::ptrdiff_t>(end)});
        got.insert(got.end(), some.begin(), some.end());
      }
      CHECK(got == expected);
    }
    Runner both(model);
    auto a = both.open(), b = both.open();
    const auto other = some_ids(40, 5);
    both.reserve(a, 150);
    both.reserve(b, 40);
    std::vector<TokenId> joined = other;
    joined.insert(joined.end(), ids.begin(), ids.end());
    const PassSequence sequences[] = {{b.pages, 0, 40, b.state, {}}, {a.pages, 0, 150, a.state, {}}};
    CHECK(rows_of(both.run(joined, sequences), 40, 150) == expected);
  }
}

TEST_CASE("backends/reference: a tree of rows gives each branch what a plain run gives") {
  const auto model = test::toy_attention();
  const auto prefix = some_ids(70);
  //        0 - 1 - 3
  //          \ 2 - 4      5 hangs on the prefix itself
  const std::vector<TokenId> tree{5, 6, 7, 8, 9, 10};
  const std::vector<std::int32_t> parents{-1, 0, 0, 1, 2, -1};
  Runner runner(model);
  auto s = runner.open();
  runner.feed(s, prefix);
  const auto got = runner.feed(s, tree, parents);
  const std::vector<std::vector<std::size_t>> paths{{0, 1, 3}, {0, 2, 4}, {5}};
  for (const auto& path : paths) {
    auto ids = prefix;
    for (const auto row : path) ids.push_back(tree[row]);
    Runner plain(model);
    auto t = plain.open();
    const auto expected = plain.feed(t, ids);
    for (std::size_t i = 0; i < path.size(); ++i) CHECK(rows_of(got, path[i], 1) == rows_of(expected, prefix.size() + i, 1));
  }
  // The tree left the pages alone: the sequence goes on as if it had not been.
  const auto after = runner.feed(s, {11});
  auto ids = prefix;
  ids.push_back(11);
  Runner plain(model);
  auto t = plain.open();
  CHECK(after == rows_of(plain.feed(t, ids), prefix.size(), 1));
}

TEST_CASE("backends/reference: copied pages and states fork a sequence") {
  const auto model = test::toy_hybrid();
  const auto ids = some_ids(100);
  Runner runner(model);
  auto a = runner.open();
  runner.feed(a, ids);
  auto b = runner.open();
  runner.reserve(b, 100);
  for (std::size_t i = 0; i < a.pages.size(); ++i) runner.backend->copy_page(a.pages[i], b.pages[i]);
  runner.backend->copy_state(a.state, b.state);
  b.past = a.past;
  const auto in_b = runner.feed(b, {3, 4, 5});
  CHECK(runner.feed(a, {3, 4, 5}) == in_b);
  CHECK(runner.backend->pages_in_use() == a.pages.size() + b.pages.size());
  for (const PageId page : b.pages) runner.backend->free_page(page);
  CHECK(runner.backend->pages_in_use() == a.pages.size());
}

TEST_CASE("backends/reference: pages before the window may be gone when every layer slides") {
  auto model = test::toy_attention();
  auto ops = *model.ops;  // all caches slide
  for (auto& cache : ops.caches) cache.kind = CacheSpec::Kind::window, cache.window = test::kToyWindow;
  for (auto& op : ops.ops)
    if (op.kind == OpKind::attend) std::get<AttendParams>(op.params).window = test::kToyWindow;
  model.ops = std::make_shared<const OpList>(ops);
  const auto ids = some_ids(140);
  Runner whole(model), dropped(model);
  auto s = whole.open(), t = dropped.open();
  whole.feed(s, ids);
  dropped.feed(t, ids);
  dropped.backend->free_page(t.pages[0]);
  t.pages[0] = -1;
  CHECK(dropped.feed(t, {1, 2}) == whole.feed(s, {1, 2}));
}

TEST_CASE("backends/reference: a cancelled pass leaves the sequence where it was") {
  const auto model = test::toy_hybrid();
  Runner runner(model);
  auto s = runner.open(), twin = runner.open();
  const auto ids = some_ids(30);
  runner.feed(s, ids);
  runner.feed(twin, ids);
  const Context context;
  context.cancel();
  const std::vector<TokenId> more{1, 2, 3};
  std::vector<float> logits(static_cast<std::size_t>(runner.vocab));
  const std::vector<std::int32_t> outputs{2};
  const PassSequence sequence{s.pages, s.past, 3, s.state, {}};
  const auto stopped = runner.backend->run(context, {more, {&sequence, 1}, outputs, logits.data()});
  REQUIRE(!stopped.ok());
  CHECK(stopped.error().kind == ErrorKind::cancelled);
  CHECK(runner.feed(s, {9, 8}) == runner.feed(twin, {9, 8}));
}

TEST_CASE("backends/reference: narrow caches change little, and f32 under exact is kept") {
  const auto model = test::toy_attention();
  const auto ids = some_ids(90);
  Runner exact(model);
  auto s = exact.open();
  const auto expected = exact.feed(s, ids);
  CHECK(exact.backend->kv() == KvType::f32);
  struct Case { KvType type; float tolerance; };
  for (const Case c : {Case{KvType::f32, 0.0f}, {KvType::f16, 0.02f}, {KvType::bf16, 0.15f}, {KvType::q8_0, 0.3f}}) {
    BackendOptions options;
    options.kv = c.type;
    Runner narrow(model, options);
    auto t = narrow.open();
    const auto got = narrow.feed(t, ids);
    float worst = 0.0f;
    for (std::size_t i = 0; i < got.size(); ++i) worst = std::max(worst, std::fabs(got[i] - expected[i]));
    INFO(static_cast<int>(c.type) << " " << worst);
    CHECK(worst <= c.tolerance);
    CHECK((c.type == KvType::f32) == (worst == 0.0f));
  }
}

TEST_CASE("backends/reference: a bad pass is an error that says why") {
  const auto model = test::toy_hybrid();
  Runner runner(model);
  auto s = runner.open();
  runner.reserve(s, 10);
  const std::vector<TokenId> ids{1, 2}, outside{1, test::kToyVocab};
  const std::vector<std::int32_t> none, parents{-1, 0}, cycle{1, 0};
  const std::vector<PageId> no_pages, wrong_pages{77};
  struct Case { const std::vector<TokenId>& ids; PassSequence sequence; const char* part; };
  const Case cases[] = {
      {outside, {s.pages, 0, 2, s.state, {}}, "token id 97 is outside the vocabulary of 97"},
      {ids, {no_pages, 0, 2, s.state, {}}, "0 pages for 2 tokens"},
      {ids, {wrong_pages, 0, 2, s.state, {}}, "page 77 is not allocated"},
      {ids, {s.pages, 0, 2, -1, {}}, "state -1 is not allocated"},
      {ids, {s.pages, 0, 3, s.state, {}}, "2 tokens, the sequences have 3 rows"},
      {ids, {s.pages, 0, 2, s.state, parents}, "without recurrent layers"},
      {ids, {s.pages, 0, 2, s.state, cycle}, "row 0 follows row 1"},
  };
  for (const Case& c : cases) {
    const auto done = runner.backend->run(Context(), {c.ids, {&c.sequence, 1}, none, nullptr});
    REQUIRE(!done.ok());
    INFO(done.error().text());
    CHECK(done.error().message.find(c.part) != std::string::npos);
  }
  BackendOptions options;
  options.exact = true;
  options.isa = "avx2";
  CHECK(make_reference_backend(model.ops, model.weights, options).error().kind == ErrorKind::usage);
}
