// The models that the agent can ask: the embedded engine, and hosted or local servers that speak a known wire (table in
// providers.cpp). Keys come with the configuration, are held in memory and never logged.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/model.h"
#include "base/clock.h"
#include "engine/run/engine.h"

namespace wright::agent {

struct ProviderConfig {
  std::string wire = "openai";  // Chat Completions: OpenAI, vLLM, SGLang, Ollama, llama-server, DeepSeek, Mistral …
  std::string base_url;         // "https://host/v1"
  std::string api_key;          // from the client's environment; "" : none sent
  std::string model;
  std::vector<std::pair<std::string, std::string>> headers;
  int context_tokens = 128 * 1024;
  Duration retry_for = std::chrono::seconds(60);      // no new attempt later than this after the first
  Duration first_pause = std::chrono::milliseconds(500);  // between attempts, doubled each time, with jitter
  Duration idle_timeout = std::chrono::seconds(300);  // silence on the wire
};

Result<std::shared_ptr<Model>> make_provider(const ProviderConfig& config);

// The engine as a model. `guided`: too weak to drive a loop by itself.
std::shared_ptr<Model> make_local_model(std::shared_ptr<engine::Engine> engine, bool guided);

}  // namespace wright::agent
