// The default model through the engine: the golden greedy ids, prefix reuse, scores, a schema.
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "tests/engine/run/fixture.h"
#include "tests/support/shared.h"

using namespace wright;
using namespace wright::test;

namespace {

// Where scripts/get-model puts it; nothing (and a warning) when it is not there.
std::optional<std::string> default_model() {
  const char* home = std::getenv("HOME");
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const std::string path = (cache && *cache ? std::string(cache) : std::string(home ? home : "") + "/.cache") + "/wright/models/SmolLM2-135M-Instruct-Q4_1.gguf";
  if (access(path.c_str(), R_OK) == 0) return path;
  WARN("skipped: no default model at " << path << "; scripts/get-model fetches it");
  return std::nullopt;
}

}  // namespace

TEST_CASE("run: the default model gives its golden ids, reads a prefix once and scores", "[run][model]") {
  const auto model = default_model();
  const auto golden_path = shared_path("golden/smollm2-135m.json");
  if (!model || !golden_path) return;
  EngineOptions options;
  options.model_path = *model;
  options.context_length = 2048;
  const auto opened = open_local_engine(options);
  INFO((opened.ok() ? "" : opened.error().text()));
  REQUIRE(opened.ok());
  Engine& engine = **opened;
  const Json golden = *parse_json(*read_file(*golden_path), "golden");
  for (const Json& prompt : golden["prompts"]) {
    auto r = request_for(prompt["ids"].get<std::vector<TokenId>>(), 48);
    const auto want = prompt["greedy"].get<std::vector<TokenId>>();
    const auto gaps = prompt["greedy_gaps"].get<std::vector<float>>();
    const auto one = generate(engine, Context(), r);
    REQUIRE(one.ok());
    REQUIRE(one->ids.size() == want.size());
    // Up to the first step that is too close to call in 8-bit activations.
    for (std::size_t i = 0; i < want.size() && gaps[i] > 0.5f; ++i) CHECK(one->ids[i] == want[i]);
    const auto two = generate(engine, Context(), r);
    CHECK(two->ids == one->ids);
    CHECK(two->usage.cached_tokens == static_cast<std::int64_t>(r.prompt.size()) - 1);
    // The reply's own tokens, scored: greedy ones are likely.
    const auto scores = score(engine, Context(), {r.prompt, {{static_cast<std::int32_t>(r.prompt.size()), {one->ids}}}, Priority::search});
    REQUIRE(scores.ok());
    for (const float p : scores->logprobs[0][0]) CHECK((p < 0.01f && p > -6.0f));
  }
  CHECK(engine.stats().completion_tokens > 0);
}
