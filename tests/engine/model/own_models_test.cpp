// The tiny models of tests/data/engine: what an f64 forward pass in another language says they compute (make_models.py),
// and errors of checkpoints that do not fit. Needs nothing beside the checkout.
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "engine/model/architecture.h"
#include "engine/run/evaluate.h"
#include "tests/support/gguf_bytes.h"
#include "tests/support/temp_folder.h"
#include "tests/support/toy_model.h"

using namespace wright;
using namespace wright::engine;

namespace {

const std::string kData = WRIGHT_SOURCE_DIR "/tests/data/engine/";

template <class T>
T need(Result<T> result) {
  if (!result) FAIL(result.error().text());
  return std::move(*result);
}

struct Case {
  std::string model, golden;
};
const Case kCases[] = {{"llama-mixed.gguf", "llama-mixed.json"}, {"llama-hub", "llama-hub/golden.json"}, {"mistral-hub", "mistral-hub/golden.json"},
                       {"qwen2-hub", "qwen2-hub/golden.json"}, {"qwen2-q8.gguf", "qwen2-q8.json"},
                       {"qwen3-hub", "qwen3-hub/golden.json"}, {"qwen3-q8.gguf", "qwen3-q8.json"}};

struct Opened {
  explicit Opened(const Case& c) : weights(need(open_weights(kData + c.model))), ops(need(build_op_list(*weights))), json(Json::parse(need(read_file(kData + c.golden)))) {
    for (const auto& prompt : json["prompts"]) job.prompts.push_back(prompt["ids"].get<std::vector<TokenId>>());
    job.keep_logits = true;
    job.greedy = 8;
  }
  EvalResult run(Backend& backend, const EvalJob& how) const { return need(evaluate(Context(), backend, *ops, how)); }

  std::shared_ptr<const Weights> weights;
  std::shared_ptr<const OpList> ops;
  Json json;
  EvalJob job;
};

// (largest, mean) difference to the recorded rows.
std::pair<double, double> errors(const Opened& o, const EvalResult& result) {
  double most = 0, sum = 0, n = 0;
  const auto vocab = static_cast<std::size_t>(o.ops->n_vocab);
  for (std::size_t p = 0; p < o.job.prompts.size(); ++p) {
    const auto& prompt = o.json["prompts"][p];
    for (std::size_t r = 0; r < prompt["rows"].size(); ++r)
      for (std::size_t i = 0; i < vocab; ++i, ++n) {
        const double error = std::fabs(result.logits[p][prompt["rows"][r].get<std::size_t>() * vocab + i] - prompt["logits"][r][i].get<double>());
        REQUIRE(std::isfinite(error));
        most = std::max(most, error);
        sum += error;
      }
  }
  return {most, sum / n};
}

std::vector<EvalJob> ways(const EvalJob& job) {
  std::vector<EvalJob> all(4, job);
  all[0].chunk = 1;
  all[1].chunk = 17, all[1].batch = true;
  all[2].chunk = 64, all[2].share_prefix = true;
  all[3].chunk = 33, all[3].share_prefix = all[3].batch = true;
  for (const std::size_t i : {2, 3}) {  // a prompt that leaves another inside a page
    all[i].prompts.push_back(job.prompts.back());
    all[i].prompts.back().back() ^= 1;
  }
  return all;
}

}  // namespace

TEST_CASE("model/own: the reference computes what was computed elsewhere, however the prompts are fed") {
  for (const Case& c : kCases) {
    const Opened o(c);
    INFO(c.model);
    BackendOptions options;
    options.exact = true;
    const auto backend = need(make_reference_backend(o.ops, o.weights, options));
    const auto result = o.run(*backend, o.job);
    const auto [most, mean] = errors(o, result);
    INFO("largest error " << most);
    CHECK(most <= 2e-4);
    for (std::size_t p = 0; p < o.job.prompts.size(); ++p) CHECK(result.greedy[p] == o.json["prompts"][p]["greedy"].get<std::vector<TokenId>>());
    for (const auto& way : ways(o.job)) {
      auto again = o.run(*backend, way);
      again.logits.resize(result.logits.size());
      again.greedy.resize(result.greedy.size());
      CHECK(again.logits == result.logits);
      CHECK(again.greedy == result.greedy);
    }
    CHECK(backend->pages_in_use() == 0);
  }
}

