// A pattern is expanded into its brace alternatives, each split at '/' into segments. Segments are matched by dynamic programming over
// (segment, component), which gives "**" its any number of components; inside a segment the usual greedy match with one
// remembered "*" suffices.
#include "tools/repo/glob.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"

namespace wright::tools {

namespace {

constexpr std::size_t kMaxPattern = 4096;      // bytes
constexpr std::size_t kMaxAlternatives = 256;  // after brace expansion

// The next character; an ill-formed byte stands for itself, outside of Unicode's range.
char32_t next_char(std::string_view text, std::size_t& at) {
  const utf8::Decoded d = utf8::decode(text, at);
  if (!d.valid) return 0x110000u + static_cast<unsigned char>(text[at++]);
  at += d.length;
  return d.code;
}

char32_t lower(char32_t c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }

Error bad(std::string_view pattern, std::string_view what) {
  return {ErrorKind::usage, fmt::format("pattern '{}': {}", pattern, what), "write \\ before a literal *, ?, [ or {"};
}

// Where the brace that opens at `open` closes, and its commas; npos when it does not.
std::size_t closing_brace(std::string_view p, std::size_t open, std::vector<std::size_t>& commas) {
  int depth = 0;
  for (std::size_t i = open; i < p.size(); ++i) {
    if (p[i] == '\\') ++i;
    else if (p[i] == '{') ++depth;
    else if (p[i] == '}' && --depth == 0) return i;
    else if (p[i] == ',' && depth == 1) commas.push_back(i);
  }
  return p.npos;
}

Result<void> expand(const std::string& pattern, std::size_t from, std::vector<std::string>& out) {
  std::size_t open = from;
  while (open < pattern.size() && pattern[open] != '{') open += pattern[open] == '\\' ? 2 : 1;
  if (open >= pattern.size()) {
    if (out.size() >= kMaxAlternatives) return bad(pattern, fmt::format("more than {} alternatives", kMaxAlternatives));
    out.push_back(pattern);
    return {};
  }
  std::vector<std::size_t> commas;
  const std::size_t close = closing_brace(pattern, open, commas);
  if (close == pattern.npos) return bad(pattern, "'{' is not closed");
  commas.push_back(close);
  std::size_t begin = open + 1;
  for (const std::size_t comma : commas) {
    WRIGHT_CHECK(expand(pattern.substr(0, open) + pattern.substr(begin, comma - begin) + pattern.substr(close + 1), open, out));
    begin = comma + 1;
  }
  return {};
}

// "[...]" at p[at]; leaves `at` behind it. Nothing when it is not closed.
bool read_set(std::string_view p, std::size_t& at, Glob::Token& token) {
  std::size_t i = at + 1;
  if (i < p.size() && (p[i] == '!' || p[i] == '^')) token.negated = true, ++i;
  bool first = true;
  while (i < p.size() && (p[i] != ']' || first)) {
    first = false;
    if (p.substr(i).starts_with("[:")) {
      const std::size_t end = p.find(":]", i + 2);
      if (end != p.npos) {
        const std::string_view name = p.substr(i + 2, end - i - 2);
        const std::string_view chars = name == "alpha" ? "azAZ" : name == "digit" ? "09" : name == "alnum" ? "azAZ09"
                                     : name == "upper" ? "AZ" : name == "lower" ? "az" : name == "space" ? "\t\r  "
                                     : name == "xdigit" ? "09afAF" : name == "punct" ? "!/:@[`{~" : "";
        for (std::size_t k = 0; k + 1 < chars.size(); k += 2)
          token.ranges.emplace_back(static_cast<unsigned char>(chars[k]), static_cast<unsigned char>(chars[k + 1]));
        i = end + 2;
        continue;
      }
    }
    if (p[i] == '\\' && i + 1 < p.size()) ++i;
    const char32_t low = next_char(p, i);
    char32_t high = low;
    if (i + 1 < p.size() && p[i] == '-' && p[i + 1] != ']') {
      ++i;
      if (p[i] == '\\' && i + 1 < p.size()) ++i;
      high = next_char(p, i);
    }
    token.ranges.emplace_back(low, high);
  }
  if (i >= p.size()) return false;
  token.kind = Glob::Token::Kind::set;
  at = i + 1;
  return true;
}

Result<Glob::Segment> read_segment(std::string_view whole, std::string_view p) {
  Glob::Segment out;
  if (p == "**") {
    out.folders = true;
    return out;
  }
  out.plain = true;
  for (std::size_t at = 0; at < p.size();) {
    Glob::Token token;
    if (p[at] == '*') {
      ++at;
      token.kind = Glob::Token::Kind::star;
      if (!out.tokens.empty() && out.tokens.back().kind == token.kind) continue;
    } else if (p[at] == '?') {
      ++at;
      token.kind = Glob::Token::Kind::any;
    } else if (p[at] == '[') {
      if (!read_set(p, at, token)) return bad(whole, "'[' is not closed");
    } else {
      if (p[at] == '\\' && ++at == p.size()) return bad(whole, "ends in a lone \\");
      const std::size_t from = at;
      token.value = next_char(p, at);
      out.literal += p.substr(from, at - from);
    }
    if (token.kind != Glob::Token::Kind::literal) out.plain = false;
    out.tokens.push_back(std::move(token));
  }
  return out;
}

bool one(const Glob::Token& token, char32_t c, bool fold) {
  switch (token.kind) {
    case Glob::Token::Kind::any: return true;
    case Glob::Token::Kind::literal: return token.value == c || (fold && lower(token.value) == lower(c));
    default: break;
  }
  bool in = false;
  for (const auto& [low, high] : token.ranges)
    in = in || (c >= low && c <= high) || (fold && lower(c) >= lower(low) && lower(c) <= lower(high));
  return in != token.negated;
}

bool segment_matches(const Glob::Segment& segment, std::string_view text, bool fold) {
  if (segment.plain && !fold) return segment.literal == text;
  const auto& tokens = segment.tokens;
  std::size_t t = 0, at = 0, star = tokens.size(), retry = 0;
  while (at < text.size()) {
    std::size_t after = at;
    if (t < tokens.size() && tokens[t].kind == Glob::Token::Kind::star) {
      star = t++;
      retry = at;
    } else if (t < tokens.size() && one(tokens[t], next_char(text, after), fold)) {
      ++t;
      at = after;
    } else if (star < tokens.size()) {
      t = star + 1;
      next_char(text, retry);
      at = retry;
    } else {
      return false;
    }
  }
  while (t < tokens.size() && tokens[t].kind == Glob::Token::Kind::star) ++t;
  return t == tokens.size();
}

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t slash = std::min(path.find('/', at), path.size());
    if (slash > at) out.push_back(path.substr(at, slash - at));
    at = slash + 1;
  }
  return out;
}

}  // namespace

