// The CPU backend on tiny checkpoints within the tolerance that golden/README.md gives for bf16 or Q8 arithmetic, on every
// instruction set; and SmolLM2's greedy ids up to the first step whose gap is within the arithmetic's error.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "daemon/api/services.h"
#include "engine/backends/cpu/isa.h"
#include "engine/backends/cpu/logprobs.h"
#include "engine/model/architecture.h"
#include "engine/tensor/quant.h"
#include "tests/engine/backends/feed.h"
#include "tests/support/shared.h"

using namespace wright;
using namespace wright::engine;

namespace {

template <class T> T need(Result<T> result) {
  if (!result) FAIL(result.error().text());
  return std::move(*result);
}

std::vector<float> floats(const TensorView& view) {
  std::vector<float> values(static_cast<std::size_t>(view.elements()));
  dequantise(view.type, view.data, values.data(), values.size());
  return values;
}

std::unique_ptr<Backend> backend_of(const std::shared_ptr<const Weights>& weights, const std::shared_ptr<const OpList>& ops,
                                    const std::string& isa, KvType kv = KvType::f16) {
  BackendOptions options;
  options.isa = isa;
  options.threads = 2;
  options.kv = kv;
  return need(make_cpu_backend(ops, weights, options));
}

struct Loaded {
  std::shared_ptr<const Weights> weights;
  std::shared_ptr<const OpList> ops;  // null: skipped
  Json recorded;
  std::size_t vocab = 0;
};

// The default model, with what was recorded of it where that is needed.
Loaded load_smollm2(bool with_recorded) {
  const auto model = daemon::find_model(daemon::Folders::from_environment(), "SmolLM2-135M-Instruct");
  const auto path = with_recorded ? test::shared_path("golden/smollm2-135m.json") : std::nullopt;
  if (!model.ok() || (with_recorded && !path)) {
    WARN("skipped: the default model or golden/smollm2-135m.json is not there");
    return {};
  }
  Loaded out{need(open_weights(*model)), nullptr, with_recorded ? Json::parse(need(read_file(*path))) : Json(), 0};
  out.ops = need(build_op_list(*out.weights));
  out.vocab = static_cast<std::size_t>(out.ops->n_vocab);
  return out;
}

void check_model(const std::string& model, const std::string& stem) {
  const auto weights = need(open_weights(model)), recorded = need(open_weights(stem + ".safetensors"));
  const auto ops = need(build_op_list(*weights));
  const Json json = Json::parse(need(read_file(stem + ".json")));
  const auto drift = json["drift_bf16"].get<std::vector<double>>();
  const auto vocab = static_cast<std::size_t>(ops->n_vocab);
  for (const cpu::Kernels* k : cpu::supported_kernels())
    for (const KvType kv : {KvType::f16, KvType::bf16, KvType::f32}) {
      const auto backend = backend_of(weights, ops, k->isa, kv);
      double most = 0, sum = 0, n = 0;
      for (const auto& prompt : json["prompts"]) {
        test::Feed feed{*backend, vocab};
        const auto logits = feed.run_in_chunks(prompt["ids"].get<std::vector<TokenId>>(), 128);
        const auto want = floats(*recorded->find(prompt["logits"].get<std::string>()));
        const auto rows = prompt["rows"].get<std::vector<std::size_t>>();
        for (std::size_t r = 0; r < rows.size(); ++r)
          for (std::size_t i = 0; i < vocab; ++i, ++n) {
            const double error = std::fabs(logits[rows[r] * vocab + i] - want[r * vocab + i]);
            REQUIRE(std::isfinite(error));
            most = std::max(most, error);
            sum += error;
          }
      }
      INFO(model << " " << k->name << " kv " << static_cast<int>(kv) << ": mean error " << sum / n << ", largest " << most);
      CHECK(sum / n <= 2 * drift[1]);
      CHECK(most <= 3 * drift[0]);
    }
}

}  // namespace

TEST_CASE("cpu golden: hub folders", "[cpu]") {
  for (const char* name : {"llama-gqa-llama3rope", "llama-tied-smollm", "llama-linear", "mistral-swa"}) {
    const auto folder = test::shared_path(std::string("golden/models/") + name);
    if (!folder) return;
    check_model(*folder, *folder + "/golden");
  }
}

TEST_CASE("cpu golden: GGUF files", "[cpu]") {
  for (const char* name : {"llama-f16", "llama-q4_1-tied", "llama-kquants"}) {
    const auto path = test::shared_path(std::string("golden/gguf/") + name + ".gguf");
    if (!path) return;
    check_model(*path, path->substr(0, path->size() - 5));
  }
}

