#include "tools/patch/unified_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "tools/patch/lines.h"

namespace wright::tools::patch {

namespace {

constexpr int kMaxEdits = 1500;  // D of one gap; memory and time grow with its square

using Ids = std::vector<int>;

// Which lines of each side have no partner.
struct Marks {
  std::vector<bool> removed, added;
};

struct Range {
  std::size_t a0, a1, b0, b1;
};

class Differ {
 public:
  Differ(const Ids& a, const Ids& b) : a_(a), b_(b), marks_{std::vector<bool>(a.size()), std::vector<bool>(b.size())} {}

  Marks run() {
    std::vector<Range> work{{0, a_.size(), 0, b_.size()}};  // a stack: depth does not grow with the input
    while (!work.empty()) {
      Range r = work.back();
      work.pop_back();
      while (r.a0 < r.a1 && r.b0 < r.b1 && a_[r.a0] == b_[r.b0]) ++r.a0, ++r.b0;
      while (r.a0 < r.a1 && r.b0 < r.b1 && a_[r.a1 - 1] == b_[r.b1 - 1]) --r.a1, --r.b1;
      if (r.a0 == r.a1 || r.b0 == r.b1) {
        replace(r);
        continue;
      }
      const auto anchors = unique_common(r);
      if (anchors.empty()) {
        myers(r);
        continue;
      }
      std::size_t a = r.a0, b = r.b0;
      for (const auto& [x, y] : anchors) {
        work.push_back({a, x, b, y});
        a = x + 1, b = y + 1;
      }
      work.push_back({a, r.a1, b, r.b1});
    }
    return std::move(marks_);
  }

 private:
  void replace(const Range& r) {
    std::fill(marks_.removed.begin() + r.a0, marks_.removed.begin() + r.a1, true);
    std::fill(marks_.added.begin() + r.b0, marks_.added.begin() + r.b1, true);
  }

  // Pairs of lines that occur once on each side, in an order that both sides share.
  std::vector<std::pair<std::size_t, std::size_t>> unique_common(const Range& r) const {
    struct Seen {
      int in_a = 0, in_b = 0;
      std::size_t at_b = 0;
    };
    std::unordered_map<int, Seen> seen;
    for (std::size_t i = r.a0; i < r.a1; ++i) ++seen[a_[i]].in_a;
    for (std::size_t j = r.b0; j < r.b1; ++j) {
      auto& s = seen[b_[j]];
      ++s.in_b, s.at_b = j;
    }
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
    for (std::size_t i = r.a0; i < r.a1; ++i)
      if (const auto& s = seen[a_[i]]; s.in_a == 1 && s.in_b == 1) pairs.emplace_back(i, s.at_b);
    // Longest increasing sequence of the second members.
    std::vector<std::size_t> tails;  // index into pairs
    std::vector<std::size_t> before(pairs.size(), SIZE_MAX);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const auto at = std::lower_bound(tails.begin(), tails.end(), pairs[i].second,
                                       [&](std::size_t t, std::size_t value) { return pairs[t].second < value; });
      if (at != tails.begin()) before[i] = *(at - 1);
      if (at == tails.end()) tails.push_back(i);
      else *at = i;
    }
    std::vector<std::pair<std::size_t, std::size_t>> out;
    for (std::size_t i = tails.empty() ? SIZE_MAX : tails.back(); i != SIZE_MAX; i = before[i]) out.push_back(pairs[i]);
    std::reverse(out.begin(), out.end());
    return out;
  }

  void myers(const Range& r) {
    const int n = static_cast<int>(r.a1 - r.a0), m = static_cast<int>(r.b1 - r.b0);
    const int most = std::min(n + m, kMaxEdits);
    std::vector<std::vector<int>> trace;  // trace[d][k + d]: furthest x on diagonal k after d edits
    for (int d = 0; d <= most; ++d) {
      std::vector<int> now(static_cast<std::size_t>(2 * d + 1), -1);
      for (int k = -d; k <= d; k += 2) {
        int x = 0;
        if (d > 0) {
          const auto& old = trace.back();  // covers diagonals -(d-1) … d-1
          const int down = k + 1 <= d - 1 ? old[static_cast<std::size_t>(k + 1 + d - 1)] : -1;
          const int right = k - 1 >= -(d - 1) ? old[static_cast<std::size_t>(k - 1 + d - 1)] : -1;
          x = std::max(down, right < 0 ? -1 : right + 1);
          if (x < 0) continue;
        }
        int y = x - k;
        if (x > n || y > m || y < 0) continue;
        while (x < n && y < m && a_[r.a0 + static_cast<std::size_t>(x)] == b_[r.b0 + static_cast<std::size_t>(y)]) ++x, ++y;
        now[static_cast<std::size_t>(k + d)] = x;
        if (x == n && y == m) {
          trace.push_back(std::move(now));
          return walk_back(r, trace, n, m);
        }
      }
      trace.push_back(std::move(now));
    }
    replace(r);
  }