Result<Glob> Glob::compile(std::string_view pattern, const Options& options) {
  if (pattern.empty()) return Error{ErrorKind::usage, "an empty file pattern", "for example *.py or src/**/*.ts"};
  if (pattern.size() > kMaxPattern) return Error{ErrorKind::limit, fmt::format("a file pattern over {} bytes", kMaxPattern), ""};
  std::vector<std::string> texts;
  if (options.braces) WRIGHT_CHECK(expand(std::string(pattern), 0, texts));
  else texts.emplace_back(pattern);
  Glob out;
  out.fold_case_ = options.fold_case;
  for (std::string& text : texts) {
    std::string_view rest = text;
    const bool slash = rest.find('/') < rest.size() - (rest.empty() ? 0 : 1);  // a final one does not count
    while (options.braces && rest.starts_with("./")) rest.remove_prefix(2);
    const bool below = rest.ends_with('/');
    while (rest.starts_with('/')) rest.remove_prefix(1);
    while (rest.ends_with('/')) rest.remove_suffix(1);
    if (rest.empty()) return bad(pattern, "names nothing");
    Alternative a;
    for (const std::string_view part : split(rest)) {
      WRIGHT_TRY(Segment s, read_segment(pattern, part));
      if (s.folders && !a.segments.empty() && a.segments.back().folders) continue;
      a.segments.push_back(std::move(s));
    }
    a.name_only = !slash && !below && options.any_depth && a.segments.size() == 1 && !a.segments[0].folders;
    if (below) {
      if (!a.segments.back().folders) a.segments.push_back(Segment{true, {}, "", false});
      if (!slash && options.any_depth && !a.segments.front().folders) a.segments.insert(a.segments.begin(), Segment{true, {}, "", false});
    }
    a.fixed_depth = std::none_of(a.segments.begin(), a.segments.end(), [](const Segment& s) { return s.folders; });
    out.alternatives_.push_back(std::move(a));
  }
  return out;
}

