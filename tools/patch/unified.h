// Unified diffs as models write them: text -> sections and hunks. Takes what is wrong in them as given: counts that do not
// add up, "@@" without numbers, missing "diff" and "---" lines, fences and prose around them, blank context lines without
// their blank, CRLF. Pure, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/patch/planners.h"

namespace wright::tools::patch {

struct HunkLine {
  char sign;              // ' ', '-', '+'
  std::string_view text;  // without "\n"; a CR stays
  bool no_newline = false;
};

struct Hunk {
  std::optional<std::size_t> old_start;  // from 1 (0: before the first line); nothing without usable numbers
  std::vector<HunkLine> lines;
  std::size_t patch_line = 0;
  bool cut_short = false;  // the text ends inside it
};

struct DiffSection {
  std::string old_name, new_name;  // as written, unquoted; "" when not given; "/dev/null"
  std::string rename_from, rename_to;
  bool copies = false;
  std::optional<unsigned> new_file_mode, deleted_file_mode, new_mode;
  bool binary = false;
  std::vector<Hunk> hunks;
};

struct UnifiedPatch {
  std::vector<DiffSection> sections;
  bool crlf = false;  // every line of the patch ends in CRLF, so the CRs say nothing about the files
  std::optional<Failure> failure;
};

// Borrows `text`.
UnifiedPatch parse_unified(std::string_view text);

// Where the hunks of one file go. Lines [begin, begin + old lines) of the file; hunks keep their order in `hunks`.
struct HunkPlace {
  std::size_t begin = 0;
  std::size_t skip_head = 0, skip_tail = 0;  // context lines of the hunk that were given up
  std::ptrdiff_t offset = 0;
};
struct Placement {
  std::vector<HunkPlace> places;
  std::optional<Failure> failure;
};
Placement place_hunks(const std::string& file, const Source& source, const std::vector<Hunk>& hunks);

}  // namespace wright::tools::patch
