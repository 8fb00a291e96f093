// Where a hunk goes. Old lines (context and removed) are sought in falling strictness: as written; blanks as `patch -l` sees
// them (any run of blanks equals any other, none at the end); then both again with up to two outer context lines given up.
// In one strictness the place that the numbers name wins, then the only one, then the nearest by far; anything else is
// ambiguous. Hunks never overlap; all are placed on the file as it was.
#include <fmt/format.h>

#include <algorithm>

#include "tools/patch/lines.h"
#include "tools/patch/seek.h"
#include "tools/patch/unified.h"

namespace wright::tools::patch {

namespace {

constexpr std::size_t kMaxFuzz = 2;

std::string_view without_cr(std::string_view text) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// A run of blanks as one, none at the end.
std::string loose(std::string_view line) {
  std::string out;
  for (const char c : trim_right(line)) {
    const bool is_blank = c == ' ' || c == '\t';
    if (!is_blank) out += c;
    else if (!out.ends_with(' ')) out += ' ';
  }
  return out;
}

struct Side {
  Lines lines;
  std::size_t head = 0, tail = 0;  // context at its ends
};

Side old_side(const Hunk& hunk) {
  Side out;
  bool changed = false;
  for (const auto& line : hunk.lines) {
    if (line.sign != ' ') changed = true, out.tail = 0;
    else changed ? ++out.tail : ++out.head;
    if (line.sign != '+') out.lines.push_back(without_cr(line.text));
  }
  return out;
}

Lines new_lines(const Hunk& hunk) {
  Lines out;
  for (const auto& line : hunk.lines)
    if (line.sign != '-') out.push_back(without_cr(line.text));
  return out;
}

class Placer {
 public:
  Placer(const std::string& file, const Source& source, const std::vector<Hunk>& hunks) : file_(file), lines_(source.texts()), hunks_(hunks) {
    for (const auto line : lines_) loose_.push_back(loose(line));
  }

  Placement run() {
    for (std::size_t i = 0; i < hunks_.size() && !out_.failure; ++i) place(i);
    return std::move(out_);
  }

 private:
  struct Taken {
    std::size_t begin, end;
  };

  bool is_free(std::size_t begin, std::size_t end) const {
    return std::none_of(taken_.begin(), taken_.end(), [&](const Taken& t) { return begin < t.end && t.begin < end; });
  }

  std::vector<std::size_t> free_places(const Lines& wanted, bool exact) const {
    std::vector<std::size_t> out;
    if (wanted.size() > lines_.size()) return out;
    std::vector<std::string> folded;
    if (!exact)
      for (const auto line : wanted) folded.push_back(loose(line));
    for (std::size_t at = 0; at + wanted.size() <= lines_.size(); ++at) {
      const auto from = static_cast<std::ptrdiff_t>(at);
      const bool same = exact ? std::equal(wanted.begin(), wanted.end(), lines_.begin() + from) : std::equal(folded.begin(), folded.end(), loose_.begin() + from);
      if (same && is_free(at, at + wanted.size())) out.push_back(at);
    }
    return out;
  }

  // The line where the header says it is, moved as the hunk before was.
  std::optional<std::ptrdiff_t> guess(const Hunk& hunk, bool has_old) const {
    if (!hunk.old_start) return std::nullopt;
    const auto start = static_cast<std::ptrdiff_t>(*hunk.old_start);
    return start - (has_old && start > 0 ? 1 : 0) + shift_;
  }

  // One of several places, or nothing: then it is ambiguous.
  std::optional<std::size_t> choose(const std::vector<std::size_t>& found, std::optional<std::ptrdiff_t> at, const Side& side, std::size_t size) const {
    if (found.size() == 1) return found[0];
    if (at) {
      std::vector<std::pair<std::size_t, std::size_t>> by_distance;
      for (const auto place : found) by_distance.emplace_back(static_cast<std::size_t>(std::abs(static_cast<std::ptrdiff_t>(place) - *at)), place);
      std::sort(by_distance.begin(), by_distance.end());
      if (by_distance[0].first == 0 || by_distance[0].first * 2 < by_distance[1].first) return by_distance[0].second;
    } else {
      // Without numbers hunks still come in order: the only one after the hunk before.
      std::vector<std::size_t> below;
      for (const auto place : found)
        if (taken_.empty() || place >= taken_.back().end) below.push_back(place);
      if (!taken_.empty() && below.size() == 1) return below[0];
    }
    if (side.tail < side.head && found.back() + size == lines_.size()) return found.back();  // less context below: the end of the file
    if (side.head < side.tail && found[0] == 0) return found[0];
    return std::nullopt;
  }

  void put(std::size_t begin, std::size_t size, std::size_t head, std::size_t tail, std::optional<std::ptrdiff_t> at) {
    HunkPlace place{begin, head, tail, 0};
    if (at) {
      place.offset = static_cast<std::ptrdiff_t>(begin) - static_cast<std::ptrdiff_t>(head) - *at;
      shift_ += place.offset;
    }
    taken_.push_back({begin, begin + size});
    out_.places.push_back(place);
  }

  void fail(std::string kind, const Hunk& hunk, std::string_view what, std::string next, std::string detail) {
    out_.failure = failure(std::move(kind), ErrorKind::conflict, fmt::format("{}, hunk at patch line {}: {}", file_, hunk.patch_line, what), std::move(next), file_);
    out_.failure->detail = std::move(detail);
  }

