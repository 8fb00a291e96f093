// The scheduler's parts, one by one: sampler, softmax, stop filter, suffix index, radix tree, trie, grammar of a reply.
#include <nlohmann/json.hpp>

#include "engine/run/radix_tree.h"
#include "engine/run/reply_grammar.h"
#include "engine/run/stop_filter.h"
#include "engine/run/suffix_index.h"
#include "engine/run/token_trie.h"
#include "tests/engine/run/fixture.h"

using namespace wright;
using namespace wright::test;

TEST_CASE("run: log_sum_exp equals the sum in double precision", "[run]") {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0, 8);
  for (const std::size_t n : {1, 2, 7, 8, 9, 63, 64, 512, 513, 49152}) {
    std::vector<float> x(n);
    for (float& v : x) v = normal(random);
    double total = 0;
    for (const float v : x) total += std::exp(static_cast<double>(v));
    CHECK(static_cast<double>(log_sum_exp(x)) == Approx(std::log(total)).epsilon(1e-6));
    for (float& v : x) v += 1e4f;
    CHECK(static_cast<double>(log_sum_exp(x)) == Approx(1e4 + std::log(total)).epsilon(1e-6));
  }
  CHECK(std::isnan(log_sum_exp(std::vector<float>{1, std::nanf(""), 2})));
}

TEST_CASE("run: sampler picks as its parameters say", "[run]") {
  const std::vector<float> logits{1.0f, 3.0f, 3.0f, 2.0f, -1.0f};
  const auto choose = [&](Sampling s, std::vector<TokenId> history = {}, std::size_t index = 0) {
    return Sampler(s).choose(logits, history, index, nullptr)->id;
  };
  CHECK(choose({}) == 1);  // ties to the lowest id
  Sampling s;
  s.logit_bias = {{1, -10.0f}, {2, -0.5f}};
  CHECK(choose(s) == 2);
  s = {};
  s.presence_penalty = 2.5f;
  CHECK(choose(s, {1, 2}) == 3);
  s = {};
  s.frequency_penalty = 0.6f;
  CHECK(choose(s, {1, 1, 2}) == 2);
  s = {};
  s.repeat_penalty = 2.0f;
  s.penalty_window = 1;
  CHECK(choose(s, {2, 1}) == 2);  // 2 has left the window
  // What may be drawn, over many positions, and how often.
  struct Row { int top_k; float top_p, min_p; std::vector<TokenId> may; };
  const Row rows[] = {{0, 1, 0, {0, 1, 2, 3, 4}}, {2, 1, 0, {1, 2}}, {3, 1, 0, {1, 2, 3}}, {0, 0.5f, 0, {1, 2}}, {0, 0.0f, 0, {1}}, {0, 1, 0.3f, {1, 2, 3}}, {1, 1, 0, {1}}};
  for (const Row& row : rows) {
    Sampling t;
    t.temperature = 1.0f;
    t.top_k = row.top_k;
    t.top_p = row.top_p;
    t.min_p = row.min_p;
    std::vector<int> counts(5);
    for (std::size_t i = 0; i < 20000; ++i) ++counts[static_cast<std::size_t>(choose(t, {}, i))];
    double total = 0;
    for (const TokenId id : row.may) total += std::exp(static_cast<double>(logits[static_cast<std::size_t>(id)]));
    for (TokenId id = 0; id < 5; ++id) {
      const bool allowed = std::find(row.may.begin(), row.may.end(), id) != row.may.end();
      const double want = allowed ? 20000 * std::exp(static_cast<double>(logits[static_cast<std::size_t>(id)])) / total : 0;
      CAPTURE(row.top_k, row.top_p, row.min_p, id);
      CHECK(std::abs(counts[static_cast<std::size_t>(id)] - want) <= (allowed ? 5 * std::sqrt(want) : 0));
    }
  }
  // A mask, and logits that are no numbers.
  const TokenMask only4{1u << 4}, none{0};
  CHECK(Sampler({}).choose(logits, {}, 0, &only4)->id == 4);
  CHECK_THAT(Sampler({}).choose(logits, {}, 0, &none).error().message, Catch::Contains("allows no token"));
  const std::vector<float> nan(5, std::nanf(""));
  CHECK_THAT(Sampler({}).choose(nan, {}, 0, nullptr).error().message, Catch::Contains("not finite"));
}

