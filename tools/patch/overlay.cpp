#include "tools/patch/overlay.h"

#include <algorithm>

namespace wright::tools::patch {

NodeKind Overlay::kind(const std::string& name) {
  if (const auto it = nodes_.find(name); it != nodes_.end() && (it->second.now || it->second.before))
    return it->second.now ? NodeKind::file : NodeKind::none;
  if (folders_.contains(name)) return NodeKind::folder;
  return reader_.kind(name);
}

Result<std::string> Overlay::read(const std::string& name) {
  if (const auto it = nodes_.find(name); it != nodes_.end()) {
    if (it->second.now) return *it->second.now;
    return Error{ErrorKind::not_found, name + " does not exist", "name an existing file"};
  }
  return reader_.read(name);
}

Overlay::Node& Overlay::touch(const std::string& name) {
  const auto it = nodes_.find(name);
  if (it != nodes_.end()) return it->second;
  Node node{std::nullopt, std::nullopt, nodes_.size()};
  if (reader_.kind(name) == NodeKind::file)
    if (auto text = reader_.read(name); text.ok()) node.before = node.now = std::move(*text);
  return nodes_.emplace(name, std::move(node)).first->second;
}

Result<void> Overlay::write(const std::string& name, std::string text) {
  const NodeKind now = kind(name);
  if (name == "." || now == NodeKind::folder) return Error{ErrorKind::usage, name + " is a folder", "name a file"};
  if (now == NodeKind::other) return Error{ErrorKind::usage, name + " is not a regular file", "name a file"};
  std::vector<std::string> parents;
  for (std::size_t slash = name.find('/'); slash != name.npos; slash = name.find('/', slash + 1)) parents.push_back(name.substr(0, slash));
  for (const auto& parent : parents)
    if (const NodeKind k = kind(parent); k == NodeKind::file || k == NodeKind::other)
      return Error{ErrorKind::usage, parent + " is a file, so " + name + " cannot be made", "choose another path"};
  folders_.insert(parents.begin(), parents.end());
  touch(name).now = std::move(text);
  return {};
}

Result<void> Overlay::remove(const std::string& name) {
  const NodeKind now = kind(name);
  if (now == NodeKind::none) return Error{ErrorKind::not_found, name + " does not exist", "name an existing file"};
  if (now != NodeKind::file) return Error{ErrorKind::usage, name + " is not a file", "name the files one by one"};
  touch(name).now.reset();
  return {};
}

std::vector<FileChange> Overlay::changes() {
  std::vector<std::pair<std::size_t, FileChange>> found;
  for (auto& [name, node] : nodes_) {
    const auto mode = executable_.find(name);
    const bool sets_mode = mode != executable_.end() && node.now;
    if (node.before == node.now && !sets_mode) continue;
    FileChange change{name, node.before, node.now, "", sets_mode ? std::optional(mode->second) : std::nullopt};
    if (const auto move = moves_.find(name); move != moves_.end() && node.now && !node.before)
      if (const auto from = nodes_.find(move->second); from != nodes_.end() && from->second.before && !from->second.now)
        change.moved_from = move->second;
    found.emplace_back(node.order, std::move(change));
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<FileChange> out;
  for (auto& [order, change] : found) out.push_back(std::move(change));
  return out;
}

}  // namespace wright::tools::patch
