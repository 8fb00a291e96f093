// The Model seam: what the loop asks, whoever answers (agent/providers). generate() blocks on a pool thread and streams
// through the sink; it retries what its provider's rules call retryable, and nothing partial is ever acted on.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agent/items.h"
#include "base/context.h"
#include "base/result.h"
#include "engine/chat/message.h"

namespace wright::agent {

using engine::Effort;
using engine::ToolSpec;

struct ModelRequest {
  std::string system;             // assembled by agent/prompt
  std::vector<Item> items;        // the conversation; providers translate to their wire
  std::vector<ToolSpec> tools;
  Effort effort = Effort::none;
  int max_tokens = 4096;
  nlohmann::json schema;          // reply must match it; null: free
  std::string cache_key;          // the session's id
};

struct ModelUsage { std::int64_t input = 0, cached = 0, output = 0, reasoning = 0; double cost_usd = 0; };

struct ModelDelta { enum class Kind { text, reasoning, tool_call_begin } kind; std::string text; };

struct ModelReply {
  std::vector<Item> items;        // reasoning, message, tool calls, in order; ids unset
  ModelUsage usage;
  std::string finish;             // stop, tool_calls, length
};

struct ModelInfo {
  std::string provider, name;     // "local", "SmolLM2-135M-Instruct"
  int context_tokens = 0;
  bool guided = false;            // too weak to drive a loop: agent/guided drives, the model scores and fills
  bool local = false;
};

class Model {
 public:
  virtual ~Model() = default;
  virtual const ModelInfo& info() const = 0;
  virtual Result<ModelReply> generate(const Context& context, const ModelRequest& request,
                                      const std::function<void(const ModelDelta&)>& sink) = 0;
  virtual int count_tokens(const std::string& text) const = 0;
};

}  // namespace wright::agent