  void walk_back(const Range& r, const std::vector<std::vector<int>>& trace, int x, int y) {
    for (int d = static_cast<int>(trace.size()) - 1; d > 0; --d) {
      const auto& old = trace[static_cast<std::size_t>(d - 1)];
      const int k = x - y;
      const int down = k + 1 <= d - 1 ? old[static_cast<std::size_t>(k + 1 + d - 1)] : -1;
      const int right = k - 1 >= -(d - 1) ? old[static_cast<std::size_t>(k - 1 + d - 1)] : -1;
      if (right >= 0 && right + 1 > down) {  // the same choice as on the way out
        x = right;
        y = x - (k - 1);
        marks_.removed[r.a0 + static_cast<std::size_t>(x)] = true;
      } else {
        x = down;
        y = x - (k + 1);
        marks_.added[r.b0 + static_cast<std::size_t>(y)] = true;
      }
    }
  }

  const Ids& a_;
  const Ids& b_;
  Marks marks_;
};

// Moves [begin, end) of marked lines down while its first line equals the line after it. `limit`: where the next one starts.
void slide(std::vector<bool>& marks, const Ids& ids, std::size_t& begin, std::size_t& end, std::size_t limit) {
  while (end < limit && ids[begin] == ids[end]) {
    marks[begin++] = false;
    marks[end++] = true;
  }
}

std::vector<LineChange> collect(Marks& marks, const Ids& a, const Ids& b) {
  std::vector<LineChange> out;
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && !marks.removed[i] && !marks.added[j]) {
      ++i, ++j;
      continue;
    }
    LineChange c{i, i, j, j};
    while (c.old_end < a.size() && marks.removed[c.old_end]) ++c.old_end;
    while (c.new_end < b.size() && marks.added[c.new_end]) ++c.new_end;
    // How many common lines follow before the next change: a pure run may slide over them, not into it.
    std::size_t common = 0;
    while (c.old_end + common < a.size() && c.new_end + common < b.size() && !marks.removed[c.old_end + common] &&
           !marks.added[c.new_end + common])
      ++common;
    const std::size_t old_was = c.old_end, new_was = c.new_end;
    if (c.old_begin == c.old_end) {
      slide(marks.added, b, c.new_begin, c.new_end, c.new_end + common);
      c.old_begin = c.old_end = old_was + (c.new_end - new_was);
    } else if (c.new_begin == c.new_end) {
      slide(marks.removed, a, c.old_begin, c.old_end, c.old_end + common);
      c.new_begin = c.new_end = new_was + (c.old_end - old_was);
    }
    if (!out.empty() && out.back().old_end == c.old_begin && out.back().new_end == c.new_begin) {
      out.back().old_end = c.old_end;
      out.back().new_end = c.new_end;
    } else {
      out.push_back(c);
    }
    i = c.old_end, j = c.new_end;
  }
  return out;
}

std::vector<LineChange> diff_split(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b) {
  std::unordered_map<std::string_view, int> ids;
  const auto intern = [&](const std::vector<std::string_view>& lines) {
    Ids out;
    out.reserve(lines.size());
    for (const auto line : lines) out.push_back(ids.try_emplace(line, static_cast<int>(ids.size())).first->second);
    return out;
  };
  const Ids left = intern(a), right = intern(b);
  Marks marks = Differ(left, right).run();
  return collect(marks, left, right);
}

void put(std::string& out, char sign, std::string_view line) {
  out += sign;
  out += line;
  if (!line.ends_with('\n')) out += "\n\\ No newline at end of file\n";
}

