// The three formats' planners and what they share; internal to tools/patch (callers use make_plan). A planner changes the
// overlay section by section and returns how it went. One thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/patch/overlay.h"
#include "tools/patch/patch.h"

namespace wright::tools::patch {

struct Outcome {
  std::size_t hunks = 0;
  std::ptrdiff_t offset = 0;
  std::vector<std::string> notes;
  std::vector<std::string> shell_commands;
  std::optional<Failure> failure;
};

Outcome plan_v4a(std::string_view text, Overlay& tree, const Options& options);
Outcome plan_unified(std::string_view text, Overlay& tree, const Options& options);
Outcome plan_search_replace(std::string_view text, Overlay& tree, const Options& options);

Failure failure(std::string kind, ErrorKind error, std::string message, std::string next = "", std::string file = "");

// Where else `wanted` stands in `lines`, besides the place that was taken; "" when nowhere. Both formats that come without line
// numbers take the first place, as their origins do, and say so.
std::string elsewhere_note(const std::string& file, const std::vector<std::string_view>& lines, const std::vector<std::string_view>& wanted, std::size_t from);

// A file as lines that know their own ending, so that what is not touched keeps every byte.
struct SourceLine {
  std::string text;
  std::string ending;  // "\n", "\r\n", "\r" (only if asked for), or none
};
struct Source {
  std::vector<SourceLine> lines;
  std::string bom;
  std::string ending;  // of the file's first line; "\n" when it has none
  std::vector<std::string_view> texts() const;  // borrowed from lines
  std::string join() const;
};
// `lone_cr`: a CR by itself ends a line as well (V4A).
Source split_source(std::string_view bytes, bool lone_cr, bool take_bom);

}  // namespace wright::tools::patch
