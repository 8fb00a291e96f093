// The CPU backend on toy models of every cache kind: against the scalar interpreter, and bit for bit against itself in
// other chunks, batches, trees and thread counts.
#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>
#include <numeric>

#include "engine/backends/backend.h"
#include "engine/backends/cpu/caches.h"
#include "engine/backends/cpu/isa.h"
#include "engine/backends/cpu/logprobs.h"
#include "tests/engine/backends/feed.h"
#include "tests/support/toy_model.h"

using namespace wright;
using namespace wright::engine;

namespace {

std::vector<TokenId> tokens(int n, int seed = 1) {
  std::vector<TokenId> t;
  for (int i = 0; i < n; ++i) t.push_back((i * 31 + seed * 17 + i * i % 7) % test::kToyVocab);
  return t;
}

std::unique_ptr<Backend> open(const test::ToyModel& model, const std::string& isa = "auto", int threads = 2, KvType kv = KvType::f16) {
  BackendOptions o;
  o.isa = isa;
  o.threads = threads;
  o.kv = kv;
  auto b = make_cpu_backend(model.ops, model.weights, o);
  REQUIRE(b.ok());
  return std::move(*b);
}

struct Feed : test::Feed {
  explicit Feed(Backend& b) : test::Feed{b, test::kToyVocab} {}
};

bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}
double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, static_cast<double>(std::fabs(a[i] - b[i])));
  return most;
}
std::span<const float> row(const std::vector<float>& logits, std::size_t i) {
  return std::span(logits).subspan(i * test::kToyVocab, test::kToyVocab);
}

}  // namespace

TEST_CASE("cpu backend: agrees with the interpreter on every instruction set", "[cpu]") {
  for (const auto& model : {test::toy_hybrid(), test::toy_attention()}) {
    BackendOptions exact;
    exact.exact = true;
    auto reference = make_cpu_backend(model.ops, model.weights, exact);
    REQUIRE(reference.ok());
    const auto ids = tokens(150);
    const auto want = Feed{**reference}.run_in_chunks(ids, 50);
    for (const cpu::Kernels* k : cpu::supported_kernels()) {
      auto fast = open(model, k->isa, 2, KvType::f32);
      REQUIRE(largest_difference(Feed{*fast}.run(ids), want) < 2e-3);
      auto half = open(model, k->isa, 2, KvType::f16);
      REQUIRE(largest_difference(Feed{*half}.run(ids), want) < 0.05);
    }
  }
}

TEST_CASE("cpu backend: keys and values in q8_0 are those of the interpreter", "[cpu]") {
  const auto model = test::toy_attention();
  BackendOptions options;
  options.kv = KvType::q8_0;
  auto reference = make_reference_backend(model.ops, model.weights, options);
  REQUIRE(reference.ok());
  const auto ids = tokens(150);
  const auto want = Feed{**reference}.run_in_chunks(ids, 50);
  for (const cpu::Kernels* k : cpu::supported_kernels()) {
    auto bytes = open(model, k->isa, 2, KvType::q8_0), half = open(model, k->isa, 2, KvType::f16);
    Feed feed{*bytes}, plain{*half};
    const auto got = feed.run(ids);
    INFO(k->name);
    REQUIRE(largest_difference(got, want) < 0.05);
    REQUIRE(!same_bits(got, plain.run(ids)));
    Feed again{*bytes};
    REQUIRE(same_bits(again.run_in_chunks(ids, 7), got));
    REQUIRE(bytes->page_bytes() < half->page_bytes() * 17 / 32 + 128);
  }
  OpList narrow;
  narrow.caches.resize(1);
  narrow.caches[0].kv_heads = 1;
  narrow.caches[0].key_dim = narrow.caches[0].value_dim = 40;
  REQUIRE(cpu::Caches::create(narrow, cpu::KvKind::f16, 0).ok());
  const auto refused = cpu::Caches::create(narrow, cpu::KvKind::q8_0, 0);
  REQUIRE(!refused.ok());
  REQUIRE_THAT(refused.error().message, Catch::Contains("multiple of 32"));
}

