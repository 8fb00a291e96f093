// A tree in memory for the planners, and the recorded cases' files. Test code, one thread.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tools/fs/workspace.h"
#include "tools/patch/patch.h"

namespace wright::test {

using Files = std::map<std::string, std::string>;

class MemoryReader final : public tools::patch::Reader {
 public:
  explicit MemoryReader(Files files) : files_(std::move(files)) {
    for (const auto& [name, text] : files_)
      for (std::size_t slash = name.find('/'); slash != name.npos; slash = name.find('/', slash + 1)) folders_.insert(name.substr(0, slash));
  }
  const Files& files() const { return files_; }
  Result<std::string> resolve(std::string_view path) override {
    std::string out = std::filesystem::path(path).lexically_normal().string();
    while (out.ends_with('/')) out.pop_back();
    if (path.starts_with('/') || out.starts_with("../") || out == "..") return Error{ErrorKind::refused, "outside", ""};
    if (tools::Workspace::in_git_folder(out)) return Error{ErrorKind::refused, "git", ""};
    return out.empty() ? "." : out;
  }
  tools::patch::NodeKind kind(const std::string& name) override {
    if (files_.contains(name)) return tools::patch::NodeKind::file;
    return folders_.contains(name) || name == "." ? tools::patch::NodeKind::folder : tools::patch::NodeKind::none;
  }
  Result<std::string> read(const std::string& name) override {
    if (const auto it = files_.find(name); it != files_.end()) return it->second;
    return Error{ErrorKind::not_found, name + " does not exist", ""};
  }
  std::vector<std::string> list() override {
    std::vector<std::string> out;
    for (const auto& [name, text] : files_) out.push_back(name);
    return out;
  }

 private:
  Files files_;
  std::set<std::string> folders_;
};

inline Files apply_to_memory(Files files, const std::vector<tools::patch::FileChange>& changes) {
  for (const auto& c : changes) {
    if (c.after) files[c.path] = *c.after;
    else files.erase(c.path);
  }
  return files;
}

inline std::string from_base64(const std::string& text) {
  std::string out;
  unsigned bits = 0;
  int have = 0;
  for (const char c : text) {
    const std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const auto at = alphabet.find(c);
    if (at == alphabet.npos) continue;
    bits = bits << 6 | static_cast<unsigned>(at);
    if ((have += 6) >= 8) out += static_cast<char>(bits >> (have -= 8) & 0xFF);
  }
  return out;
}

// "path" -> text, "b64:path" -> base64 of bytes.
inline Files case_files(const nlohmann::json& json) {
  Files out;
  for (const auto& [name, text] : json.items()) {
    if (name.starts_with("b64:")) out[name.substr(4)] = from_base64(text.get<std::string>());
    else out[name] = text.get<std::string>();
  }
  return out;
}

}  // namespace wright::test