bool Glob::matches_segments(const Alternative& a, const std::vector<std::string_view>& parts) const {
  // reach[i]: the segments so far can have used up the first i components.
  std::vector<char> reach(parts.size() + 1, 0), next(parts.size() + 1, 0);
  reach[0] = 1;
  for (std::size_t s = 0; s < a.segments.size(); ++s) {
    std::fill(next.begin(), next.end(), 0);
    const Segment& segment = a.segments[s];
    if (segment.folders) {
      const bool last = s + 1 == a.segments.size() && s > 0;  // a final "**" wants at least one component: "a/**" is not "a"
      for (std::size_t i = 0, open = 0; i <= parts.size(); ++i) {
        if (!last && reach[i]) open = 1;
        next[i] = static_cast<char>(open);
        if (last && reach[i]) open = 1;
      }
    } else {
      for (std::size_t i = 0; i < parts.size(); ++i)
        if (reach[i] && segment_matches(segment, parts[i], fold_case_)) next[i + 1] = 1;
    }
    reach.swap(next);
  }
  return reach[parts.size()] != 0;
}

// Without "**" each segment takes one component: no table is needed.
bool Glob::matches_plainly(const Alternative& a, std::string_view path) const {
  std::size_t at = 0;
  for (const Segment& segment : a.segments) {
    while (at < path.size() && path[at] == '/') ++at;
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (at >= path.size() || !segment_matches(segment, path.substr(at, end - at), fold_case_)) return false;
    at = end;
  }
  return path.find_first_not_of('/', at) == path.npos;
}

bool Glob::matches(std::string_view path) const {
  std::vector<std::string_view> parts;
  for (const Alternative& a : alternatives_) {
    if (a.name_only) {
      const std::size_t slash = path.rfind('/');
      if (segment_matches(a.segments[0], slash == path.npos ? path : path.substr(slash + 1), fold_case_)) return true;
      continue;
    }
    if (a.fixed_depth) {
      if (matches_plainly(a, path)) return true;
      continue;
    }
    if (parts.empty()) parts = split(path);
    if (!parts.empty() && matches_segments(a, parts)) return true;
  }
  return false;
}

bool Glob::may_match_below(std::string_view folder) const {
  const std::vector<std::string_view> parts = split(folder);
  for (const Alternative& a : alternatives_) {
    if (a.name_only) return true;
    bool possible = true;
    for (std::size_t i = 0; i < parts.size() && possible; ++i) {
      if (i >= a.segments.size()) possible = false;
      else if (a.segments[i].folders) break;
      else possible = segment_matches(a.segments[i], parts[i], fold_case_);
    }
    if (possible && (parts.size() < a.segments.size() || a.segments.back().folders)) return true;
    for (const Segment& s : a.segments)
      if (possible && s.folders) return true;
  }
  return false;
}

Result<GlobSet> GlobSet::compile(const std::vector<std::string>& patterns) {
  GlobSet out;
  for (const std::string& pattern : patterns) {
    const bool exclude = pattern.starts_with('!');
    WRIGHT_TRY(Glob glob, Glob::compile(std::string_view(pattern).substr(exclude ? 1 : 0)));
    (exclude ? out.exclude_ : out.include_).push_back(std::move(glob));
  }
  return out;
}

bool GlobSet::matches(std::string_view path) const {
  for (const Glob& glob : exclude_)
    if (glob.matches(path)) return false;
  for (const Glob& glob : include_)
    if (glob.matches(path)) return true;
  return include_.empty();
}

bool GlobSet::may_match_below(std::string_view folder) const {
  for (const Glob& glob : include_)
    if (glob.may_match_below(folder)) return true;
  return include_.empty();
}

}  // namespace wright::tools