TEST_CASE("cpu backend: bits do not depend on chunks, batch mates or threads", "[cpu]") {
  const auto model = test::toy_hybrid();
  const auto ids = tokens(600);
  for (const cpu::Kernels* k : cpu::supported_kernels()) {
    auto backend = open(model, k->isa, 2);
    std::vector<float> want;
    for (const std::size_t chunk : {512u, 64u, 63u, 1u, 7u}) {
      Feed feed{*backend};
      const auto got = feed.run_in_chunks(ids, chunk);
      if (want.empty()) want = got;
      INFO(k->name << " chunk " << chunk);
      REQUIRE(same_bits(got, want));
      feed.free();
    }
    for (const int threads : {1, 3}) {
      auto other = open(model, k->isa, threads);
      REQUIRE(same_bits(Feed{*other}.run_in_chunks(ids, 256), want));
    }
    // Beside two other sequences of other lengths.
    Feed mine{*backend}, a{*backend}, b{*backend};
    mine.run_in_chunks({ids.begin(), ids.begin() + 570}, 190);
    a.run_in_chunks(tokens(100, 2), 100);
    const auto joined_ids = [&](int from) {
      std::vector<TokenId> all = tokens(9, 3);
      all.insert(all.end(), ids.begin() + from, ids.begin() + from + 10);
      const auto tail = tokens(20, 4);
      all.insert(all.end(), tail.begin(), tail.end());
      return all;
    };
    for (int from = 570; from < 600; from += 10) {
      const auto all = joined_ids(from);
      const PassSequence s[] = {a.next(9), mine.next(10), b.next(20)};
      std::vector<std::int32_t> outputs(10);
      std::iota(outputs.begin(), outputs.end(), 9);
      std::vector<float> logits(10 * test::kToyVocab);
      REQUIRE(backend->run(Context(), {all, s, outputs, logits.data()}).ok());
      a.past += 9, mine.past += 10, b.past += 20;
      REQUIRE(same_bits(logits, std::span(want).subspan(static_cast<std::size_t>(from) * test::kToyVocab, logits.size())));
    }
  }
}

TEST_CASE("cpu backend: tree rows have the bits of plain rows", "[cpu]") {
  const auto model = test::toy_attention();
  // Prefixes that end inside a page, at its edge, and just before a KV split ends, so that branches cross it.
  for (const int past : {1, 20, 64, 127, 505}) {
    for (const cpu::Kernels* k : cpu::supported_kernels()) {
      auto backend = open(model, k->isa, 2);
      Feed prefix{*backend};
      const auto ids = tokens(past);
      prefix.run(ids);
      // A trie: 40 branches of up to 12 tokens; every third branch forks off the middle of the one before.
      std::vector<TokenId> rows;
      std::vector<std::int32_t> parents;
      std::vector<std::vector<std::size_t>> paths;
      for (int branch = 0; branch < 40; ++branch) {
        std::vector<std::size_t> path;
        if (branch % 3 == 2) path.assign(paths.back().begin(), paths.back().begin() + static_cast<std::ptrdiff_t>(paths.back().size() / 2));
        const auto length = static_cast<std::size_t>(1 + branch * 5 % 12);
        while (path.size() < length) {
          parents.push_back(path.empty() ? -1 : static_cast<std::int32_t>(path.back()));
          path.push_back(rows.size());
          rows.push_back(static_cast<TokenId>((rows.size() * 13 + static_cast<std::size_t>(branch)) % test::kToyVocab));
        }
        paths.push_back(path);
      }
      std::vector<std::int32_t> outputs(rows.size());
      std::iota(outputs.begin(), outputs.end(), 0);
      std::vector<float> tree(rows.size() * test::kToyVocab);
      const PassSequence s{prefix.pages, past, static_cast<std::int32_t>(rows.size()), -1, parents};
      REQUIRE(backend->run(Context(), {rows, {&s, 1}, outputs, tree.data()}).ok());
      for (std::size_t i = 0; i < paths.size(); i += 7) {
        Feed plain{*backend};
        plain.run(ids);
        std::vector<TokenId> branch;
        for (const std::size_t r : paths[i]) branch.push_back(rows[r]);
        const auto want = plain.run(branch);
        INFO(k->name << " past " << past << " branch " << i);
        for (std::size_t t = 0; t < branch.size(); ++t) REQUIRE(same_bits(row(tree, paths[i][t]), row(want, t)));
      }
      // The prefix is as it was.
      const auto more = tokens(5, 9);
      Feed fresh{*backend};
      fresh.run(ids);
      REQUIRE(same_bits(prefix.run(more), fresh.run(more)));
    }
  }
}