TEST_CASE("run: stop filter withholds what may become a stop, and half characters", "[run]") {
  struct Row { std::vector<std::string> stops, tokens; std::vector<std::string> shown; bool stopped; };
  const Row rows[] = {
      {{}, {"ab", "c"}, {"ab", "c"}, false},
      {{"END"}, {"xE", "N", "D"}, {"x", "", ""}, true},
      {{"END"}, {"xE", "N", "x"}, {"x", "", "ENx"}, false},
      {{"END", "N"}, {"xE", "N"}, {"x", "E"}, true},  // the earlier stop wins
      {{"\n\n"}, {"a\n", "\nb"}, {"a", ""}, true},
      {{""}, {"a"}, {"a"}, false},
      {{}, {"\xed", "\x95", "\x9c!"}, {"", "", "\xed\x95\x9c!"}, false},
      {{"aab"}, {"aa", "a", "b"}, {"", "a", ""}, true},
  };
  for (const Row& row : rows) {
    StopFilter filter(row.stops);
    bool stopped = false;
    for (std::size_t i = 0; i < row.tokens.size(); ++i) {
      REQUIRE(!stopped);
      stopped = filter.push(static_cast<TokenId>(i), row.tokens[i]);
      GenerateEvent event;
      filter.release(event);
      CAPTURE(row.tokens, i);
      CHECK(event.bytes == row.shown[i]);
    }
    CHECK(stopped == row.stopped);
  }
  StopFilter filter({"END"});
  filter.push(1, "E");
  GenerateEvent rest;
  filter.release(rest);
  CHECK(rest.ids.empty());
  filter.release_rest(rest);
  CHECK(rest.bytes == "E");
  CHECK(rest.ids == std::vector<TokenId>{1});
}

TEST_CASE("run: suffix index drafts what followed the last time", "[run]") {
  const std::vector<std::vector<TokenId>> hints{{50, 51, 52, 53}};
  SuffixIndex index(hints, std::vector<TokenId>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 60, 1, 2});
  CHECK(index.draft(16) == std::vector<TokenId>{3, 4, 5, 6});  // two tokens match: four are ventured
  CHECK(index.draft(2) == std::vector<TokenId>{3, 4});
  for (const TokenId id : {3, 4, 5, 6, 7, 8}) index.append(id);
  CHECK(index.draft(16) == std::vector<TokenId>{9, 10, 11, 12, 60, 1, 2, 3, 4, 5, 6, 7, 8});
  for (const TokenId id : {50, 51}) index.append(id);
  CHECK(index.draft(16) == std::vector<TokenId>{52, 53});  // a hint ends where it ends
  index.append(99);
  CHECK(index.draft(16).empty());
}

TEST_CASE("run: radix tree shares pages, keeps snapshots to their length, drops the oldest leaf that is free", "[run]") {
  FakeBackend backend({.recurrent = true});
  {
    PagePool pool(backend, std::size_t{100} << 20);
    RadixTree tree;
    const auto pages = [&](int n) {
      std::vector<PageRef> out;
      for (int i = 0; i < n; ++i) out.push_back(*pool.page());
      return out;
    };
    const auto a = some_tokens(150, 1);
    auto b = a;
    b[100] = 'Z';
    tree.insert(a, pages(3), nullptr);
    CHECK(tree.nodes() == 3);
    CHECK(tree.match(a, false).tokens == 150);
    CHECK(tree.match(b, false).tokens == 100);
    CHECK(tree.match(b, false).pages.size() == 2);
    CHECK(tree.match(a, true).tokens == 0);  // no snapshot yet
    tree.insert(b, pages(3), nullptr);
    CHECK(tree.nodes() == 5);
    CHECK(tree.cached_tokens() == 150 + 86);
    // A longer filling of a last page replaces it; a snapshot does not stretch.
    auto longer = a;
    longer.push_back('x');
    tree.insert(longer, pages(3), nullptr);
    CHECK(tree.nodes() == 5);
    tree.insert(std::span(a).first(140), pages(3), *pool.state());
    CHECK(tree.nodes() == 6);
    CHECK(tree.match(longer, true).tokens == 140);
    CHECK(tree.match(longer, false).tokens == 151);
    CHECK(tree.match(std::span(a).first(139), true).tokens == 0);
    // Eviction: the leaf not used for longest, unless somebody holds its page.
    const auto held = tree.match(b, false);
    tree.match(longer, false);
    REQUIRE(tree.evict_one());
    CHECK(tree.match(longer, true).tokens == 0);
    REQUIRE(tree.evict_one());
    CHECK(tree.match(longer, false).tokens == 128);
    CHECK(tree.match(b, false).tokens == 150);
    while (tree.evict_one()) {
    }
    CHECK(tree.match(b, false).tokens == 150);
    CHECK(tree.nodes() == 3);
  }
  CHECK(backend.pages_in_use() == 0);
  CHECK(backend.faults == 0);
}

