#include "tools/write_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "tools/fs/workspace.h"
#include "tools/patch/unified_diff.h"

namespace wright::tools {

namespace {

constexpr std::string_view kSchema = R"({"type":"object","properties":{
"path":{"type":"string","minLength":1,"description":"file, relative to the workspace"},
"content":{"type":"string","description":"the whole text"}},
"required":["path","content"],"additionalProperties":false})";

constexpr std::string_view kBom = "\xEF\xBB\xBF";

bool all_crlf(std::string_view text) {
  std::size_t lines = 0;
  for (std::size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1), ++lines)
    if (at == 0 || text[at - 1] != '\r') return false;
  return lines > 0;
}

// `content` with the byte order mark and the CRLF endings that the file had.
std::string as_before(std::string_view before, const std::string& content) {
  std::string out = before.starts_with(kBom) && !content.starts_with(kBom) ? std::string(kBom) : "";
  if (!all_crlf(before) || content.find('\r') != content.npos) return out + content;
  for (const char c : content) out += c == '\n' ? "\r\n" : std::string(1, c);
  return out;
}

ToolResult run(ToolCall& call) {
  const auto name = call.workspace.relative(call.args["path"].get<std::string>());
  if (!name.ok()) return tool_error(name.error().text());
  std::string content = call.args["content"].get<std::string>();
  if (content.size() > limits::kReadFileBytes)
    return tool_error(fmt::format("content has {} bytes; at most {} are written", content.size(), limits::kReadFileBytes));
  const bool existed = call.workspace.exists(*name);
  std::optional<std::string> before;
  if (existed && !call.workspace.is_folder(*name))
    if (auto text = call.workspace.peek(*name); text.ok()) before = std::move(*text);
  if (before) content = as_before(*before, content);
  if (const auto written = call.preview ? Result<void>() : call.workspace.write(*name, content, true); !written.ok()) return tool_error(written.error().text());
  const auto lines = std::count(content.begin(), content.end(), '\n') + (content.empty() || content.ends_with('\n') ? 0 : 1);
  ToolResult out{fmt::format("{} {}, {} line{}", existed ? "Replaced" : "Created", *name, lines, lines == 1 ? "" : "s"), false, {*name}, nullptr};
  out.data = {{"path", *name}, {"created", !existed}, {"diff", patch::make_unified_diff(before, content, {*name})}};
  return out;
}

}  // namespace

Tool write_file_tool() { return {{"write_file", Effect::write, kSchema, "create or replace a file"}, run}; }

}  // namespace wright::tools
