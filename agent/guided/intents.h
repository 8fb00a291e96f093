// What guided work can do: one row an intent, found by cues in the request, ranked by weight; the model's calibrated scores decide
// ties. Adding one: a row in intents.cpp and its run function. Any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/guided/turn.h"

namespace wright::agent::guided {

struct Cue { int weight; std::string_view phrase; };  // see says()

struct Intent {
  std::string_view name;
  std::string_view label, label_ko;     // "rename a symbol": for questions; the English one is scored by the model
  std::string_view example, example_ko;
  bool writes;                          // may change files or run code
  std::span<const Cue> cues;
  int (*needs)(const Reading&);         // added when a cue matched; -100: impossible
  Result<void> (*run)(Turn&);
};

std::span<const Intent> intents();

struct Ranked { const Intent* intent; double score; };
// By the rules alone, best first, only those with a cue.
std::vector<Ranked> rank(const Reading& reading);
inline constexpr double kActScore = 2, kClearMargin = 2;  // at least this score; a lead under the margin is a tie
// Ties decided with the engine, else by a question. Null: nothing fits or no one could answer, and the turn's answer says so.
Result<const Intent*> decide_intent(Turn& turn);

// log P(label | request) - log P(label | empty request), of each label in nats; empty when the model cannot say.
std::vector<double> calibrated_scores(const Context& context, engine::Engine& engine, const std::string& request, const std::vector<std::string>& labels);

// The workers, a file or two each.
Result<void> mend_tests(Turn& turn);
Result<void> run_tests(Turn& turn);
Result<void> run_words(Turn& turn);
Result<void> undo_last(Turn& turn);
Result<void> refuse_harm(Turn& turn);
Result<void> tell_abilities(Turn& turn);
Result<void> find_text(Turn& turn);
Result<void> explain(Turn& turn);
Result<void> show_file(Turn& turn);
Result<void> list_files(Turn& turn);
Result<void> show_history(Turn& turn);
Result<void> show_changes(Turn& turn);
Result<void> propose_commit(Turn& turn);
Result<void> rename_symbol(Turn& turn);
Result<void> write_docstring(Turn& turn);
Result<void> change_seen(Turn& turn);
Result<void> move_element(Turn& turn);
Result<void> build_new(Turn& turn);
std::string harmful_command(std::string_view command);  // why it is never run here; empty: it may be asked for

}  // namespace wright::agent::guided