TEST_CASE("model/own: the fast backend is close, and its bits do not depend on how the prompts are fed") {
  for (const Case& c : kCases) {
    const Opened o(c);
    INFO(c.model);
    const auto backend = need(make_cpu_backend(o.ops, o.weights, {}));
    auto job = o.job;
    job.chunk = 64;
    const auto result = o.run(*backend, job);
    const auto [most, mean] = errors(o, result);
    INFO("largest error " << most << ", mean " << mean);
    CHECK(mean <= 0.08);
    for (const auto& way : ways(o.job)) {
      INFO("chunk " << way.chunk << (way.batch ? " batch" : "") << (way.share_prefix ? " share" : ""));
      auto again = o.run(*backend, way);
      again.logits.resize(result.logits.size());
      again.greedy.resize(result.greedy.size());
      CHECK(again.logits == result.logits);
      CHECK(again.greedy == result.greedy);
    }
  }
}

namespace {

struct Llama {  // a hub checkpoint in memory, right unless a case damages it
  Json config = Json::parse(R"({"model_type":"llama","hidden_size":32,"intermediate_size":64,"num_hidden_layers":1,"num_attention_heads":2,
    "vocab_size":10,"hidden_act":"silu","max_position_embeddings":64,"rms_norm_eps":1e-5,"tie_word_embeddings":true,"rope_theta":10000.0})");
  std::map<std::string, std::vector<std::int64_t>> shapes{
      {"model.embed_tokens.weight", {10, 32}}, {"model.norm.weight", {32}}, {"model.layers.0.input_layernorm.weight", {32}},
      {"model.layers.0.post_attention_layernorm.weight", {32}}, {"model.layers.0.self_attn.q_proj.weight", {32, 32}},
      {"model.layers.0.self_attn.k_proj.weight", {32, 32}}, {"model.layers.0.self_attn.v_proj.weight", {32, 32}},
      {"model.layers.0.self_attn.o_proj.weight", {32, 32}}, {"model.layers.0.mlp.gate_proj.weight", {64, 32}},
      {"model.layers.0.mlp.up_proj.weight", {64, 32}}, {"model.layers.0.mlp.down_proj.weight", {32, 64}}};

  std::string message() const {
    test::MemoryWeights weights;
    for (const auto& [name, shape] : shapes) {
      std::size_t n = 1;
      for (const auto d : shape) n *= static_cast<std::size_t>(d);
      weights.add(name, shape, std::vector<float>(n, 0.1f));
    }
    weights.set_config(config.dump());
    const auto ops = build_op_list(weights);
    return ops ? "built" : ops.error().text();
  }
};

}  // namespace