  void place(std::size_t index) {
    const Hunk& hunk = hunks_[index];
    Side side = old_side(hunk);
    if (hunk.cut_short && hunk.lines.back().sign == '+') return fail("malformed", hunk, "the patch ends in the middle of it", "send the whole patch", "");
    if (side.lines.empty()) return insert_only(hunk);
    const auto at = guess(hunk, true);
    for (std::size_t fuzz = 0; fuzz <= kMaxFuzz; ++fuzz) {
      // As GNU patch: a side with less context gives up fewer lines.
      const std::size_t most = std::max(side.head, side.tail);
      const std::size_t head = fuzz + side.head > most ? std::min(fuzz + side.head - most, side.head) : 0;
      const std::size_t tail = fuzz + side.tail > most ? std::min(fuzz + side.tail - most, side.tail) : 0;
      if (fuzz > 0 && head + tail == 0) continue;
      const Lines wanted(side.lines.begin() + static_cast<std::ptrdiff_t>(head), side.lines.end() - static_cast<std::ptrdiff_t>(tail));
      if (wanted.empty()) break;
      for (const bool exact : {true, false}) {
        const auto found = free_places(wanted, exact);
        if (found.empty()) continue;
        const auto chosen = choose(found, at ? std::optional(*at + static_cast<std::ptrdiff_t>(head)) : at, side, wanted.size());
        if (chosen && already_there(hunk, *chosen, wanted.size(), at)) return fail("already-applied", hunk, "its new lines are already in the file", "leave it out", "");
        if (chosen) return put(*chosen, wanted.size(), head, tail, at);
        return ambiguous(hunk, found, wanted.size());
      }
    }
    not_found(hunk, side);
  }

  // A hunk that only adds still fits beside what it added: its new lines stand where it wants to be, the old ones moved on.
  bool already_there(const Hunk& hunk, std::size_t chosen, std::size_t size, std::optional<std::ptrdiff_t> at) const {
    if (at && static_cast<std::ptrdiff_t>(chosen) == *at) return false;
    bool adds = false;
    for (const auto& line : hunk.lines) {
      if (line.sign == '-') return false;
      adds = adds || line.sign == '+';
    }
    if (!adds) return false;
    const Lines fresh = new_lines(hunk);
    const auto found = free_places(fresh, true);
    return std::any_of(found.begin(), found.end(), [&](std::size_t place) {
      return at ? static_cast<std::ptrdiff_t>(place) == *at : place <= chosen && chosen + size <= place + fresh.size();
    });
  }

  // No old lines: the numbers alone say where. Only an empty file needs none.
  void insert_only(const Hunk& hunk) {
    const auto at = guess(hunk, false);
    if (lines_.empty()) return put(0, 0, 0, 0, std::nullopt);
    if (!at || *hunk.old_start == 0)
      return fail("hunk-failed", hunk, "it adds lines without saying after which, and the file is not empty", "give context lines", "");
    if (*at < 0 || *at > static_cast<std::ptrdiff_t>(lines_.size())) return fail("hunk-failed", hunk, "its place is past the end of the file", "give context lines", "");
    put(static_cast<std::size_t>(*at), 0, 0, 0, at);
  }

  void ambiguous(const Hunk& hunk, const std::vector<std::size_t>& found, std::size_t size) {
    std::string detail = "It fits in these places:\n";
    for (std::size_t i = 0; i < found.size() && i < 5; ++i) detail += fmt::format("lines {}-{}:\n{}", found[i] + 1, found[i] + size, numbered(lines_, found[i], found[i] + std::min<std::size_t>(size, 4)));
    fail("ambiguous", hunk, fmt::format("it fits in {} places", found.size()), "give more context lines, or the right line number after @@", std::move(detail));
  }

  // Whether the hunk's result stands in the file, outer context given up as for the old lines.
  bool new_side_found(const Hunk& hunk, const Side& side) const {
    const Lines fresh = new_lines(hunk);
    for (std::size_t fuzz = 0; fuzz <= kMaxFuzz; ++fuzz) {
      const std::size_t head = std::min(fuzz, side.head), tail = std::min(fuzz, side.tail);
      if (fresh.size() <= head + tail) return false;
      if (!free_places({fresh.begin() + static_cast<std::ptrdiff_t>(head), fresh.end() - static_cast<std::ptrdiff_t>(tail)}, true).empty()) return true;
    }
    return false;
  }

  void not_found(const Hunk& hunk, const Side& side) {
    if (new_side_found(hunk, side))
      return fail("already-applied", hunk, "its new lines are already in the file", "leave it out", "");
    if (side.lines.size() <= lines_.size() && free_places(side.lines, false).empty() && taken_.size() > 0) {
      const auto keep = std::move(taken_);
      taken_.clear();
      const bool overlaps = !free_places(side.lines, false).empty();
      taken_ = keep;
      if (overlaps) return fail("hunk-failed", hunk, "its lines overlap those of a hunk before", "join the two hunks", "");
    }
    fail("hunk-failed", hunk, fmt::format("its {} old lines are not in the file", side.lines.size()), "copy the context from the file as it stands", did_you_mean(file_, lines_, side.lines));
  }

  const std::string& file_;
  Lines lines_;
  std::vector<std::string> loose_;
  const std::vector<Hunk>& hunks_;
  std::vector<Taken> taken_;
  std::ptrdiff_t shift_ = 0;
  Placement out_;
};

}  // namespace

Placement place_hunks(const std::string& file, const Source& source, const std::vector<Hunk>& hunks) { return Placer(file, source, hunks).run(); }

}  // namespace wright::tools::patch
