// From the text of an edit (V4A, unified diff, SEARCH/REPLACE) to changed files. parse and place work on a Reader and give a
// Plan; nothing is written before apply_plan(), which writes through the Workspace: all files or none. Planning may run
// anywhere; a Reader is used by one thread at a time. Foreign text never crashes it: what does not apply is a Failure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace wright::tools {
class Workspace;
}

namespace wright::tools::patch {

enum class Format { automatic, v4a, unified, search_replace };

// "v4a", "unified", "search-replace", "auto"
std::string_view format_name(Format format);
std::optional<Format> format_from_name(std::string_view name);
// Which format a text is in: the first of the three markers that it holds; nothing when it holds none.
std::optional<Format> detect_format(std::string_view text);

enum class NodeKind { none, file, folder, other };

// What a patch is planned against: the files as they are.
class Reader {
 public:
  virtual ~Reader() = default;
  // The name inside the tree ("src/a.c"), or `refused` when it leads out or into git's own folder.
  virtual Result<std::string> resolve(std::string_view path) = 0;
  virtual NodeKind kind(const std::string& name) = 0;
  virtual Result<std::string> read(const std::string& name) = 0;
  // Every file, for SEARCH/REPLACE blocks whose file name must be guessed; sorted.
  virtual std::vector<std::string> list() = 0;
};

// Reads through a Workspace; what it reads counts as read, so that a change in between is a conflict.
class WorkspaceReader final : public Reader {
 public:
  explicit WorkspaceReader(Workspace& workspace) : workspace_(workspace) {}
  Result<std::string> resolve(std::string_view path) override;
  NodeKind kind(const std::string& name) override;
  Result<std::string> read(const std::string& name) override;
  std::vector<std::string> list() override;

 private:
  Workspace& workspace_;
};

struct Options {
  // The verdicts of the format's origin (codex' apply_patch, aider), parts written before a failure included.
  bool compat = false;
  // SEARCH/REPLACE: the files in the chat; empty: every file of the tree.
  std::vector<std::string> chat_files;
};

// One file, before and after. nullopt: it does not exist on that side.
struct FileChange {
  std::string path;
  std::optional<std::string> before, after;
  std::string moved_from;         // the text came from there, and that file goes
  std::optional<bool> executable;  // a mode that the patch sets
};

// Why a text does not apply.
struct Failure {
  std::string kind;    // stable word: "lines-not-found", "ambiguous", "no-filename" …
  Error error;         // one line
  std::string detail;  // more lines for a model: the nearest lines, or the candidates; may be empty
  std::string file;
};

struct Plan {
  Format format = Format::automatic;
  std::vector<FileChange> changes;
  std::size_t hunks = 0;        // edits that were placed
  std::ptrdiff_t offset = 0;    // lines between where the farthest hunk said it was and where it was found
  std::vector<std::string> notes;           // what to look at again: blocks that fit in several places (the first was taken)
  std::vector<std::string> shell_commands;  // SEARCH/REPLACE: what the reply asks to run; never run here
  std::optional<Failure> failure;           // with compat there may be changes beside it
};

// The paths that a text names, as written and without looking at any file: what approval decides by. Empty: not an edit.
std::vector<std::string> named_paths(Format format, std::string_view text);

Plan make_plan(Format format, std::string_view text, Reader& reader, const Options& options = {});

// All or none: when a write fails, the files written before it are put back.
Result<void> apply_plan(Workspace& workspace, const std::vector<FileChange>& changes);

// One unified diff of all changes.
std::string plan_diff(const std::vector<FileChange>& changes);

}  // namespace wright::tools::patch