TEST_CASE("model/architecture: what does not fit is named") {
  struct Damage { void (*apply)(Llama&); const char* part; };
  const Damage cases[] = {
      {[](Llama&) {}, "built"},
      {[](Llama& l) { l.config["model_type"] = "gpt9"; }, "the architecture \"gpt9\" is not known; known are: llama,mistral"},
      {[](Llama& l) { l.config.erase("model_type"); }, "model_type"},
      {[](Llama& l) { l.shapes.erase("model.norm.weight"); }, "tensor model.norm.weight is missing"},
      {[](Llama& l) { l.shapes.erase("model.embed_tokens.weight"); }, "tensor model.embed_tokens.weight is missing"},
      {[](Llama& l) { l.shapes["model.layers.0.mlp.up_proj.weight"] = {32, 64}; }, "mlp.up_proj.weight has shape (32, 64), its model needs (64, 32)"},
      {[](Llama& l) { l.config["tie_word_embeddings"] = false; }, "tensor lm_head.weight is missing"},
      {[](Llama& l) { l.config["num_hidden_layers"] = 2; }, "tensor model.layers.1.input_layernorm.weight is missing"},
      {[](Llama& l) { l.config["num_hidden_layers"] = -2; }, "num_hidden_layers: -2 is out of range"},
      {[](Llama& l) { l.config["num_attention_heads"] = 0; }, "num_attention_heads: 0 is out of range"},
      {[](Llama& l) { l.config["num_attention_heads"] = 3; l.config["num_key_value_heads"] = 2; }, "3 heads are no multiple of 2 kv heads"},
      {[](Llama& l) { l.config["hidden_size"] = "big"; }, "hidden_size"},
      {[](Llama& l) { l.config.erase("rms_norm_eps"); }, "rms_norm_eps"},
      {[](Llama& l) { l.config["hidden_act"] = "gelu"; }, "hidden_act \"gelu\" is not supported"},
      {[](Llama& l) { l.config["rope_theta"] = -1; }, "rope_theta is -1"},
      {[](Llama& l) { l.config["rope_scaling"] = {{"type", "dynamic"}, {"factor", 2}}; }, "unknown rope scaling \"dynamic\""},
      {[](Llama& l) { l.config["rope_scaling"] = {{"type", "linear"}}; }, "factor"},
      {[](Llama& l) { l.config["rope_scaling"] = {{"rope_type", "llama3"}, {"factor", 8}, {"original_max_position_embeddings", 64}}; }, "low_freq_factor"},
      {[](Llama& l) { l.config["rope_parameters"] = {{"rope_type", "yarn"}, {"factor", -2}}; }, "factor: expected a positive number"},
      {[](Llama& l) { l.config["quantization_config"] = {{"quant_method", "fp8"}}; }, "has a quantization_config"},
  };
  for (const Damage& d : cases) {
    Llama llama;
    d.apply(llama);
    INFO(d.part);
    INFO(llama.message());
    CHECK(llama.message().find(d.part) != std::string::npos);
  }
}

TEST_CASE("model/architecture: GGUF hyper-parameters that are missing or out of range are named") {
  const auto message = [](const std::string& skip, std::uint32_t layers) {
    const std::pair<const char*, std::uint32_t> sizes[] = {{"llama.block_count", layers}, {"llama.embedding_length", 32}, {"llama.feed_forward_length", 64},
                                                           {"llama.attention.head_count", 2}, {"llama.context_length", 64}};
    test::GgufBytes b;
    b.header(1, 7u - (skip.empty() ? 0u : 1u));
    if (skip != "general.architecture") b.key("general.architecture", std::string("llama"));
    if (skip != "llama.attention.layer_norm_rms_epsilon") b.key("llama.attention.layer_norm_rms_epsilon", 1e-5f);
    for (const auto& [key, value] : sizes)
      if (skip != key) b.key(key, value);
    b.tensor("token_embd.weight", {32, 10}, 0, 0).pad().bytes(32 * 10 * 4);
    test::TempFolder folder({{"m.gguf", b.str()}});
    const auto weights = need(open_weights(folder.path() + "/m.gguf"));
    const auto ops = build_op_list(*weights);
    return ops ? "built" : ops.error().message;
  };
  for (const char* key : {"general.architecture", "llama.block_count", "llama.embedding_length", "llama.feed_forward_length",
                          "llama.attention.head_count", "llama.context_length", "llama.attention.layer_norm_rms_epsilon"}) {
    INFO(key);
    CHECK(message(key, 1).ends_with(std::string("metadata key ") + key + " is missing"));
  }
  CHECK(message("", 0).ends_with("llama.block_count is 0"));
  CHECK(message("", 1u << 31).ends_with("llama.block_count is 2147483648"));
  CHECK(message("", 1).ends_with("tensor blk.0.attn_norm.weight is missing"));
}