TEST_CASE("cpu golden: SmolLM2 continues as recorded", "[cpu]") {
  const Loaded smollm2 = load_smollm2(true);
  if (!smollm2.ops) return;
  const auto& [weights, ops, json, vocab] = smollm2;
  const double kError = 0.5, kGap = 0.3;  // logits spread about 5; Q8 activations move them by 0.05, at worst by kError
  const auto backend = backend_of(weights, ops, "auto");
  std::size_t compared = 0;
  for (const auto& prompt : json["prompts"]) {
    test::Feed feed{*backend, vocab};
    auto logits = feed.run(prompt["ids"].get<std::vector<TokenId>>());
    std::vector<float> last(logits.end() - static_cast<std::ptrdiff_t>(vocab), logits.end());
    const auto top = prompt["top_ids"].get<std::vector<std::size_t>>();
    const auto top_logits = prompt["top_logits"].get<std::vector<double>>();
    double most = 0;
    for (std::size_t i = 0; i < top.size(); ++i) most = std::max(most, std::fabs(last[top[i]] - top_logits[i]));
    INFO(prompt["text"].get<std::string>() << ": largest error " << most);
    CHECK(most < kError);
    const auto greedy = prompt["greedy"].get<std::vector<TokenId>>();
    const auto gaps = prompt["greedy_gaps"].get<std::vector<double>>();
    std::size_t same = 0;
    for (; same < greedy.size() && gaps[same] > kGap; ++same) {
      const auto best = static_cast<TokenId>(std::ranges::max_element(last) - last.begin());
      REQUIRE(best == greedy[same]);
      last = feed.run({&best, 1});
    }
    compared += same;
  }
  CHECK(compared >= 40);
}

TEST_CASE("cpu golden: log-probabilities summed over SmolLM2's vocabulary as it is computed", "[cpu]") {
  const Loaded smollm2 = load_smollm2(false);
  if (!smollm2.ops) return;
  const auto& [weights, ops, recorded, vocab] = smollm2;
  std::vector<TokenId> ids;
  for (TokenId i = 0; i < 100; ++i) ids.push_back(1000 + i * 37);
  std::vector<AskedRow> asked;
  std::vector<TokenId> asked_ids;
  for (std::int32_t r = 0; r < 100; ++r) {
    asked.push_back({r, 3});
    for (const TokenId id : {0, 511 + r, ops->n_vocab - 1}) asked_ids.push_back(id);
  }
  for (const cpu::Kernels* k : cpu::supported_kernels()) {
    if (std::string(k->isa) == "scalar") continue;  // minutes
    const auto backend = backend_of(weights, ops, k->isa);
    test::Feed plain{*backend, vocab}, feed{*backend, vocab};
    const auto logits = plain.run(ids);
    const PassSequence s = feed.next(100);
    std::vector<float> logprobs(asked_ids.size());
    const auto done = backend->run(Context(), {ids, {&s, 1}, {}, nullptr, asked, asked_ids, logprobs.data()});
    REQUIRE(done.ok());
    for (std::size_t i = 0; i < asked_ids.size(); ++i) {
      const auto own = std::span(logits).subspan(i / 3 * vocab, vocab);
      INFO(k->name << " row " << i / 3 << " id " << asked_ids[i]);
      REQUIRE(logprobs[i] == own[static_cast<std::size_t>(asked_ids[i])] - cpu::log_sum_exp(**cpu::kernels_for(k->isa), own));
    }
  }
}

TEST_CASE("cpu golden: SmolLM2 with cached keys and values in q8_0", "[cpu]") {
  const Loaded smollm2 = load_smollm2(true);
  if (!smollm2.ops) return;
  const auto& [weights, ops, json, vocab] = smollm2;
  const auto half = backend_of(weights, ops, "auto"), bytes = backend_of(weights, ops, "auto", KvType::q8_0);
  CHECK(bytes->page_bytes() < half->page_bytes() * 17 / 32 + 128);
  // One short prompt, for the interpreter takes seconds a row: what differs from it is the kernels' own, as much as with f16.
  std::vector<TokenId> ids;
  for (const auto& prompt : json["prompts"])
    if (const auto own = prompt["ids"].get<std::vector<TokenId>>(); own.size() > 3 && (ids.empty() || own.size() < ids.size())) ids = own;
  const auto mean_error = [&](Backend& fast, KvType kv) {
    BackendOptions options;
    options.kv = kv;
    const auto reference = need(make_reference_backend(ops, weights, options));
    const auto want = test::Feed{*reference, vocab}.run(ids), got = test::Feed{fast, vocab}.run(ids);
    REQUIRE(test::Feed{fast, vocab}.run_in_chunks(ids, 2) == got);
    double sum = 0;
    for (std::size_t i = 0; i < got.size(); ++i) sum += std::fabs(got[i] - want[i]);
    return sum / static_cast<double>(got.size());
  };
  const double with_half = mean_error(*half, KvType::f16), with_bytes = mean_error(*bytes, KvType::q8_0);
  INFO("mean error with f16 " << with_half << ", with q8_0 " << with_bytes);
  CHECK(with_bytes < 1.5 * with_half);
}
