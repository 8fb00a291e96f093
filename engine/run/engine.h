// The engine's door: asynchronous, the same in-process (engine/run/local_engine.h) and across the wall to the worker
// (engine/remote). Coarse messages only: ids, schema, stops in; token runs, scores, usage out; no logits, no masks.
// All methods may be called from any thread. Callbacks run on the engine's delivery thread, one at a time a request; they
// must not block and may call cancel() or submit().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/json.h"
#include "base/result.h"
#include "engine/backends/backend.h"
#include "engine/chat/chat_format.h"
#include "engine/text/tokenizer.h"

namespace wright::engine {

using RequestId = std::uint64_t;

enum class Priority : std::uint8_t { keystroke, turn, search };  // highest first

struct Sampling {
  float temperature = 0.0f;     // 0: greedy, ties to the lowest id
  int top_k = 0;                // 0: all
  float top_p = 1.0f, min_p = 0.0f;
  float repeat_penalty = 1.0f, presence_penalty = 0.0f, frequency_penalty = 0.0f;
  int penalty_window = 64;      // last tokens that penalties look at
  std::uint64_t seed = 0;
  std::vector<std::pair<TokenId, float>> logit_bias;
  int logprobs = -1;            // -1: none; n: of the chosen token and the n best
};

struct GenerateRequest {
  std::vector<TokenId> prompt;
  Sampling sampling;
  int max_tokens = 256;
  bool ignore_end = false;              // end-of-sequence ids are ordinary
  std::vector<std::string> stops;       // text that ends the generation, not part of it
  std::shared_ptr<const Json> schema;   // JSON Schema the reply (after reasoning) must match; null: free
  std::vector<std::string> choices;     // or exactly one of these texts
  std::vector<std::vector<TokenId>> drafts;  // texts likely to be copied (files open in the editor): hints only
  Priority priority = Priority::turn;
  bool keep_cache = true;               // leave prompt and reply in the prefix cache
};

struct TokenLogprob {
  TokenId id;
  float logprob;
  std::vector<std::pair<TokenId, float>> top;
};

struct Usage {
  std::int64_t prompt_tokens = 0, cached_tokens = 0, completion_tokens = 0;  // cached: prompt tokens not computed again
  double queue_ms = 0, prefill_ms = 0, decode_ms = 0;
};

enum class Finish : std::uint8_t { stop, length, cancelled, error };

struct GenerateEvent {
  std::vector<TokenId> ids;            // new tokens
  std::string bytes;                   // their text; cut so that it ends at a UTF-8 boundary, stops withheld
  std::vector<TokenLogprob> logprobs;  // beside ids, when asked for
  std::optional<double> prefill_share; // 0..1 while the prompt is read
  bool done = false;                   // the last event; then:
  Finish finish = Finish::stop;
  Error error;                         // with Finish::error
  Usage usage;
};
using GenerateSink = std::function<void(const GenerateEvent&)>;

// log P of alternatives after shared prefixes: all in few passes over a token trie, the prefix prefilled once.
struct ScoreRequest {
  std::vector<TokenId> text;           // the longest prefix; each group uses its first `prefix` tokens
  struct Group {
    std::int32_t prefix = 0;           // tokens of `text` that precede the candidates (>= 1)
    std::vector<std::vector<TokenId>> candidates;
  };
  std::vector<Group> groups;
  Priority priority = Priority::search;
};
struct ScoreReply {
  // logprobs[g][c][t]: natural log P(candidates[g][c][t] | text[:prefix], candidates[g][c][:t])
  std::vector<std::vector<std::vector<float>>> logprobs;
  Usage usage;
};
using ScoreSink = std::function<void(Result<ScoreReply>)>;

struct EngineInfo {
  std::string model_path, model_name, architecture, device;
  int context_length = 0, n_vocab = 0;
  std::uint64_t fingerprint = 0;
};

struct EngineStats {
  std::size_t resident_bytes = 0, kv_bytes = 0, cached_tokens = 0;
  std::int64_t prompt_tokens = 0, reread_tokens = 0, completion_tokens = 0, requests = 0;
  int running = 0, waiting = 0;
  std::int64_t last_token_unix_ms = 0;  // health: a token came lately
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual RequestId submit(GenerateRequest request, GenerateSink sink) = 0;
  virtual RequestId score(ScoreRequest request, ScoreSink sink) = 0;
  // The request ends with Finish::cancelled within 50 ms; unknown ids are ignored.
  virtual void cancel(RequestId id) = 0;
  virtual const EngineInfo& info() const = 0;
  virtual EngineStats stats() const = 0;
  // Tokenizer and chat format are loaded on the caller's side of the wall.
  virtual std::shared_ptr<const Tokenizer> tokenizer() const = 0;
  virtual std::shared_ptr<const ChatFormat> chat_format() const = 0;
};

struct EngineOptions {
  std::string model_path;
  BackendOptions backend;
  int context_length = 0;              // 0: the model's
  std::size_t cache_bytes = 0;         // prefix cache budget; 0: a quarter of free memory
};

// In this process, with an engine thread of its own.
Result<std::shared_ptr<Engine>> open_local_engine(const EngineOptions& options);

// Blocking helpers for callers that have a thread to spare; `context` cancels.
struct Generated { std::vector<TokenId> ids; std::string text; std::vector<TokenLogprob> logprobs; Finish finish; Usage usage; };
Result<Generated> generate(Engine& engine, const Context& context, GenerateRequest request);
Result<ScoreReply> score(Engine& engine, const Context& context, ScoreRequest request);

}  // namespace wright::engine
