// Checkpoints: before-images of files in a bare repository in the state folder (no alternates, nothing in the user's .git),
// and their restoring. One object a workspace and process; methods may be called from any thread.
//
// An edit tool stores the before-image of the files that it names (ChangeListener); a command that may write takes a manifest
// through a stat cache, ignored files included up to limits::kCheckpointFileBytes. What is not covered is listed. Everything is
// on disk before the write that it covers begins, so a killed process leaves what `undo` needs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace wright::agent {

struct Checkpoint {
  std::string id;                      // "c_" + 16 hex
  std::string session, label;          // label: "edit_file src/a.py", "run_command make"
  std::string turn;                    // checkpoints of one task share it; "" : stands alone
  std::int64_t time_ms = 0;
  std::vector<std::string> files;      // that changed since, as far as known
  std::vector<std::string> not_covered;
  bool undone = false;
  std::string undoes;                  // an undo: the ids that it took back, blanks between
};

class Checkpoints {
 public:
  // `state`: the state folder; created when missing (0700).
  static Result<std::unique_ptr<Checkpoints>> open(const std::string& state, const std::string& workspace);
  virtual ~Checkpoints() = default;

  // A new checkpoint that keeps the present bytes, mode and link target (or absence) of `names`.
  virtual Result<Checkpoint> before_edit(const std::string& session, const std::string& label,
                                         const std::vector<std::string>& names, const std::string& turn = "") = 0;
  // More names for an open checkpoint of before_edit.
  virtual Result<void> extend(const std::string& id, const std::vector<std::string>& names) = 0;
  // A new checkpoint of every file of the workspace that fits the limits.
  virtual Result<Checkpoint> before_command(const std::string& session, const std::string& label, const std::string& turn = "") = 0;
  // Called when the command or edit ended: finds what changed and drops an empty checkpoint (id "" in the result then).
  virtual Result<Checkpoint> after_command(const Checkpoint& before) = 0;

  virtual Result<std::vector<Checkpoint>> list(std::size_t limit, const std::string& session = "") = 0;  // newest first
  // Restores every file of `id` (a checkpoint or a turn; "" = the newest turn of the workspace that is not undone) byte-exact. A
  // file that changed after Wright changed it is a conflict that names it, and nothing is restored, unless `force`. Undoing twice
  // goes further back; an undo is itself a checkpoint, so it can be undone by its id.
  struct Undone { Checkpoint checkpoint; std::vector<std::string> restored, removed; };
  virtual Result<Undone> undo(const std::string& id, bool force = false) = 0;

  // What differs now from before `id` (a checkpoint or a turn), sorted by name. Folders are left out.
  struct Change {
    std::string name, before, after;   // bytes; of a link its target
    bool existed = false, exists = false;
    unsigned mode_before = 0, mode_after = 0;  // as st_mode
  };
  virtual Result<std::vector<Change>> changes(const std::string& id) = 0;
};

}  // namespace wright::agent