TEST_CASE("cpu backend: asked log-probabilities are those of the logits, bit for bit", "[cpu]") {
  const auto model = test::toy_attention();
  const auto ids = tokens(130);
  BackendOptions exact;
  exact.exact = true;
  auto reference = make_cpu_backend(model.ops, model.weights, exact);
  REQUIRE(reference.ok());
  const auto truth = Feed{**reference}.run(ids);
  for (const cpu::Kernels* k : cpu::supported_kernels())
    for (const int threads : {1, 2}) {
      auto backend = open(model, k->isa, threads, KvType::f32);
      const auto logits = Feed{*backend}.run(ids);
      // Some rows for logits, some asked, one both; different numbers of ids, none among them.
      const std::vector<std::int32_t> outputs{3, 40, 129};
      std::vector<AskedRow> asked;
      std::vector<TokenId> asked_ids;
      for (int row = 0; row < 130; row += 1 + row % 3) {
        asked.push_back({row, row % 5});
        for (int i = 0; i < row % 5; ++i) asked_ids.push_back((row * 7 + i * 101) % test::kToyVocab);
      }
      Feed feed{*backend};
      const PassSequence s = feed.next(130);
      std::vector<float> some(outputs.size() * test::kToyVocab), logprobs(asked_ids.size(), 777.0f);
      REQUIRE(backend->run(Context(), {ids, {&s, 1}, outputs, some.data(), asked, asked_ids, logprobs.data()}).ok());
      for (std::size_t i = 0; i < outputs.size(); ++i)
        REQUIRE(same_bits(row(some, i), row(logits, static_cast<std::size_t>(outputs[i]))));
      std::size_t at = 0;
      for (const AskedRow& a : asked) {
        const auto own = row(logits, static_cast<std::size_t>(a.row)), want = row(truth, static_cast<std::size_t>(a.row));
        double total = 0;
        for (const float x : want) total += std::exp(static_cast<double>(x));
        for (int i = 0; i < a.n; ++i, ++at) {
          const auto id = static_cast<std::size_t>(asked_ids[at]);
          INFO(k->name << " row " << a.row << " id " << id);
          REQUIRE(logprobs[at] == own[id] - cpu::log_sum_exp(*k, own));
          REQUIRE(logprobs[at] == Approx(want[id] - std::log(total)).margin(5e-3));
        }
      }
    }
}

TEST_CASE("cpu backend: a cancelled pass leaves recurrent states as they were", "[cpu]") {
  const auto model = test::toy_hybrid();
  auto backend = open(model);
  Feed feed{*backend}, twin{*backend};
  const auto ids = tokens(30), more = tokens(5, 2);
  feed.run(ids);
  twin.run(ids);
  Context context;
  context.cancel();
  const PassSequence s = feed.next(5);
  const auto result = backend->run(context, {more, {&s, 1}, {}, nullptr});
  REQUIRE(!result.ok());
  REQUIRE(result.error().kind == ErrorKind::cancelled);
  REQUIRE(same_bits(feed.run(more), twin.run(more)));
}

