// Content by its hash in a bare git repository of our own: what checkpoints are kept in. Lies in the state folder, has no alternates
// and no connection with any repository of the user. Blobs and trees are written at once and become durable with the next
// set_ref() (or sync()): that call returns after everything it needs is on the disk. What no ref reaches may be pruned.
// Any thread (one lock); one process at a time should prune.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/context.h"
#include "base/result.h"

namespace wright::tools {

using ObjectId = std::string;  // 40 hex digits

enum class TreeMode : std::uint32_t { file = 0100644, executable = 0100755, link = 0120000 };

struct TreeFile {
  std::string path;  // '/'-separated, any bytes but NUL; no empty component, "." or ".."
  TreeMode mode = TreeMode::file;
  ObjectId id;       // of the bytes, or of the link's target text
};

class ObjectStore {
 public:
  // Opens the store in `folder`, made when absent. `invalid` when something else lies there.
  static Result<std::unique_ptr<ObjectStore>> open(const std::string& folder);
  ~ObjectStore();

  Result<ObjectId> put_blob(std::string_view bytes);
  // The id that put_blob would give, without writing.
  static Result<ObjectId> id_of_blob(std::string_view bytes);
  bool has(const ObjectId& id) const;
  // `not_found` when it is not in the store.
  Result<std::string> get_blob(const ObjectId& id) const;

  // A tree of all the files, in any order. `usage` on a bad or double path.
  Result<ObjectId> write_tree(std::vector<TreeFile> files);
  // Every file below a tree or a commit, sorted by path.
  Result<std::vector<TreeFile>> read_tree(const ObjectId& id) const;

  struct Commit {
    ObjectId id, tree;
    std::vector<ObjectId> parents;
    std::string message;
    std::int64_t time = 0;  // seconds, UTC
  };
  Result<ObjectId> commit(const ObjectId& tree, const std::vector<ObjectId>& parents, const std::string& message, std::int64_t time);
  Result<Commit> read_commit(const ObjectId& id) const;

  // Names are like "sessions/ab12/7": letters, digits, '-', '_', '.', '/'. Kept below refs/wright/. Atomic and durable.
  Result<void> set_ref(const std::string& name, const ObjectId& id);
  Result<ObjectId> ref(const std::string& name) const;
  Result<void> remove_ref(const std::string& name);
  Result<std::map<std::string, ObjectId>> refs(const std::string& prefix = "") const;

  // Makes all that was written so far durable.
  Result<void> sync();
  // Removes objects that no ref reaches and that are older than `age_seconds`; returns the bytes freed.
  Result<std::uint64_t> prune(std::int64_t age_seconds, const Context& context = Context());

 private:
  struct State;
  explicit ObjectStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace wright::tools
