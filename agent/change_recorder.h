// Ties checkpoints to the calls of one turn: as the workspace's ChangeListener it keeps a before-image ahead of every write, and
// end() finds out what the call changed. One a turn; writing calls run one at a time, so it needs no lock of its own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/checkpoint.h"
#include "agent/session.h"
#include "tools/fs/workspace.h"

namespace wright::agent {

class ChangeRecorder final : public tools::ChangeListener {
 public:
  // `checkpoints` null: records nothing. Installs itself as the workspace's listener, and removes itself when it dies.
  ChangeRecorder(Session& session, tools::Workspace& workspace, Checkpoints* checkpoints, std::string turn);
  ~ChangeRecorder() override;
  ChangeRecorder(const ChangeRecorder&) = delete;
  ChangeRecorder& operator=(const ChangeRecorder&) = delete;

  void begin(std::string label) { label_ = std::move(label); }  // a call that may write starts
  // It ended: stores a checkpoint item when something changed and returns the names.
  Result<std::vector<std::string>> end();

  Result<void> before_change(const std::string& name) override;
  Result<void> before_command(const std::string& command) override;

 private:
  Result<void> close(std::optional<Checkpoint>& open, std::vector<std::string>& names);
  Session& session_;
  tools::Workspace& workspace_;
  Checkpoints* const checkpoints_;
  tools::ChangeListener* const outer_;  // who listened before
  const std::string turn_;
  std::string label_;
  std::optional<Checkpoint> edit_, command_;  // open now
  bool listed_ = false;                       // what is not covered was said once
};

}  // namespace wright::agent
