// Every sentence that guided work says, in English and Korean, one table (words.cpp). Arguments are {} or {0}. Any thread.
#pragma once

#include <string_view>

namespace wright::agent::guided {

enum class Say {
  understood, unknown, larger, choices_open, question_intent, harmful, plan_only, abilities,
  no_tests, mend, already_passing, mended, tests_pass_now, other_patch, none_found, run, ran, run_what, unsafe_command,
  undo, undone, nothing_to_undo, undo_commits, find, nothing_found, find_what, explain, explain_what, not_defined, repository,
  show, show_what, list, history, changes, no_repository, no_changes, commit_message, not_committed,
  rename, rename_what, rename_same, bad_name, clash, many_definitions, rename_all, leave, renamed, would_break, in_strings,
  docstring, docstring_what, has_docstring, wrote_docstring, docstring_language,
  change_text, change_colour, change_number, change_what, which_place, more_places, not_seen, changed, no_change, move, move_what, not_siblings, moved,
  build, build_what, exists_already, built, open_page, start_service, use_tool, checked, check_failed, denied, edit_failed, rolled_back, count_
};

std::string_view text_for(Say id, bool korean);

}  // namespace wright::agent::guided