TEST_CASE("run: token trie shares beginnings and keeps parents before children", "[run]") {
  const std::vector<std::vector<TokenId>> candidates{{1, 2, 3}, {1, 2, 4}, {5}, {1}, {1, 2, 3}, {}};
  const TokenTrie trie(9, candidates);
  CHECK(trie.nodes.size() == 6);
  CHECK(trie.nodes[0].token == 9);
  for (std::size_t n = 1; n < trie.nodes.size(); ++n) CHECK(trie.nodes[n].parent < static_cast<int>(n));
  for (std::size_t c = 0; c < candidates.size(); ++c) {
    REQUIRE(trie.paths[c].size() == candidates[c].size());
    for (std::size_t t = 0; t < candidates[c].size(); ++t) CHECK(trie.nodes[static_cast<std::size_t>(trie.paths[c][t])].token == candidates[c][t]);
  }
  CHECK(trie.paths[0] == trie.paths[4]);
}

TEST_CASE("run: a schema holds, with and without jump-forward, drafts and a tight budget", "[run]") {
  const bool drafts = GENERATE(false, true);
  FakeEngine fake({.order = 2}, 4096, drafts);
  auto r = request_for(some_tokens(40, 1), 60);
  r.ignore_end = false;
  const Json schema = Json::parse(R"({"type":"object","properties":{"verdict":{"enum":["good","bad"]},"why":{"type":"string"}},
      "required":["verdict","why"],"additionalProperties":false})");
  r.schema = std::make_shared<const Json>(schema);
  int shortest = 0;
  for (const int max_tokens : {200, 60, 45, 40, 36}) {
    for (unsigned seed = 0; seed < 4; ++seed) {
      r.max_tokens = max_tokens;
      r.sampling.temperature = 1.0f;
      r.sampling.seed = seed;
      r.sampling.logprobs = seed % 2 ? 0 : -1;  // with logprobs every token is sampled
      const auto out = generate(*fake.engine, Context(), r);
      if (!out.ok()) {
        CHECK_THAT(out.error().message, Catch::Contains("too small for the schema"));
        ++shortest;
        continue;
      }
      CAPTURE(max_tokens, seed, out->text);
      const Json value = Json::parse(out->text, nullptr, false);
      REQUIRE(value.is_object());
      CHECK((value["verdict"] == "good" || value["verdict"] == "bad"));
      CHECK(value["why"].is_string());
      CHECK(static_cast<int>(out->ids.size()) <= max_tokens);
    }
  }
  r.max_tokens = 3;
  CHECK_THAT(generate(*fake.engine, Context(), r).error().message, Catch::Contains("max_tokens 3 is too small for the schema"));
  auto choice = request_for(some_tokens(40, 2), 30);
  choice.choices = {"the answer", "the question", "neither"};
  const auto chosen = fake.run(choice);
  CHECK(std::count(choice.choices.begin(), choice.choices.end(), chosen.text) == 1);
  CHECK(chosen.finish == Finish::stop);
  // Reasoning first: the constraint begins behind its end, and the budget closes both.
  auto thinking = choice;
  thinking.prompt.push_back(257);
  const auto thought = fake.run(thinking);
  const auto end = std::find(thought.ids.begin(), thought.ids.end(), 258);
  REQUIRE(end != thought.ids.end());
  const std::string answer = fake_tokenizer()->decode(std::vector<TokenId>(end + 1, thought.ids.end()));
  CHECK(std::count(choice.choices.begin(), choice.choices.end(), answer) == 1);
}