TEST_CASE("cpu backend: pages and states are copied, freed and bounded", "[cpu]") {
  const auto model = test::toy_hybrid();
  BackendOptions o;
  o.page_capacity = 3;
  o.threads = 1;
  auto made = make_cpu_backend(model.ops, model.weights, o);
  REQUIRE(made.ok());
  Backend& backend = **made;
  Feed feed{backend};
  const auto ids = tokens(50), more = tokens(3, 5);
  feed.run(ids);
  Feed fork{backend};
  fork.pages = {*backend.alloc_page()};
  fork.state = *backend.alloc_state();
  fork.past = feed.past;
  backend.copy_page(feed.pages[0], fork.pages[0]);
  backend.copy_state(feed.state, fork.state);
  REQUIRE(same_bits(feed.run(more), fork.run(more)));
  REQUIRE(backend.alloc_page().ok());
  const auto full = backend.alloc_page();
  REQUIRE(!full.ok());
  REQUIRE(full.error().kind == ErrorKind::limit);
  REQUIRE(backend.pages_in_use() == 3);
  backend.free_page(feed.pages[0]);
  REQUIRE(backend.pages_in_use() == 2);
  REQUIRE(backend.alloc_page().ok());
}

TEST_CASE("cpu backend: bad passes and options are refused", "[cpu]") {
  const auto model = test::toy_attention();
  auto backend = open(model);
  const PageId page = *backend->alloc_page();
  const std::vector<PageId> pages{page};
  const auto refused = [&](std::vector<TokenId> ids, PassSequence s, std::vector<std::int32_t> outputs = {}) {
    std::vector<float> logits(static_cast<std::size_t>(test::kToyVocab) * 8);
    const auto r = backend->run(Context(), {ids, {&s, 1}, outputs, logits.data()});
    return !r.ok() && r.error().kind == ErrorKind::usage;
  };
  const std::vector<std::int32_t> bad_parent{0};
  REQUIRE(refused({test::kToyVocab}, {pages, 0, 1, -1, {}}));
  REQUIRE(refused({-1}, {pages, 0, 1, -1, {}}));
  REQUIRE(refused({1, 2}, {pages, 0, 1, -1, {}}));
  REQUIRE(refused({1}, {pages, 64, 1, -1, {}}));
  REQUIRE(refused({1}, {pages, 3, 1, -1, bad_parent}));
  REQUIRE(refused({1}, {pages, 0, 1, -1, {}}, {1}));
  REQUIRE(refused(std::vector<TokenId>(static_cast<std::size_t>(backend->max_rows()) + 1, 1), {pages, 0, backend->max_rows() + 1, -1, {}}));
  const auto asked = [&](std::vector<AskedRow> rows, std::vector<TokenId> next, bool memory = true) {
    const std::vector<TokenId> two{1, 2};
    const PassSequence s{pages, 0, 2, -1, {}};
    std::vector<float> logprobs(8);
    const auto r = backend->run(Context(), {two, {&s, 1}, {}, nullptr, rows, next, memory ? logprobs.data() : nullptr});
    return r.ok() ? std::string("it ran") : r.error().message;
  };
  REQUIRE(asked({{0, 1}, {1, 1}}, {1, 2}) == "it ran");
  REQUIRE_THAT(asked({{1, 1}, {0, 1}}, {1, 2}), Catch::Contains("ascend"));
  REQUIRE_THAT(asked({{2, 1}}, {1}), Catch::Contains("ascend"));
  REQUIRE_THAT(asked({{0, 2}}, {1}), Catch::Contains("number of ids"));
  REQUIRE_THAT(asked({{0, 1}}, {test::kToyVocab}), Catch::Contains("outside the vocabulary"));
  REQUIRE_THAT(asked({{0, 1}}, {1}, false), Catch::Contains("no memory"));
  BackendOptions o;
  o.isa = "sse9";
  const auto unknown = make_cpu_backend(model.ops, model.weights, o);
  REQUIRE(!unknown.ok());
  REQUIRE(unknown.error().kind == ErrorKind::usage);
}
