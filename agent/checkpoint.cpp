// Order of writing, so that a kill at any moment leaves what undo needs: bytes into the object store, then the journal's line,
// then (the caller) the user's file. A record without an "after" belongs to a process that died: what lies there now is taken for
// Wright's work, and since an undo keeps what it overwrites, nothing is lost if it was not.
//
// undo() merges the checkpoints of a turn: a file's "before" comes from the oldest that names it, its "after" from the newest; a gap
// between two of them, or between the newest and now, is somebody else's edit: a conflict.
#include "agent/checkpoint.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/checkpoint_journal.h"
#include "agent/manifest.h"
#include "agent/store.h"
#include "base/clock.h"
#include "base/hash.h"

namespace wright::agent {
namespace {

using Sides = CheckpointRecord::Sides;
using Files = std::map<std::string, Sides>;

constexpr std::size_t kSyncedReads = 64;  // more new files than this are left to the kernel: a crash of the machine, not ours, loses them

// The folders above `name` that are not there yet: an undo removes them again.
void add_missing_folders(const WorkspaceRoot& root, const std::string& name, std::map<std::string, FileState>& out) {
  for (std::size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
    const std::string folder = name.substr(0, slash);
    if (!root.open_at(folder, O_PATH | O_DIRECTORY).ok()) out.emplace(folder, FileState{});
  }
}

std::string short_list(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < names.size() && i < 5; ++i) out += (i ? ", " : "") + names[i];
  return names.size() > 5 ? fmt::format("{} and {} more", out, names.size() - 5) : out;
}

class DiskCheckpoints final : public Checkpoints {
 public:
  DiskCheckpoints(std::string folder, WorkspaceRoot root, std::unique_ptr<tools::ObjectStore> store, std::unique_ptr<CheckpointJournal> journal)
      : folder_(std::move(folder)), root_(std::move(root)), store_(std::move(store)), journal_(std::move(journal)) {}

  Result<Checkpoint> before_edit(const std::string& session, const std::string& label, const std::vector<std::string>& names,
                                 const std::string& turn) override {
    std::lock_guard lock(mutex_);
    CheckpointRecord record = make(session, label, turn);
    WRIGHT_CHECK(journal_->add(opened_line(record), false));
    WRIGHT_CHECK(keep(record.head.id, names));
    return journal_->find(record.head.id)->head;
  }

  Result<void> extend(const std::string& id, const std::vector<std::string>& names) override {
    std::lock_guard lock(mutex_);
    if (!journal_->find(id)) return Error{ErrorKind::not_found, fmt::format("there is no checkpoint '{}'", id), ""};
    return keep(id, names);
  }

  Result<Checkpoint> before_command(const std::string& session, const std::string& label, const std::string& turn) override {
    std::lock_guard lock(mutex_);
    WRIGHT_CHECK(look());
    CheckpointRecord record = make(session, label, turn);
    record.command = true;
    // The cache file is never changed in place, so a second name for it keeps this moment at no cost.
    if (::link(cache_path().c_str(), manifest_path(record.head.id).c_str()) != 0)
      return errno_error("keep the manifest", manifest_path(record.head.id), errno);
    held_ = record.head.id;
    WRIGHT_CHECK(journal_->add(opened_line(record)));
    Checkpoint out = record.head;
    out.not_covered = manifest_.not_covered;
    return out;
  }

  Result<Checkpoint> after_command(const Checkpoint& before) override {
    std::lock_guard lock(mutex_);
    const CheckpointRecord* record = journal_->find(before.id);
    if (!record) return Error{ErrorKind::not_found, fmt::format("there is no checkpoint '{}'", before.id), ""};
    Files files = record->files;
    if (record->command) {
      WRIGHT_TRY(files, command_changes(before.id));
    } else {
      for (auto& [name, sides] : files) {
        WRIGHT_TRY(sides.after, capture(root_, *store_, name, false));
      }
    }
    std::erase_if(files, [](const auto& entry) { return entry.second.after == entry.second.before; });
    ::unlink(manifest_path(before.id).c_str());
    if (files.empty()) {
      WRIGHT_CHECK(journal_->add(dropped_line(before.id)));
      return Checkpoint{};
    }
    WRIGHT_CHECK(journal_->add(after_line(before.id, files)));
    Checkpoint out = journal_->find(before.id)->head;
    out.not_covered = before.not_covered;
    return out;
  }

