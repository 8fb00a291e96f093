// Running the tests with files replaced, never in the user's tree: an overlay of the workspace at the same absolute path with its
// upper layer in memory, thrown away after each run; where overlays do not work, copies (reflinks where the file system has them).
// Owned by one search; run() may be called from several threads. The scratch folder goes with the object; scratch folders of
// processes that were killed are removed by the next search.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "agent/search/search.h"

namespace wright::agent::search {

struct TrialRun {
  std::string shell;                                       // "" = the request's test command
  std::vector<std::pair<std::string, std::string>> files;  // name relative to the workspace, bytes
  std::map<std::string, std::string> environment;          // added to the policy's; "{trace}" and "{root}" stand for folders
  std::vector<std::pair<std::string, std::string>> trace_files;  // put into the trace folder
  Duration timeout = std::chrono::seconds(60);
};

struct TrialResult {
  tools::CommandResult command;
  std::vector<std::pair<std::string, std::string>> traces;  // what the run left in the trace folder (name, bytes)
  std::string root;                                         // what the workspace's path was in the run
};

class Trials {
 public:
  static Result<std::unique_ptr<Trials>> open(const FixRequest& request);
  ~Trials();
  Trials(const Trials&) = delete;
  Trials& operator=(const Trials&) = delete;

  // An Error: the command could not be started at all.
  Result<TrialResult> run(const Context& context, const TrialRun& trial);
  bool overlay() const { return overlay_; }

 private:
  struct Slot {
    std::string folder;  // holds upper/ and work/, or copy/
    bool busy = false, copied = false;
  };
  Trials(const FixRequest& request, std::string scratch, bool overlay) : request_(request), scratch_(std::move(scratch)), overlay_(overlay) {}
  Result<std::size_t> take_slot();
  Result<void> put_files(const std::string& base, const TrialRun& trial);
  void clean(Slot& slot);

  const FixRequest& request_;
  const std::string scratch_;
  const bool overlay_;
  std::mutex mutex_;         // guards slots_, writes_
  std::vector<Slot> slots_;
  std::int64_t writes_ = 0;  // each written file gets a time of its own, so that no compiled file of another candidate is taken for its
};

inline constexpr const char* kTraceFolder = ".wright-trace";

}  // namespace wright::agent::search
