// A session's events on a terminal: text as it streams, a line a tool call, what was refused, and at the end the diff and how to undo.
// Foreign text is escaped. Answers go to stdout, everything else to stderr, so that a pipe gets the answer; a pipe gets messages whole,
// for what streams may break off and be sent again. One a run; one thread.
#pragma once

#include <map>
#include <string>

#include "daemon/api/jobs.h"

namespace wright::cli {

class RunView {
 public:
  // `quiet_stdout`: answers go to stderr too (--patch keeps stdout for the diff).
  explicit RunView(bool quiet_stdout) : out_(quiet_stdout ? stderr : stdout) {}
  void show(const daemon::Json& event);
  void finish(const daemon::Json& result);
  // The question of io.ask on the terminal; an error of kind refused when stdin is none.
  Result<daemon::Json> ask(const daemon::Json& question);
  bool show_diff = true;
  const Context* context = nullptr;  // ends a question that waits

 private:
  void item(const daemon::Json& item);
  void end_line();
  FILE* const out_;
  std::map<std::string, std::string> calls_;  // call id -> summary, until its result
  std::map<std::string, std::string> streamed_;  // item id -> its text as far as it was shown while it grew
  std::string streaming_;                     // id of the item at the cursor
  bool mid_line_ = false;
};

// A diff with colours where the terminal has them.
void print_diff(FILE* to, const std::string& diff);

}  // namespace wright::cli
