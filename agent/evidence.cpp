#include "agent/evidence.h"

#include <optional>

#include "agent/test_files.h"
#include "tools/patch/unified_diff.h"

namespace wright::agent {

std::string diff_of(const std::vector<Checkpoints::Change>& changes) {
  std::string out;
  for (const Checkpoints::Change& c : changes) {
    const auto side = [](bool there, const std::string& bytes) { return there ? std::optional<std::string_view>(bytes) : std::nullopt; };
    tools::patch::DiffNames names{c.name};
    names.old_mode = c.existed ? c.mode_before : c.mode_after;
    names.new_mode = c.exists ? c.mode_after : c.mode_before;
    out += tools::patch::make_unified_diff(side(c.existed, c.before), side(c.exists, c.after), names);
  }
  return out;
}

Result<Evidence> evidence_of(Checkpoints& checkpoints, const std::string& turn) {
  Evidence out;
  WRIGHT_TRY(const std::vector<Checkpoints::Change> changes, checkpoints.changes(turn));
  out.diff = diff_of(changes);
  for (const Checkpoints::Change& c : changes) {
    out.files.push_back(c.name);
    if (is_test_file(c.name)) out.test_files.push_back(c.name);
  }
  return out;
}

}  // namespace wright::agent
