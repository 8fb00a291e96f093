#include "engine/text/grammar.h"

#include <algorithm>
#include <set>

#include "base/utf8.h"

namespace wright::engine {

CharSet CharSet::of(std::initializer_list<std::pair<char32_t, char32_t>> ranges) {
  CharSet out{ranges};
  out.normalise();
  return out;
}

CharSet CharSet::all() { return {{{0, 0xD7FF}, {0xE000, 0x10FFFF}}}; }

void CharSet::add(char32_t from, char32_t to) { ranges.emplace_back(from, to); }

void CharSet::normalise() {
  std::vector<std::pair<char32_t, char32_t>> cut;
  for (const auto& [low, high] : ranges) {  // surrogates are no characters
    if (low <= std::min<char32_t>(high, 0xD7FF)) cut.emplace_back(low, std::min<char32_t>(high, 0xD7FF));
    if (std::max<char32_t>(low, 0xE000) <= std::min<char32_t>(high, 0x10FFFF))
      cut.emplace_back(std::max<char32_t>(low, 0xE000), std::min<char32_t>(high, 0x10FFFF));
  }
  std::sort(cut.begin(), cut.end());
  ranges.clear();
  for (const auto& r : cut) {
    if (!ranges.empty() && r.first <= ranges.back().second + 1) ranges.back().second = std::max(ranges.back().second, r.second);
    else ranges.push_back(r);
  }
}

CharSet CharSet::inverted() const {
  CharSet out;
  char32_t next = 0;
  for (const auto& [low, high] : ranges) {
    if (low > next) out.ranges.emplace_back(next, low - 1);
    next = high + 1;
  }
  if (next <= 0x10FFFF) out.ranges.emplace_back(next, 0x10FFFF);
  out.normalise();
  return out;
}

bool CharSet::has(char32_t c) const {
  return std::any_of(ranges.begin(), ranges.end(), [c](const auto& r) { return r.first <= c && c <= r.second; });
}

GrammarRule Grammar::add_rule() {
  rules_.push_back({add_state()});
  return static_cast<GrammarRule>(rules_.size()) - 1;
}

GrammarState Grammar::add_state() {
  states_.emplace_back();
  return static_cast<GrammarState>(states_.size()) - 1;
}

void Grammar::add_bytes(GrammarState from, std::uint8_t low, std::uint8_t high, GrammarState to) {
  states_[static_cast<std::size_t>(from)].edges.push_back({Edge::Kind::bytes, low, high, -1, to});
}

void Grammar::add_silent(GrammarState from, GrammarState to) {
  states_[static_cast<std::size_t>(from)].edges.push_back({Edge::Kind::silent, 0, 0, -1, to});
}

void Grammar::add_call(GrammarState from, GrammarRule rule, GrammarState to) {
  states_[static_cast<std::size_t>(from)].edges.push_back({Edge::Kind::call, 0, 0, rule, to});
}

GrammarState Grammar::add_text(GrammarState from, std::string_view text) {
  for (const char c : text) {
    const GrammarState next = add_state();
    add_bytes(from, static_cast<std::uint8_t>(c), static_cast<std::uint8_t>(c), next);
    from = next;
  }
  return from;
}

// Splits a range of code points into runs whose UTF-8 is a product of byte ranges (as in RE2's and Go's regexp compilers).
void Grammar::add_utf8(GrammarState from, char32_t low, char32_t high, GrammarState to) {
  static constexpr char32_t kLengthEnds[] = {0x7F, 0x7FF, 0xFFFF, 0x10FFFF};
  for (const char32_t end : kLengthEnds)
    if (low <= end && end < high) {
      add_utf8(from, low, end, to);
      add_utf8(from, end + 1, high, to);
      return;
    }
  for (int shift = 6; shift <= 18; shift += 6) {  // align both ends to whole blocks of continuation bytes
    const char32_t mask = (char32_t{1} << shift) - 1;
    if ((low & ~mask) != (high & ~mask)) {
      if ((low & mask) != 0) {
        add_utf8(from, low, low | mask, to);
        add_utf8(from, (low | mask) + 1, high, to);
        return;
      }
      if ((high & mask) != mask) {
        add_utf8(from, low, (high & ~mask) - 1, to);
        add_utf8(from, high & ~mask, high, to);
        return;
      }
    }
  }
  std::string a, b;
  utf8::append(a, low);
  utf8::append(b, high);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const GrammarState next = i + 1 == a.size() ? to : add_state();
    add_bytes(from, static_cast<std::uint8_t>(a[i]), static_cast<std::uint8_t>(b[i]), next);
    from = next;
  }
}