  Result<std::vector<Checkpoint>> list(std::size_t limit, const std::string& session) override {
    std::lock_guard lock(mutex_);
    WRIGHT_CHECK(journal_->refresh());
    std::vector<Checkpoint> out;
    const auto& all = journal_->records();
    for (auto it = all.rbegin(); it != all.rend() && out.size() < limit; ++it)
      if (!it->dropped && (session.empty() || it->head.session == session)) out.push_back(it->head);
    return out;
  }

  Result<Undone> undo(const std::string& id, bool force) override {
    std::lock_guard lock(mutex_);
    const CheckpointJournal::Lock others(journal_->fd());
    WRIGHT_CHECK(journal_->refresh());
    WRIGHT_TRY(const std::vector<CheckpointRecord> targets, resolve(id, true));
    std::vector<std::string> conflicts;
    WRIGHT_TRY(const Files merged, merge(targets, conflicts));
    std::map<std::string, FileState> now;
    for (const auto& [name, sides] : merged) {
      WRIGHT_TRY(FileState current, capture(root_, *store_, name, true));
      if (current == sides.before) continue;
      if (sides.after && current != *sides.after) conflicts.push_back(name);
      now[name] = std::move(current);
    }
    std::sort(conflicts.begin(), conflicts.end());
    conflicts.erase(std::unique(conflicts.begin(), conflicts.end()), conflicts.end());
    if (!conflicts.empty() && !force)
      return Error{ErrorKind::conflict, fmt::format("nothing was restored: changed since Wright changed it: {}", short_list(conflicts)),
                   "look at it, then run undo again with --force; what it overwrites is kept"};
    return put_back(targets, merged, now);
  }

  Result<std::vector<Change>> changes(const std::string& id) override {
    std::lock_guard lock(mutex_);
    WRIGHT_CHECK(journal_->refresh());
    std::vector<Change> out;
    const auto targets = resolve(id, false);
    if (!targets.ok()) return targets.error().kind == ErrorKind::not_found ? Result<std::vector<Change>>(std::move(out)) : targets.error();
    std::vector<std::string> ignored;
    WRIGHT_TRY(const Files merged, merge(*targets, ignored));
    for (const auto& [name, sides] : merged) {
      WRIGHT_TRY(const FileState current, capture(root_, *store_, name, true));
      if (current == sides.before) continue;
      Change change{name, "", ""};
      WRIGHT_TRY(change.existed, side(sides.before, change.before, change.mode_before));
      WRIGHT_TRY(change.exists, side(current, change.after, change.mode_after));
      if (change.existed || change.exists) out.push_back(std::move(change));
    }
    return out;
  }

 private:
  std::string cache_path() const { return folder_ + "/cache"; }
  std::string manifest_path(const std::string& id) const { return folder_ + "/manifest-" + id; }

  static CheckpointRecord make(const std::string& session, const std::string& label, const std::string& turn) {
    CheckpointRecord record;
    record.head.id = "c_" + random_hex(16);
    record.head.session = session;
    record.head.label = label;
    record.head.turn = turn;
    record.head.time_ms = Clock::system().unix_ms();
    return record;
  }

  // Before-images of names that the checkpoint does not hold yet.
  Result<void> keep(const std::string& id, const std::vector<std::string>& names) {
    const CheckpointRecord* record = journal_->find(id);
    std::map<std::string, FileState> states;
    for (const std::string& name : names) {
      if (record->files.contains(name) || states.contains(name)) continue;
      add_missing_folders(root_, name, states);
      WRIGHT_TRY(states[name], capture(root_, *store_, name, true));
    }
    std::erase_if(states, [&](const auto& entry) { return record->files.contains(entry.first); });
    if (states.empty()) return {};
    WRIGHT_CHECK(store_->sync());
    return journal_->add(before_line(id, states));
  }

