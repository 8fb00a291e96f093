// A tool: something a model may call. Its words are in tools/NAME.md (embedded), its arguments a JSON Schema, its limits in
// base/limits.h. Tools know neither agent nor model; they run on a pool thread and block.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/context.h"
#include "base/result.h"

namespace wright::tools {

class Workspace;  // tools/fs/workspace.h: the user's folder, its file layer and what was read when

// What a call may do; approval is decided from this before dispatch.
enum class Effect {
  read,     // reads inside the workspace
  write,    // changes files that its arguments name
  execute,  // runs a command
  network,  // reaches out
};

struct ToolInfo {
  std::string_view name;
  Effect effect;
  std::string_view schema;   // JSON Schema text of the arguments object
  std::string_view summary;  // one line for --help and lists; the model reads tools/NAME.md
};

// What the model is told. A failed tool is not an Error: it is a result with is_error and words to act on.
struct ToolResult {
  std::string text;
  bool is_error = false;
  std::vector<std::string> changed_files;  // relative to the workspace
  nlohmann::json data;                     // structured copy for front ends, may be null
};

struct ToolCall {
  Context context;
  Workspace& workspace;
  nlohmann::json args;                                // validated against the schema before
  std::function<void(std::string_view)> on_progress;  // output of a running command; may be empty
  bool preview = false;  // tools of Effect::write: all but the writing, so that data["diff"] says what would change
};

struct Tool {
  ToolInfo info;
  ToolResult (*run)(ToolCall& call);
};

// Every built-in tool (tools/registry.cpp), sorted by name.
std::span<const Tool> builtin_tools();
const Tool* find_tool(std::string_view name);
// The .md text that the model reads.
std::string_view tool_description(std::string_view name);
// Checks args against the tool's schema: types, required, unknown names, enum. The error names the field.
Result<void> validate_arguments(const ToolInfo& info, const nlohmann::json& args);

inline ToolResult tool_error(std::string text) { return {std::move(text), true, {}, nullptr}; }

}  // namespace wright::tools
