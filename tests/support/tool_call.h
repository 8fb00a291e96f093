// Calls a built-in tool as the loop would: arguments checked against its schema first.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tools/fs/workspace.h"
#include "tools/tool.h"

namespace wright::test {

inline tools::ToolResult call_tool(tools::Workspace& workspace, std::string_view name, nlohmann::json args, const Context& context = Context()) {
  const tools::Tool* tool = tools::find_tool(name);
  if (!tool) return tools::tool_error("no such tool");
  if (const auto good = tools::validate_arguments(tool->info, args); !good.ok()) return tools::tool_error(good.error().text());
  tools::ToolCall call{context, workspace, std::move(args), {}};
  return tool->run(call);
}

// The same in a folder opened for this one call.
inline tools::ToolResult call_tool(const std::string& folder, std::string_view name, nlohmann::json args) {
  auto workspace = tools::Workspace::open(folder);
  return workspace.ok() ? call_tool(**workspace, name, std::move(args)) : tools::tool_error(workspace.error().text());
}

}  // namespace wright::test
