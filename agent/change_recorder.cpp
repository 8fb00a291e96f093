#include "agent/change_recorder.h"

#include <fmt/format.h>

namespace wright::agent {

ChangeRecorder::ChangeRecorder(Session& session, tools::Workspace& workspace, Checkpoints* checkpoints, std::string turn)
    : session_(session), workspace_(workspace), checkpoints_(checkpoints), outer_(workspace.listener()), turn_(std::move(turn)) {
  workspace_.set_listener(this);
}

ChangeRecorder::~ChangeRecorder() { workspace_.set_listener(outer_); }

Result<void> ChangeRecorder::before_change(const std::string& name) {
  if (outer_) WRIGHT_CHECK(outer_->before_change(name));
  if (!checkpoints_) return {};
  if (edit_) return checkpoints_->extend(edit_->id, {name});
  WRIGHT_TRY(edit_, checkpoints_->before_edit(session_.id(), label_.empty() ? "edit " + name : label_, {name}, turn_));
  return {};
}

Result<void> ChangeRecorder::before_command(const std::string& command) {
  if (outer_) WRIGHT_CHECK(outer_->before_command(command));
  if (!checkpoints_ || command_) return {};
  WRIGHT_TRY(command_, checkpoints_->before_command(session_.id(), label_.empty() ? "command " + command : label_, turn_));
  if (command_->not_covered.empty() || listed_) return {};
  listed_ = true;
  constexpr std::size_t kShown = 10;
  std::string names;
  for (std::size_t i = 0; i < command_->not_covered.size() && i < kShown; ++i)
    names += (i ? ", " : "") + command_->not_covered[i];
  if (command_->not_covered.size() > kShown) names += fmt::format(" and {} more", command_->not_covered.size() - kShown);
  WRIGHT_CHECK(session_.append(NoticeItem{"Not covered by undo should the command change it: " + names}));
  return {};
}

Result<void> ChangeRecorder::close(std::optional<Checkpoint>& open, std::vector<std::string>& names) {
  if (!open) return {};
  const Checkpoint before = *open;
  open.reset();
  WRIGHT_TRY(const Checkpoint done, checkpoints_->after_command(before));
  if (done.id.empty()) return {};
  names.insert(names.end(), done.files.begin(), done.files.end());
  WRIGHT_CHECK(session_.append(CheckpointItem{done.id, done.label, done.files}));
  return {};
}

Result<std::vector<std::string>> ChangeRecorder::end() {
  std::vector<std::string> names;
  const Result<void> command = close(command_, names), edit = close(edit_, names);
  label_.clear();
  WRIGHT_CHECK(command);
  WRIGHT_CHECK(edit);
  return names;
}

}  // namespace wright::agent
