// Tiny checkpoints of the llama family against recorded logits, greedy ids and hidden states; every way of feeding the
// prompts gives the same bits.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "daemon/api/services.h"
#include "engine/model/architecture.h"
#include "engine/ops/interpret.h"
#include "engine/run/evaluate.h"
#include "engine/tensor/quant.h"
#include "tests/support/shared.h"

using namespace wright;
using namespace wright::engine;

namespace {

struct Golden {
  std::shared_ptr<const Weights> weights, recorded;
  std::shared_ptr<const OpList> ops;
  Json json;
  EvalJob job;
};

std::vector<float> floats(const TensorView& view) {
  std::vector<float> values(static_cast<std::size_t>(view.elements()));
  dequantise(view.type, view.data, values.data(), values.size());
  return values;
}

template <class T>
T need(Result<T> result) {
  if (!result) FAIL(result.error().text());
  return std::move(*result);
}

Golden open(const std::string& model, const std::string& json, const std::string& recorded) {
  Golden g;
  g.weights = need(open_weights(model));
  g.recorded = need(open_weights(recorded));
  g.ops = need(build_op_list(*g.weights));
  g.json = Json::parse(need(read_file(json)));
  for (const auto& prompt : g.json["prompts"]) g.job.prompts.push_back(prompt["ids"].get<std::vector<TokenId>>());
  g.job.keep_logits = true;
  g.job.greedy = static_cast<int>(g.json["prompts"][0]["greedy"].size());
  return g;
}

EvalResult run(const Golden& g, const EvalJob& job) {
  BackendOptions options;
  options.exact = true;
  const auto backend = need(make_reference_backend(g.ops, g.weights, options));
  auto result = need(evaluate(Context(), *backend, *g.ops, job));
  CHECK(backend->pages_in_use() == 0);
  return result;
}

// The largest difference to the recorded rows of every prompt.
float worst_error(const Golden& g, const EvalResult& result) {
  float worst = 0.0f;
  const auto vocab = static_cast<std::size_t>(g.ops->n_vocab);
  for (std::size_t p = 0; p < g.job.prompts.size(); ++p) {
    const auto& prompt = g.json["prompts"][p];
    const auto golden = floats(*g.recorded->find(prompt["logits"].get<std::string>()));
    REQUIRE(result.logits[p].size() == g.job.prompts[p].size() * vocab);
    const auto rows = prompt["rows"].get<std::vector<std::size_t>>();
    REQUIRE(golden.size() == rows.size() * vocab);
    for (std::size_t r = 0; r < rows.size(); ++r)
      for (std::size_t i = 0; i < vocab; ++i) {
        const float error = std::fabs(result.logits[p][rows[r] * vocab + i] - golden[r * vocab + i]);
        if (!(error <= worst)) worst = error;
      }
  }
  return worst;
}

void check_model(const Golden& g) {
  const auto result = run(g, g.job);
  const float worst = worst_error(g, result);
  INFO("largest error " << worst);
  CHECK(worst <= 1e-4f);
  for (std::size_t p = 0; p < g.job.prompts.size(); ++p)
    CHECK(result.greedy[p] == g.json["prompts"][p]["greedy"].get<std::vector<TokenId>>());
  for (const int way : {1, 2, 3, 4}) {
    EvalJob job = g.job;
    if (way == 1) job.chunk = 1;
    if (way == 2) job.chunk = 17, job.batch = true;
    if (way >= 3) {  // a prompt that continues another, one that leaves it inside a page, and an equal one
      job.share_prefix = true;
      job.batch = way == 4;
      auto more = job.prompts.back();
      more.resize(150);
      more.push_back(1);
      job.prompts.push_back(more);
      job.prompts.push_back(job.prompts.back());
    }
    INFO("way " << way);
    auto again = run(g, job);
    if (way >= 3) {
      CHECK(again.greedy[again.greedy.size() - 1] == again.greedy[again.greedy.size() - 2]);
      CHECK(again.logits[again.logits.size() - 1] == again.logits[again.logits.size() - 2]);
      again.greedy.resize(g.job.prompts.size());
      again.logits.resize(g.job.prompts.size());
    }
    CHECK(again.greedy == result.greedy);
    CHECK(again.logits == result.logits);
  }
}

}  // namespace

TEST_CASE("model/golden: hub folders") {
  for (const char* name : {"llama-gqa-llama3rope", "llama-tied-smollm", "llama-linear", "mistral-swa", "qwen2-bias", "qwen3-qknorm"}) {
    const auto folder = test::shared_path(std::string("golden/models/") + name);
    if (!folder) return;
    INFO(name);
    check_model(open(*folder, *folder + "/golden.json", *folder + "/golden.safetensors"));
  }
}

