// The V4A format ("*** Begin Patch"): text -> sections. Grammar of codex' apply_patch (codex-rs/apply-patch, Apache-2.0,
// behaviour of 0.169.0); with `lenient` also what models write beside it: text or a fence around the envelope, blank lines
// between sections, git headers before the first chunk, "@@ -1,2 +1,2 @@", several "@@" lines in a row, a rename without
// chunks. Pure, any thread.
#pragma once

#include <string>
#include <vector>

#include "tools/patch/planners.h"

namespace wright::tools::patch {

struct V4aLine {
  char sign;  // ' ', '-', '+'
  std::string text;
};

struct V4aChunk {
  std::vector<std::string> contexts;  // what stood behind "@@"; several with stacked ones
  std::vector<V4aLine> lines;
  bool end_of_file = false;
};

struct V4aSection {
  enum class Kind { add, remove, update } kind;
  std::string path;
  std::string move_to;
  std::string contents;  // of an added file
  std::vector<V4aChunk> chunks;
};

struct V4aPatch {
  std::vector<V4aSection> sections;
  std::optional<Failure> failure;
};

V4aPatch parse_v4a(std::string_view text, bool lenient);

}  // namespace wright::tools::patch
