// Finding lines in a file although they were not copied exactly, and naming the nearest ones when they are not there. The four
// passes are those of codex' apply_patch (codex-rs/apply-patch, Apache-2.0). Pure functions, any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wright::tools::patch {

using Lines = std::vector<std::string_view>;

// Falling strictness.
enum class Pass { exact, trim_end, trim, ascii };

// `line` as a pass sees it: blanks by Unicode; `ascii` also maps typographic dashes, quotes and blanks.
std::string_view trim_unicode(std::string_view text);
std::string_view trim_end_unicode(std::string_view text);
std::string folded(std::string_view line, Pass pass);

// First place at or after `start` where `wanted` stands; each pass scans the whole range before the next. `tail`: only the
// last possible place counts. An empty `wanted` is found at `start`.
std::optional<std::size_t> seek(const Lines& lines, std::span<const std::string_view> wanted, std::size_t start, bool tail);

// Every place of a pass.
std::vector<std::size_t> places(const Lines& lines, std::span<const std::string_view> wanted, Pass pass);

struct Nearest {
  std::size_t begin, end;  // lines [begin, end)
  double likeness;         // 0 … 1
};
// The run of as many lines that is most like `wanted`; nothing when no run is at all alike. Bounded work.
std::optional<Nearest> nearest(const Lines& lines, std::span<const std::string_view> wanted);
// "Nearest lines in FILE:" and those lines, numbered; "" when nothing is near.
std::string did_you_mean(std::string_view file, const Lines& lines, std::span<const std::string_view> wanted);
// "12\ttext" a line.
std::string numbered(const Lines& lines, std::size_t begin, std::size_t end);

}  // namespace wright::tools::patch
