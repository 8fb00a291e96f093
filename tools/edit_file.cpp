#include "tools/edit_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/fs/workspace.h"
#include "tools/patch/edit_text.h"
#include "tools/patch/endings.h"
#include "tools/patch/lines.h"
#include "tools/patch/patch.h"
#include "tools/patch/seek.h"
#include "tools/patch/unified_diff.h"

namespace wright::tools {

namespace {

constexpr std::string_view kSchema = R"({"type":"object","properties":{
"path":{"type":"string","minLength":1,"description":"file, relative to the workspace"},
"old_string":{"type":"string","minLength":1,"description":"text of the file to replace"},
"new_string":{"type":"string","description":"text to put there"},
"replace_all":{"type":"boolean","description":"replace every occurrence"}},
"required":["path","old_string","new_string"],"additionalProperties":false})";

constexpr std::size_t kShownCandidates = 8;
constexpr std::size_t kShownAround = 2;  // lines

ToolResult ambiguous(const std::string& name, const patch::TextEdit& edit, const patch::Lines& lines) {
  std::string text = fmt::format("old_string occurs {} times in {}{}; add lines around it, or set replace_all:\n", edit.places.size(), name,
                                 edit.exact ? "" : " (indentation ignored)");
  for (std::size_t i = 0; i < std::min(edit.places.size(), kShownCandidates); ++i) {
    const auto& p = edit.places[i];
    const std::size_t begin = p.first_line > kShownAround ? p.first_line - 1 - kShownAround : 0;
    text += fmt::format("at line {}:\n{}", p.first_line, patch::numbered(lines, begin, std::min(p.last_line, p.first_line + 3) + kShownAround));
  }
  if (edit.places.size() > kShownCandidates) text += fmt::format("and {} more\n", edit.places.size() - kShownCandidates);
  return tool_error(std::move(text));
}

// "   12\tcode": copied from read_file with its numbers.
bool has_line_numbers(const patch::Lines& lines) {
  return !lines.empty() && std::all_of(lines.begin(), lines.end(), [](std::string_view line) {
    const std::string_view rest = patch::trim_left(line);
    const std::size_t digits = rest.find_first_not_of("0123456789");
    return digits != rest.npos && digits > 0 && rest[digits] == '\t';
  });
}

ToolResult not_found(const std::string& name, const std::string& text, const std::string& old_string, const std::string& new_string, const patch::Lines& lines) {
  const patch::Lines wanted = patch::split_bare(old_string);
  std::string message = "old_string is not in " + name + "; copy it from the file as it stands.";
  if (has_line_numbers(wanted)) message += " Leave the line numbers of read_file out.";
  else if (!new_string.empty() && text.find(new_string) != text.npos) message += " new_string is there already.";
  message += "\n" + patch::did_you_mean(name, lines, wanted);
  return tool_error(std::move(message));
}

ToolResult run(ToolCall& call) {
  Workspace& workspace = call.workspace;
  const auto name = workspace.relative(call.args["path"].get<std::string>());
  if (!name.ok()) return tool_error(name.error().text());
  if (workspace.is_folder(*name)) return tool_error(*name + " is a folder; name a file");
  patch::WorkspaceReader reader(workspace);
  const auto bytes = reader.read(*name);
  if (!bytes.ok())
    return tool_error(bytes.error().kind == ErrorKind::not_found ? *name + " does not exist; write_file creates files" : bytes.error().text());
  if (bytes->find('\0') != bytes->npos) return tool_error(*name + " is binary, not text");
  const auto file = patch::to_lf_text(*bytes);
  const std::string old_string = patch::to_lf(call.args["old_string"].get<std::string>());
  const std::string new_string = patch::to_lf(call.args["new_string"].get<std::string>());
  if (old_string == new_string) return tool_error("old_string and new_string are the same; nothing would change");
  const auto edit = patch::edit_text(file.text, old_string, new_string, call.args.value("replace_all", false));
  const patch::Lines lines = patch::split_bare(file.text);
  if (edit.outcome == patch::TextEdit::Outcome::ambiguous) return ambiguous(*name, edit, lines);
  if (edit.outcome == patch::TextEdit::Outcome::not_found) return not_found(*name, file.text, old_string, new_string, lines);
  const std::string after = patch::from_lf_text(file, edit.text);
  if (after == *bytes) return tool_error("the edit would change nothing in " + *name);
  if (const auto written = call.preview ? Result<void>() : workspace.write(*name, after, false); !written.ok()) return tool_error(written.error().text());
  const patch::Lines fresh = patch::split_bare(edit.text);
  const auto& first = edit.places.front();
  const std::size_t begin = first.first_line > kShownAround ? first.first_line - 1 - kShownAround : 0;
  const std::size_t shown = first.first_line + static_cast<std::size_t>(std::count(new_string.begin(), new_string.end(), '\n')) + 1 + kShownAround;
  std::string text = fmt::format("Edited {}: {} place{}{}\n", *name, edit.places.size(), edit.places.size() == 1 ? "" : "s",
                                 edit.exact ? "" : "; old_string matched except for blanks at line ends, and new_string was indented to fit");
  text += patch::numbered(fresh, begin, std::min(shown, begin + 40));
  ToolResult out{std::move(text), false, {*name}, nullptr};
  out.data = {{"path", *name}, {"places", edit.places.size()}, {"exact", edit.exact}, {"diff", patch::make_unified_diff(*bytes, after, {*name})}};
  return out;
}

}  // namespace

Tool edit_file_tool() { return {{"edit_file", Effect::write, kSchema, "replace a string in a file"}, run}; }

}  // namespace wright::tools
