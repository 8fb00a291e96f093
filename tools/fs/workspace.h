// The user's folder as the tools see it: every access goes through WorkspaceRoot (base/file.h), writes are atomic and keep
// mode, line endings and links, and a file that changed since the model read it is a conflict. One a session; the
// methods may be called from several pool threads.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace wright::tools {

struct CommandPolicy;  // tools/exec/sandbox.h

// Told before a file changes, so that a checkpoint can keep its before-image. `existed` false: it will be created.
class ChangeListener {
 public:
  virtual ~ChangeListener() = default;
  virtual Result<void> before_change(const std::string& name) = 0;
  virtual Result<void> before_command(const std::string& command) = 0;
};

class Workspace {
 public:
  static Result<std::unique_ptr<Workspace>> open(const std::string& folder);

  const std::string& path() const { return root_.path(); }
  const WorkspaceRoot& root() const { return root_; }
  // "src/a.cpp" from "src/a.cpp", "./src/a.cpp" or an absolute path inside; "." for the folder itself; an error names one
  // that leads outside.
  Result<std::string> relative(std::string_view path) const;

  // Reads whole text and remembers its hash as "what the model saw".
  Result<std::string> read(const std::string& name);
  // Reads without remembering.
  Result<std::string> peek(const std::string& name) const;
  // `conflict` if the file changed since read() (or exists although it was never read and `must_have_read`). Atomic: a reader
  // sees the old or the new bytes; a write by someone else in between is found and kept. Keeps mode, owner and extended
  // attributes; creates parents; follows a link that stays inside; a file with several hard links is written in place, so
  // that all names see the new text. Anything under a `.git` is refused. The caller passes final bytes.
  Result<void> write(const std::string& name, std::string_view bytes, bool must_have_read = true);
  // A file or link; `conflict` if it changed since read().
  Result<void> remove(const std::string& name);
  // `conflict` when `to` exists.
  Result<void> rename(const std::string& from, const std::string& to);
  Result<void> set_executable(const std::string& name, bool on);
  // Whether read() or write() remembered this file.
  bool was_read(const std::string& name) const;
  bool exists(const std::string& name) const;
  bool is_folder(const std::string& name) const;
  // Whether any component of `name` is git's own folder, by git's rules for all systems (".GIT", "git~1", ".git " …).
  static bool in_git_folder(std::string_view name);

  void set_listener(ChangeListener* listener) { listener_ = listener; }  // not owned, outlives use
  ChangeListener* listener() const { return listener_; }

  // Environment and limits of commands (tools/exec); set by the session.
  std::shared_ptr<const CommandPolicy> commands;

 private:
  explicit Workspace(WorkspaceRoot root) : root_(std::move(root)) {}
  Result<std::string> checked(std::string_view name) const;
  Result<void> agrees(const std::string& name, const std::string& now, bool must_have_read) const;
  Result<void> create(const std::string& name, std::string_view bytes);
  Result<void> replace(const std::string& name, int old_fd, const std::string& old_bytes, std::string_view bytes);
  void remember(const std::string& name, std::string_view bytes);
  WorkspaceRoot root_;
  ChangeListener* listener_ = nullptr;
  mutable std::mutex mutex_;                  // guards seen_
  std::map<std::string, std::string> seen_;   // name -> sha256 of what was read or written last
};

}  // namespace wright::tools
