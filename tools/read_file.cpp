#include "tools/read_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/limits.h"
#include "base/utf8.h"
#include "tools/fs/workspace.h"

namespace wright::tools {

namespace {

constexpr std::string_view kSchema = R"({"type":"object","properties":{
"path":{"type":"string","minLength":1,"description":"file, relative to the workspace"},
"offset":{"type":"integer","minimum":1,"description":"first line, from 1"},
"limit":{"type":"integer","minimum":1,"description":"how many lines at most"}},
"required":["path"],"additionalProperties":false})";

constexpr std::size_t kBinaryProbeBytes = 8192;  // a NUL in here means binary, as git decides

bool binary(std::string_view bytes) { return bytes.substr(0, kBinaryProbeBytes).find('\0') != bytes.npos; }

// Without the part of the line that does not fit, cut at a whole character.
std::string shown(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (line.size() <= limits::kReadLineBytes) return utf8::repair(line);
  const std::string_view head = line.substr(0, utf8::complete_prefix(line.substr(0, limits::kReadLineBytes)));
  return fmt::format("{} [… {} more bytes]", utf8::repair(head), line.size() - head.size());
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// Files of the same folder, or of the same name elsewhere near, that may have been meant.
std::string nearby(const Workspace& workspace, const std::string& name) {
  namespace fs = std::filesystem;
  const fs::path wanted(name);
  const std::string stem = wanted.stem().string();
  std::error_code error;
  std::string out;
  int found = 0, looked = 0;
  for (fs::directory_iterator it(fs::path(workspace.path()) / wanted.parent_path(), error), end; !error && it != end && found < 5; it.increment(error)) {
    if (++looked > 2000) break;
    const std::string leaf = it->path().filename().string();
    const std::string other = it->path().stem().string();
    if (other.empty() || stem.empty() || (other.find(stem) == other.npos && stem.find(other) == stem.npos)) continue;
    out += (found++ ? ", " : "; near it: ") + utf8::repair((wanted.parent_path() / leaf).string());
  }
  return out;
}

std::string notes(std::string_view bytes, bool bom) {
  std::string out;
  if (bom) out += "\n[starts with a byte order mark; edits keep it]";
  if (bytes.find("\r\n") != bytes.npos) out += "\n[lines end in CRLF; edits keep that]";
  if (!utf8::valid(bytes)) out += "\n[not UTF-8: unreadable bytes are shown as \uFFFD]";
  return out;
}

ToolResult run(ToolCall& call) {
  const auto name = call.workspace.relative(call.args["path"].get<std::string>());
  if (!name.ok()) return tool_error(name.error().text());
  if (call.workspace.is_folder(*name)) return tool_error(*name + " is a folder; use list_dir");
  const auto read = call.workspace.read(*name);
  if (!read.ok()) {
    const bool missing = read.error().kind == ErrorKind::not_found;
    return tool_error(missing ? *name + " does not exist" + nearby(call.workspace, *name) : read.error().text());
  }
  if (binary(*read)) return tool_error(fmt::format("{} is binary ({} bytes), not text", *name, read->size()));
  std::string_view text = *read;
  const bool bom = text.starts_with("\xEF\xBB\xBF");
  if (bom) text.remove_prefix(3);
  const auto lines = lines_of(text);
  if (lines.empty()) return {"[empty file]", false, {}, nullptr};
  const auto offset = static_cast<std::size_t>(call.args.value("offset", std::int64_t{1}));
  const auto limit = static_cast<std::size_t>(call.args.value("limit", std::int64_t{limits::kReadLines}));
  if (offset > lines.size()) return tool_error(fmt::format("{} has {} lines; offset {} is past its end", *name, lines.size(), offset));
  std::string out;
  std::size_t at = offset - 1;
  for (; at < lines.size() && at - (offset - 1) < limit; ++at) {
    const std::string line = fmt::format("{}\t{}\n", at + 1, shown(lines[at]));
    if (out.size() + line.size() > limits::kToolOutputBytes - 512) break;  // room for the notes
    out += line;
  }
  if (at < lines.size()) out += fmt::format("[lines {}-{} of {}; continue with offset {}]", offset, at, lines.size(), at + 1);
  else out.pop_back();
  out += notes(text, bom);
  return {std::move(out), false, {}, {{"path", *name}, {"first", offset}, {"last", at}, {"lines", lines.size()}}};
}

}  // namespace

Tool read_file_tool() { return {{"read_file", Effect::read, kSchema, "read a text file, in numbered lines"}, run}; }

}  // namespace wright::tools
