#include "tools/apply_patch.h"

#include <algorithm>

#include "tools/fs/workspace.h"
#include "tools/patch/patch.h"

namespace wright::tools {

namespace {

constexpr std::string_view kSchema = R"({"type":"object","properties":{
"patch":{"type":"string","minLength":1,"description":"*** Begin Patch … *** End Patch, or a unified diff"}},
"required":["patch"],"additionalProperties":false})";

ToolResult run(ToolCall& call) {
  patch::WorkspaceReader reader(call.workspace);
  const patch::Plan plan = patch::make_plan(patch::Format::automatic, call.args["patch"].get_ref<const std::string&>(), reader);
  if (plan.failure) return tool_error("Nothing was changed: " + plan.failure->error.text() + "\n" + plan.failure->detail);
  if (plan.changes.empty()) return tool_error("The patch changes nothing.");
  if (const auto applied = call.preview ? Result<void>() : patch::apply_plan(call.workspace, plan.changes); !applied.ok())
    return tool_error("Nothing was changed: " + applied.error().text());
  ToolResult out;
  for (const auto& c : plan.changes) {
    out.changed_files.push_back(c.path);
    const bool moved = std::any_of(plan.changes.begin(), plan.changes.end(), [&](const patch::FileChange& o) { return o.moved_from == c.path; });
    if (moved && !c.after) continue;  // told with its new name
    const std::string action = !c.after ? "D " : !c.moved_from.empty() ? "R " + c.moved_from + " -> " : c.before ? "M " : "A ";
    out.text += action + c.path + "\n";
  }
  for (const auto& note : plan.notes) out.text += "Note: " + note + "\n";
  out.data = {{"hunks", plan.hunks}, {"offset", plan.offset}, {"diff", patch::plan_diff(plan.changes)}};
  return out;
}

}  // namespace

Tool apply_patch_tool() { return {{"apply_patch", Effect::write, kSchema, "change several files by a patch"}, run}; }

}  // namespace wright::tools
