// The list of checkpoints on disk: one JSON line an event (opened, before, after, undone …), appended and synced before the write
// that it covers, read back with what other processes added. A cut last line (a crash) is ignored. Used under Checkpoints' lock.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/checkpoint.h"
#include "agent/file_state.h"
#include "base/file.h"

namespace wright::agent {

struct CheckpointRecord {
  Checkpoint head;
  struct Sides {
    FileState before;
    std::optional<FileState> after;  // nothing: the process died before it could say
  };
  std::map<std::string, Sides> files;
  bool command = false;   // has a manifest
  bool closed = false;    // the edit or command ended
  bool dropped = false;   // nothing had changed, or an undo that did not happen
};

class CheckpointJournal {
 public:
  static Result<std::unique_ptr<CheckpointJournal>> open(const std::string& path);

  // Appends a line and applies it. `sync`: on the disk when it returns.
  Result<void> add(const nlohmann::json& line, bool sync = true);
  // Reads what was appended since, by us or others.
  Result<void> refresh();
  // Held while an undo decides and acts, so that two processes do not undo at once.
  class Lock {
   public:
    explicit Lock(int fd);
    ~Lock();
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

   private:
    int fd_;
  };
  int fd() const { return fd_.get(); }

  const std::vector<CheckpointRecord>& records() const { return records_; }  // oldest first
  const CheckpointRecord* find(const std::string& id) const;

 private:
  explicit CheckpointJournal(UniqueFd fd) : fd_(std::move(fd)) {}
  void apply(const nlohmann::json& line);
  CheckpointRecord* find_mutable(const std::string& id);
  UniqueFd fd_;
  std::size_t read_ = 0;  // bytes of the file that were applied
  std::vector<CheckpointRecord> records_;
};

// Lines for add().
nlohmann::json opened_line(const CheckpointRecord& record);
nlohmann::json before_line(const std::string& id, const std::map<std::string, FileState>& files);
nlohmann::json after_line(const std::string& id, const std::map<std::string, CheckpointRecord::Sides>& files);
nlohmann::json dropped_line(const std::string& id);
nlohmann::json undone_line(const std::vector<std::string>& ids, bool undone);

}  // namespace wright::agent