  // Brings manifest_ and its cache file up to now; `old`: what it was.
  Result<void> look(Manifest* old = nullptr) {
    held_.clear();
    if (!loaded_) {
      if (auto cached = load_manifest(cache_path()); cached.ok()) manifest_ = std::move(*cached);
      loaded_ = true;
    }
    auto taken = take_manifest(Context(), root_, *store_, manifest_, old == nullptr);
    if (!taken.ok()) {
      loaded_ = false;  // manifest_ is no more what the cache file holds
      manifest_ = {};
      return taken.error();
    }
    Manifest now = std::move(*taken);
    const bool save = now.moved || !exists(cache_path());
    if (now.read > 0 && now.read <= kSyncedReads) WRIGHT_CHECK(store_->sync());
    if (old) *old = std::move(manifest_);
    manifest_ = std::move(now);
    return save ? save_manifest(cache_path(), manifest_) : Result<void>();
  }

  // What changed since the manifest of a command.
  Result<Files> command_changes(const std::string& id) {
    Manifest before;
    if (held_ == id) {
      WRIGHT_CHECK(look(&before));
    } else {
      WRIGHT_TRY(before, load_manifest(manifest_path(id)));
      WRIGHT_CHECK(look());
    }
    Files out;
    for (auto& [name, pair] : compare(before, manifest_)) out[name] = {std::move(pair.first), std::move(pair.second)};
    return out;
  }

  // The records that `id` means, oldest first.
  Result<std::vector<CheckpointRecord>> resolve(const std::string& id, bool not_undone) {
    const auto& all = journal_->records();
    const auto live = [&](const CheckpointRecord& r) { return !r.dropped && (!not_undone || !r.head.undone); };
    std::string turn = id;
    std::vector<CheckpointRecord> out;
    if (id.empty()) {
      const auto newest = std::find_if(all.rbegin(), all.rend(), [&](const CheckpointRecord& r) { return live(r) && r.head.undoes.empty(); });
      if (newest == all.rend()) return Error{ErrorKind::not_found, "there is nothing to undo in this folder", "`wright undo --list` shows what was done"};
      if (newest->head.turn.empty()) return std::vector{*newest};
      turn = newest->head.turn;
    }
    for (const CheckpointRecord& r : all)
      if (live(r) && r.head.turn == turn) out.push_back(r);
    if (!out.empty()) return out;
    for (const CheckpointRecord& r : all) {
      if (r.dropped || !(r.head.id.starts_with(id) || r.head.id.starts_with("c_" + id))) continue;
      if (!live(r)) return Error{ErrorKind::conflict, fmt::format("{} is undone already", r.head.id), "undo the undo by its id: `wright undo --list`"};
      out.push_back(r);
    }
    if (out.size() == 1) return out;
    if (out.empty()) return Error{ErrorKind::not_found, fmt::format("there is no checkpoint '{}' in this folder", id), "`wright undo --list` shows them"};
    return Error{ErrorKind::conflict, fmt::format("'{}' begins several checkpoints' ids", id), "give more of it"};
  }

  Result<Files> merge(const std::vector<CheckpointRecord>& records, std::vector<std::string>& conflicts) {
    Files out;
    for (const CheckpointRecord& record : records) {
      Files files = record.files;
      if (record.command && !record.closed) {
        WRIGHT_TRY(files, command_changes(record.head.id));
      }
      for (auto& [name, sides] : files) {
        const auto [at, fresh] = out.emplace(name, sides);
        if (fresh) continue;
        if (at->second.after && *at->second.after != sides.before) conflicts.push_back(name);
        at->second.after = sides.after;
      }
    }
    return out;
  }