void Grammar::add_chars(GrammarState from, const CharSet& set, GrammarState to) {
  for (const auto& [low, high] : set.ranges) add_utf8(from, low, high, to);
}

// Whether the distance of `s` fell. Knuth's generalisation of Dijkstra to grammars, as a plain fixed point.
bool Grammar::relax(State& s) const {
  std::int32_t best = s.end ? 0 : kInfinite;
  for (const Edge& e : s.edges) {
    const std::int32_t rest = state(e.to).distance;
    const std::int32_t cost = e.kind == Edge::Kind::bytes ? 1 : e.kind == Edge::Kind::silent ? 0 : shortest(e.rule);
    if (rest < kInfinite && cost < kInfinite) best = std::min(best, rest + cost);
  }
  if (best >= s.distance) return false;
  s.distance = best;
  return true;
}

Result<void> Grammar::check_left_recursion() const {
  // first[r]: rules that r may call before it reads a byte.
  std::vector<std::set<GrammarRule>> first(rules_.size());
  for (std::size_t r = 0; r < rules_.size(); ++r) {
    std::vector<GrammarState> pending{rules_[r].start};
    std::set<GrammarState> seen(pending.begin(), pending.end());
    while (!pending.empty()) {
      const GrammarState at = pending.back();
      pending.pop_back();
      for (const Edge& e : state(at).edges) {
        if (e.kind == Edge::Kind::call) first[r].insert(e.rule);
        if ((e.kind == Edge::Kind::silent || (e.kind == Edge::Kind::call && shortest(e.rule) == 0)) && seen.insert(e.to).second) pending.push_back(e.to);
      }
    }
  }
  std::vector<int> colour(rules_.size(), 0);  // 0 new, 1 on the path, 2 done
  for (std::size_t r = 0; r < rules_.size(); ++r) {
    std::vector<std::pair<std::size_t, bool>> path{{r, false}};
    while (!path.empty()) {
      auto [at, leaving] = path.back();
      path.pop_back();
      if (leaving) {
        colour[at] = 2;
        continue;
      }
      if (colour[at] == 1) return Error{ErrorKind::usage, "a reference leads back to itself before anything is read", "break the circle of $ref"};
      if (colour[at] == 2) continue;
      colour[at] = 1;
      path.emplace_back(at, true);
      for (const GrammarRule next : first[at]) {
        if (colour[static_cast<std::size_t>(next)] == 1) return Error{ErrorKind::usage, "a reference leads back to itself before anything is read", "break the circle of $ref"};
        path.emplace_back(static_cast<std::size_t>(next), false);
      }
    }
  }
  return {};
}

Result<void> Grammar::finish(GrammarRule root) {
  root_ = root;
  if (too_large()) return Error{ErrorKind::limit, "the grammar is too large", "use smaller repetition counts"};
  for (bool changed = true; changed;) {
    changed = false;
    for (auto it = states_.rbegin(); it != states_.rend(); ++it) changed = relax(*it) || changed;  // later states stand nearer to the end
  }
  if (shortest(root) >= kInfinite) return Error{ErrorKind::usage, "no finite text matches", "see what is required and what refers to itself"};
  return check_left_recursion();
}

}  // namespace wright::engine
