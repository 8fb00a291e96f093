// OpenAI's Chat Completions wire, streamed. See platform.openai.com/docs/api-reference/chat; servers that copy it differ in what
// they leave out, so every field of a reply is optional.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "agent/providers/providers.h"

namespace wright::agent {

Result<std::shared_ptr<Model>> make_openai_chat(const ProviderConfig& config);

// The request's body.
nlohmann::json openai_chat_body(const std::string& model, const ModelRequest& request);

// Gathers the chunks of one streamed reply.
class OpenAiStream {
 public:
  // One `data:` payload. Deltas go to `sink`. An error for a chunk that is not JSON or that carries the server's error.
  Result<void> chunk(std::string_view data, const std::function<void(const ModelDelta&)>& sink);
  bool ended() const { return ended_; }  // [DONE] or a finish reason came
  // The reply; an error when it was cut off or a call's arguments are not whole. Nothing partial is handed out.
  Result<ModelReply> finish();

 private:
  struct Call {
    std::string id, name, arguments;
    bool announced = false;
  };
  Call& call_at(std::int64_t index, const std::string& id);
  std::string text_, reasoning_, finish_;
  std::vector<std::pair<std::int64_t, Call>> calls_;
  ModelUsage usage_;
  bool ended_ = false;
};

}  // namespace wright::agent
