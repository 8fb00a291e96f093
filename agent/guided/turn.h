// One guided turn: what the intents work with. Every call of a tool goes through the same gate, checkpoints and items as the loop's
// (agent/dispatch.h), so that policy holds and `wright undo` restores. One thread; blocks.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "agent/change_recorder.h"
#include "agent/guided/guided.h"
#include "agent/guided/reading.h"
#include "agent/guided/words.h"

namespace wright::agent::guided {

// What a call of a tool came to.
struct Called {
  bool ok = false, denied = false;
  std::string text;                        // its result, or why not
};

class Turn {
 public:
  Turn(const Context& context, const GuidedRequest& request) : context_(context), request_(request) {}

  // Reads the request and the repository, opens the turn, lets the intent work, and closes with evidence.
  Result<LoopOutcome> run();

  const Context& context() const { return context_; }
  const GuidedRequest& request() const { return request_; }
  const Reading& reading() const { return reading_; }
  const std::vector<std::string>& files() const { return files_; }  // of the workspace, ignored ones left out
  const tools::RepoSnapshot& snapshot() const { return *snapshot_; }
  const WorkspaceRoot& root() const { return request_.loop.workspace.root(); }
  bool plan() const { return request_.loop.policy.mode == Mode::plan; }
  std::optional<std::string> text_of(const std::string& file) const;  // nothing for one that is binary or cannot be read

  // Words for the user in the request's language.
  template <class... Args>
  std::string words(Say id, const Args&... args) const {
    return fmt::format(fmt::runtime(text_for(id, reading_.korean)), args...);
  }
  Result<void> understood(const std::string& what);  // "I understood: …", before anything is done
  Result<void> notice(const std::string& text);
  // The end: an answer of facts, achieved or not.
  Result<void> done(std::string answer);
  Result<void> not_done(std::string answer);

  Result<Called> call(const std::string& tool, nlohmann::json arguments);
  // Puts `after` in place of the file's text by edit_file, as little of it as is unambiguous. not_done() when it fails.
  Result<bool> replace(const std::string& file, const std::string& after);
  Result<bool> create(const std::string& file, const std::string& text);
  // Takes back what this turn wrote, when half of a change cannot stand.
  Result<void> roll_back();
  // Asks before something that only the gate of a command knows: true when `command` may run.
  Result<bool> may_run(const std::string& command);
  // Of up to three choices; nothing when no one can answer, and then the answer names the choices and nothing was done.
  Result<std::optional<std::size_t>> choose(const std::string& question, const std::vector<std::string>& choices);

 private:
  Result<void> open();
  Result<void> close();
  Result<void> work();

  const Context& context_;
  const GuidedRequest& request_;
  Reading reading_;
  std::vector<std::string> files_;
  std::shared_ptr<const tools::RepoSnapshot> snapshot_;
  std::unique_ptr<ChangeRecorder> recorder_;
  LoopOutcome out_;
  int calls_ = 0;
};

// An edit of a file's bytes: [begin, end) becomes `text`.
struct Splice { std::size_t begin = 0, end = 0; std::string text; };
std::string apply(const std::string& text, std::vector<Splice> splices);
// Whether the edit makes a text that parsed well into one that does not; false for languages without a grammar.
bool breaks_syntax(const std::string& file, const std::string& before, const std::string& after);
std::size_t line_of(const std::string& text, std::size_t at);  // from 1
std::string line_text(const std::string& text, std::size_t at);  // trimmed

// The shell command that runs the repository's tests, found by the files present; empty when there are none.
std::string test_command(const Turn& turn);

}  // namespace wright::agent::guided
