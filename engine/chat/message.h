// What chat templates render and reply parsers return. Plain values.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace wright::engine {

enum class Effort { none, low, medium, high };

struct ToolSpec {
  std::string name;
  std::string description;
  nlohmann::json parameters;  // JSON Schema of the arguments object
};

struct ChatToolCall {
  std::string id;
  std::string name;
  nlohmann::json arguments;  // an object
};

struct ChatMessage {
  std::string role;                     // system, developer, user, assistant, tool
  std::string content;
  std::string reasoning;                // assistant only
  std::vector<ChatToolCall> tool_calls; // assistant only
  std::string tool_call_id, name;       // tool only
};

}  // namespace wright::engine
