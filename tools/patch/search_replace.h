// SEARCH/REPLACE blocks in a model's reply. Parsing, file names and matching are aider's (aider/coders/editblock_coder.py
// of 0.86.2, Apache-2.0), so that models trained on it behave; its edit-distance matching is off there and absent here. Pure
// functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/patch/planners.h"

namespace wright::tools::patch {

struct Fence {
  std::string_view open, close;
};
// The first fence that starts no line of the files; models are asked to use it.
Fence choose_fence(const std::vector<std::string>& texts);
// The fence that stands before the first block of a reply.
Fence fence_of_reply(std::string_view reply);

struct Block {
  std::string file, search, replace;
};
struct Reply {
  std::vector<Block> blocks;
  std::vector<std::string> shell_commands;
  std::optional<Failure> failure;  // then nothing of the reply counts
};
Reply parse_reply(std::string_view text, Fence fence, const std::vector<std::string>& chat);

// The text with the first match of `search` replaced; nothing when it does not match. All with LF. Order: exact lines, lines
// with one difference of indentation, the same two without a first blank line, "..." lines.
std::optional<std::string> replace_block(std::string_view text, const std::string& file, std::string_view search,
                                         std::string_view replace, Fence fence);

// difflib.SequenceMatcher(None, a, b).ratio() for short strings.
double sequence_ratio(std::string_view a, std::string_view b);

}  // namespace wright::tools::patch
