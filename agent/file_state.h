// One name of the workspace at one moment: what lies there, its mode, its bytes (kept in the object store) or link target; and
// putting such a state back. Never leaves the workspace (base/file.h). Any thread, for distinct names.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "tools/repo/object_store.h"

namespace wright::agent {

struct FileState {
  enum class Kind : char { absent = '-', file = 'f', link = 'l', folder = 'd', other = 'o' };  // other: pipe, socket, device
  Kind kind = Kind::absent;
  unsigned mode = 0;    // permission bits; of files and folders
  std::string content;  // file: object id; link: its target
  bool operator==(const FileState&) const = default;
};

// Names and link targets are bytes: a JSON string where they are UTF-8, else an array of numbers.
nlohmann::json bytes_to_json(const std::string& bytes);
Result<std::string> bytes_from_json(const nlohmann::json& json);
nlohmann::json to_json(const FileState& state);
Result<FileState> file_state_from_json(const nlohmann::json& json);

// What lies at `name` now. `keep`: also stores the bytes; otherwise only their id is computed.
Result<FileState> capture(const WorkspaceRoot& root, tools::ObjectStore& store, const std::string& name, bool keep);

// Makes `name` what `state` says. A folder that holds something is not removed; a file with several hard links is written in
// place, so that all its names follow.
Result<void> restore(const WorkspaceRoot& root, const tools::ObjectStore& store, const std::string& name, const FileState& state);

}  // namespace wright::agent
