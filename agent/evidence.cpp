#include "agent/evidence.h"

#include <optional>

#include "agent/test_files.h"
#include "tools/patch/unified_diff.h"
#include "tools/repo/binary_patch.h"

namespace wright::agent {

namespace {

std::optional<std::string_view> side(bool there, const std::string& bytes) { return there ? std::optional<std::string_view>(bytes) : std::nullopt; }

std::string diff_of(const Checkpoints::Change& c) {
  tools::patch::DiffNames names{c.name};
  names.old_mode = c.existed ? c.mode_before : c.mode_after;
  names.new_mode = c.exists ? c.mode_after : c.mode_before;
  return tools::patch::make_unified_diff(side(c.existed, c.before), side(c.exists, c.after), names);
}

}  // namespace

std::string diff_of(const std::vector<Checkpoints::Change>& changes) {
  std::string out;
  for (const Checkpoints::Change& c : changes) out += diff_of(c);
  return out;
}

Result<std::string> whole_diff_of(const std::vector<Checkpoints::Change>& changes) {
  std::string out;
  for (const Checkpoints::Change& c : changes) {
    std::string text = diff_of(c);
    // The line that names a binary file is the last, after headers whose names hold no line breaks.
    const std::size_t last = text.empty() ? text.npos : text.rfind('\n', text.size() - 2);
    if (last != text.npos && std::string_view(text).substr(last + 1).starts_with("Binary files ") && (c.before + c.after).find('\0') != std::string::npos) {
      text.resize(last + 1);
      WRIGHT_TRY(const std::string bytes, tools::binary_patch(side(c.existed, c.before), side(c.exists, c.after)));
      text += bytes;
    }
    out += text;
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
