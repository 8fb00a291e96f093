#include "agent/instructions.h"

#include <fmt/format.h>

#include "agent/prompts.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/utf8.h"

namespace wright::agent {
namespace {

constexpr const char* kNames[] = {"AGENTS.override.md", "AGENTS.md", "CLAUDE.md"};

std::string parent_of(const std::string& folder) {
  const auto slash = folder.rfind('/');
  return slash == std::string::npos || folder == "/" ? "" : slash == 0 ? "/" : folder.substr(0, slash);
}

std::string join(const std::string& folder, const char* name) { return folder + (folder.ends_with("/") ? "" : "/") + name; }

// The folders from the project's root down to cwd.
std::vector<std::string> folders_to(const std::string& cwd) {
  std::vector<std::string> chain;
  for (std::string at = cwd; !at.empty(); at = parent_of(at)) {
    chain.insert(chain.begin(), at);
    if (exists(join(at, ".git"))) return chain;
  }
  return {cwd};
}

// The first of the names in `folder` that is not blank.
void take_first(Instructions& out, const std::string& folder, std::size_t& left) {
  for (const char* name : kNames) {
    const std::string path = join(folder, name);
    if (left == 0 || !exists(path)) continue;
    auto text = read_file(path, limits::kReadFileBytes);
    if (!text) {
      out.warnings.push_back(text.error().text());
      continue;
    }
    if (text->find_first_not_of(" \t\r\n") == std::string::npos) continue;
    if (!utf8::valid(*text)) {
      out.warnings.push_back(path + " is not UTF-8; malformed bytes were replaced");
      *text = utf8::repair(*text);
    }
    InstructionFile file{path, std::move(*text), false};
    if (file.text.size() > left) {
      file.cut = true;
      file.text.resize(utf8::complete_prefix(std::string_view(file.text).substr(0, left)));
      left = 0;
    } else {
      left -= file.text.size();
    }
    out.files.push_back(std::move(file));
    return;
  }
}

}  // namespace

Instructions find_instructions(const std::string& home, const std::string& cwd) {
  Instructions out;
  std::size_t left = kInstructionBytes;
  if (!home.empty()) take_first(out, home, left);
  for (const std::string& folder : folders_to(cwd))
    if (folder != home) take_first(out, folder, left);
  return out;
}

std::string instructions_text(const Instructions& instructions) {
  if (instructions.files.empty()) return "";
  std::string out(prompt_text("instructions"));
  for (const InstructionFile& file : instructions.files)
    out += fmt::format("\n\n--- {}{} ---\n{}", file.path, file.cut ? " (cut)" : "", file.text);
  return out;
}

std::string instructions_notice(const Instructions& instructions) {
  std::string out;
  for (const InstructionFile& file : instructions.files)
    out += fmt::format("{}{} ({} bytes{})", out.empty() ? "Instructions read: " : ", ", file.path, file.text.size(), file.cut ? ", cut" : "");
  for (const std::string& warning : instructions.warnings) out += (out.empty() ? "" : "; ") + warning;
  return out;
}

}  // namespace wright::agent
