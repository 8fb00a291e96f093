// Two texts -> the lines that differ -> a unified diff that `git apply` and `patch -p1` accept. Pure functions, any thread,
// never fail. Algorithm: common head and tail, then lines unique to both as anchors (patience; longest increasing
// sequence), then Myers' greedy O(ND) (1986) in the gaps, with a bound on D past which a gap counts as replaced whole; runs of pure
// insertion or deletion slide down as git's do.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wright::tools::patch {

// Lines [old_begin, old_end) of the old text became [new_begin, new_end) of the new one; counted from 0.
struct LineChange {
  std::size_t old_begin, old_end, new_begin, new_end;
  bool operator==(const LineChange&) const = default;
};

// In order, not touching each other. Lines include their endings, so a lost last newline is a change.
std::vector<LineChange> diff_lines(std::string_view before, std::string_view after);

struct DiffNames {
  std::string old_name;       // relative, '/'-separated
  std::string new_name = {};  // empty: the same; otherwise a rename
  unsigned old_mode = 0100644;
  unsigned new_mode = 0;  // 0: the same
};

// nullopt on a side: the file does not exist there (/dev/null). "" when nothing differs. A side with a NUL byte gives
// "Binary files … differ", which no tool can apply.
std::string make_unified_diff(const std::optional<std::string_view>& before, const std::optional<std::string_view>& after,
                              const DiffNames& names, std::size_t context_lines = 3);

// `name` as git writes it: C-quoted when it holds controls, quotes or backslashes.
std::string quote_path(std::string_view name);

}  // namespace wright::tools::patch