std::string side_range(std::size_t begin, std::size_t end) {
  const std::size_t count = end - begin, first = count == 0 ? begin : begin + 1;
  return count == 1 ? fmt::format("{}", first) : fmt::format("{},{}", first, count);
}

void put_hunks(std::string& out, const std::vector<std::string_view>& a, const std::vector<std::string_view>& b,
               const std::vector<LineChange>& changes, std::size_t context) {
  for (std::size_t i = 0; i < changes.size();) {
    std::size_t last = i;
    while (last + 1 < changes.size() && changes[last + 1].old_begin - changes[last].old_end <= 2 * context) ++last;
    const std::size_t lead = std::min(context, changes[i].old_begin);
    const std::size_t tail = std::min(context, a.size() - changes[last].old_end);
    out += fmt::format("@@ -{} +{} @@\n", side_range(changes[i].old_begin - lead, changes[last].old_end + tail),
                       side_range(changes[i].new_begin - lead, changes[last].new_end + tail));
    std::size_t at = changes[i].old_begin - lead;
    for (; i <= last; ++i) {
      for (; at < changes[i].old_begin; ++at) put(out, ' ', a[at]);
      for (; at < changes[i].old_end; ++at) put(out, '-', a[at]);
      for (std::size_t j = changes[i].new_begin; j < changes[i].new_end; ++j) put(out, '+', b[j]);
    }
    for (std::size_t k = 0; k < tail; ++k) put(out, ' ', a[at + k]);
  }
}

}  // namespace

std::vector<LineChange> diff_lines(std::string_view before, std::string_view after) {
  return diff_split(split_keep(before), split_keep(after));
}

std::string quote_path(std::string_view name) {
  std::string out;
  bool special = false;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\', out += c, special = true;
    else if (byte < 0x20 || byte == 0x7f) out += fmt::format("\\{:03o}", byte), special = true;
    else out += c;
  }
  return special ? '"' + out + '"' : std::string(name);
}

std::string make_unified_diff(const std::optional<std::string_view>& before, const std::optional<std::string_view>& after,
                              const DiffNames& names, std::size_t context_lines) {
  const std::string& new_name = names.new_name.empty() ? names.old_name : names.new_name;
  const unsigned new_mode = names.new_mode ? names.new_mode : names.old_mode;
  const std::string a = quote_path("a/" + names.old_name), b = quote_path("b/" + new_name);
  if (!before && !after) return "";
  std::string out = fmt::format("diff --git {} {}\n", a, b);
  const bool same_text = before && after && *before == *after;
  if (!before) out += fmt::format("new file mode {:06o}\n", new_mode);
  else if (!after) out += fmt::format("deleted file mode {:06o}\n", names.old_mode);
  else if (names.old_mode != new_mode) out += fmt::format("old mode {:06o}\nnew mode {:06o}\n", names.old_mode, new_mode);
  else if (same_text && new_name == names.old_name) return "";
  if (before && after && new_name != names.old_name)
    out += fmt::format("rename from {}\nrename to {}\n", quote_path(names.old_name), quote_path(new_name));
  if (same_text) return out;
  const std::string_view old_text = before.value_or(""), new_text = after.value_or("");
  if (old_text.empty() && new_text.empty())  // no hunk says so: GNU patch wants git's ids of "nothing" and of the empty file
    return out + (before ? "index e69de29..0000000\n" : "index 0000000..e69de29\n");
  const std::string left = before ? a : "/dev/null", right = after ? b : "/dev/null";
  if (old_text.find('\0') != old_text.npos || new_text.find('\0') != new_text.npos)
    return out + fmt::format("Binary files {} and {} differ\n", left, right);
  // A name with a blank is ended by a tab, or GNU patch would cut it there.
  const auto tab = [](const std::string& name) { return name.find(' ') != name.npos && name[0] != '"' ? "\t" : ""; };
  out += fmt::format("--- {}{}\n+++ {}{}\n", left, tab(left), right, tab(right));
  const auto old_lines = split_keep(old_text), new_lines = split_keep(new_text);
  put_hunks(out, old_lines, new_lines, diff_split(old_lines, new_lines), context_lines);
  return out;
}

}  // namespace wright::tools::patch