TEST_CASE("model/golden: GGUF files") {
  for (const char* name : {"llama-f16", "llama-q4_1-tied", "llama-kquants", "qwen2-q5", "qwen3-q8_0"}) {
    const auto path = test::shared_path(std::string("golden/gguf/") + name + ".gguf");
    if (!path) return;
    INFO(name);
    const std::string stem = path->substr(0, path->size() - 5);
    check_model(open(*path, stem + ".json", stem + ".safetensors"));
  }
}

TEST_CASE("model/golden: SmolLM2-135M-Instruct") {
  const auto path = test::shared_path("golden/smollm2-135m.json");
  if (!path) return;
  const auto model = daemon::find_model(daemon::Folders::from_environment(), "SmolLM2-135M-Instruct-Q4_1");
  if (!model) {
    WARN("skipped: " << model.error().text());
    return;
  }
  const auto weights = need(open_weights(*model));
  const auto ops = need(build_op_list(*weights));
  const Json json = Json::parse(need(read_file(*path)));
  EvalJob job;
  for (const auto& prompt : json["prompts"]) job.prompts.push_back(prompt["ids"].get<std::vector<TokenId>>());
  job.keep_logits = job.batch = true;
  job.all_rows = false;
  job.greedy = 48;
  BackendOptions options;
  options.exact = true;
  const auto backend = need(make_reference_backend(ops, weights, options));
  const auto result = need(evaluate(Context(), *backend, *ops, job));
  for (std::size_t p = 0; p < job.prompts.size(); ++p) {
    const auto& prompt = json["prompts"][p];
    CHECK(result.greedy[p] == prompt["greedy"].get<std::vector<TokenId>>());
    const auto ids = prompt["top_ids"].get<std::vector<std::size_t>>();
    const auto logits = prompt["top_logits"].get<std::vector<float>>();
    for (std::size_t i = 0; i < ids.size(); ++i) CHECK(std::fabs(result.logits[p][ids[i]] - logits[i]) <= 1e-3f);
  }
}

namespace {

// A store for one sequence from position 0, for the probe below.
class PlainStore : public CacheStore {
 public:
  explicit PlainStore(const OpList& ops) : ops_(ops), rows_(ops.caches.size()) {}
  void write(CacheId cache, std::size_t, const float* key, const float* value) override {
    const CacheSpec& spec = ops_.caches[static_cast<std::size_t>(cache)];
    rows_[static_cast<std::size_t>(cache)].push_back({{key, key + spec.kv_heads * spec.key_dim}, {value, value + spec.kv_heads * spec.value_dim}});
  }
  void visible(CacheId cache, std::size_t row, int window, std::vector<KvRow>& out) const override {
    const std::size_t first = window && row + 1 > static_cast<std::size_t>(window) ? row + 1 - static_cast<std::size_t>(window) : 0;
    for (std::size_t i = first; i <= row; ++i) out.push_back({rows_[static_cast<std::size_t>(cache)][i].key.data(), rows_[static_cast<std::size_t>(cache)][i].value.data()});
  }
  float* state(CacheId, std::size_t) override { return nullptr; }

 private:
  struct Row { std::vector<float> key, value; };
  const OpList& ops_;
  std::vector<std::vector<Row>> rows_;
};

}  // namespace

TEST_CASE("model/golden: hidden states of every layer") {
  for (const char* name : {"llama-gqa-llama3rope", "mistral-swa"}) {
    const auto folder = test::shared_path(std::string("golden/models/") + name);
    if (!folder) return;
    INFO(name);
    const Golden g = open(*folder, *folder + "/golden.json", *folder + "/golden.safetensors");
    const auto golden = floats(*g.recorded->find("p1.hidden"));
    const auto& ids = g.job.prompts[1];
    auto interpreter = need(Interpreter::create(g.ops, g.weights, 1));
    std::vector<float> seen;
    interpreter->set_probe([&](const Op& op, std::span<const float> rows) {
      const std::string& value = g.ops->values[static_cast<std::size_t>(op.out)].name;
      if (value == "embed" || value == "final_norm" || value.ends_with(".out")) seen.insert(seen.end(), rows.begin(), rows.end());
    });
    std::vector<std::int32_t> positions(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) positions[i] = static_cast<std::int32_t>(i);
    std::vector<float> logits(ids.size() * static_cast<std::size_t>(g.ops->n_vocab));
    PlainStore store(*g.ops);
    REQUIRE(interpreter->run(Context(), {ids, positions, positions, logits.data()}, store).ok());
    REQUIRE(seen.size() == golden.size());
    float worst = 0.0f, largest = 1.0f;
    for (std::size_t i = 0; i < seen.size(); ++i) {
      worst = std::max(worst, std::fabs(seen[i] - golden[i]));
      largest = std::max(largest, std::fabs(golden[i]));
    }
    CHECK(worst <= 1e-4f * largest);
  }
}