  // Removals first, deepest first; then folders from the top; then files and links.
  std::vector<std::string> order(const Files& merged, const std::map<std::string, FileState>& now) const {
    std::vector<std::string> names;
    for (const auto& [name, state] : now) names.push_back(name);
    const auto rank = [&](const std::string& name) {
      const FileState::Kind kind = merged.at(name).before.kind;
      return kind == FileState::Kind::absent ? 0 : kind == FileState::Kind::folder ? 1 : 2;
    };
    std::sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
      return rank(a) != rank(b) ? rank(a) < rank(b) : rank(a) == 0 ? a > b : a < b;
    });
    return names;
  }

  Result<Undone> put_back(const std::vector<CheckpointRecord>& targets, const Files& merged, const std::map<std::string, FileState>& now) {
    Undone out;
    CheckpointRecord record = make(targets.back().head.session, "undo of " + targets.back().head.label, "");
    for (const CheckpointRecord& t : targets) record.head.undoes += (record.head.undoes.empty() ? "" : " ") + t.head.id;
    WRIGHT_CHECK(journal_->add(opened_line(record), false));
    WRIGHT_CHECK(store_->sync());
    WRIGHT_CHECK(journal_->add(before_line(record.head.id, now)));
    std::vector<std::string> done;
    for (const std::string& name : order(merged, now)) {
      const FileState& goal = merged.at(name).before;
      const Result<void> restored = restore(root_, *store_, name, goal);
      done.push_back(name);
      if (restored.ok()) {
        (goal.kind == FileState::Kind::absent ? out.removed : out.restored).push_back(name);
        continue;
      }
      for (auto it = done.rbegin(); it != done.rend(); ++it) (void)restore(root_, *store_, *it, now.at(*it)).ok();  // as it was
      WRIGHT_CHECK(journal_->add(dropped_line(record.head.id)));
      return Error{restored.error().kind, "nothing was undone: " + restored.error().message, restored.error().next};
    }
    Files sides;
    for (const auto& [name, before] : now) {
      WRIGHT_TRY(FileState after, capture(root_, *store_, name, false));
      sides[name] = {before, std::move(after)};
    }
    WRIGHT_CHECK(journal_->add(after_line(record.head.id, sides)));
    WRIGHT_CHECK(mark(targets));
    out.checkpoint = journal_->find(record.head.id)->head;
    std::sort(out.restored.begin(), out.restored.end());
    std::sort(out.removed.begin(), out.removed.end());
    return out;
  }

  // The targets are undone; what an undone undo had taken back stands again.
  Result<void> mark(const std::vector<CheckpointRecord>& targets) {
    std::vector<std::string> ids, again;
    for (const CheckpointRecord& t : targets) {
      ids.push_back(t.head.id);
      for (const CheckpointRecord& r : journal_->records())
        if (t.head.undoes.find(r.head.id) != std::string::npos) again.push_back(r.head.id);
    }
    if (!again.empty()) WRIGHT_CHECK(journal_->add(undone_line(again, false)));
    return journal_->add(undone_line(ids, true));
  }

  // The bytes of one side of a change; false when no file or link lies there.
  Result<bool> side(const FileState& state, std::string& bytes, unsigned& mode) const {
    if (state.kind == FileState::Kind::link) {
      bytes = state.content;
      mode = 0120000;
      return true;
    }
    if (state.kind != FileState::Kind::file) return false;
    WRIGHT_TRY(bytes, store_->get_blob(state.content));
    mode = 0100000 | ((state.mode & 0100) ? 0755u : 0644u);
    return true;
  }

  const std::string folder_;
  const WorkspaceRoot root_;
  const std::unique_ptr<tools::ObjectStore> store_;
  const std::unique_ptr<CheckpointJournal> journal_;
  std::mutex mutex_;  // guards journal_ and the rest
  Manifest manifest_;
  std::string held_;  // the command whose manifest manifest_ still is; "" when none
  bool loaded_ = false;
};

}  // namespace

Result<std::unique_ptr<Checkpoints>> Checkpoints::open(const std::string& state, const std::string& workspace) {
  WRIGHT_TRY(WorkspaceRoot root, WorkspaceRoot::open(workspace));
  const std::string folder = state + "/checkpoints/" + sha256_hex(root.path()).substr(0, 16);
  WRIGHT_CHECK(make_directories(folder, 0700));
  WRIGHT_TRY(auto store, tools::ObjectStore::open(folder + "/objects.git"));
  WRIGHT_TRY(auto journal, CheckpointJournal::open(folder + "/journal.jsonl"));
  return std::unique_ptr<Checkpoints>(new DiskCheckpoints(folder, std::move(root), std::move(store), std::move(journal)));
}

}  // namespace wright::agent
