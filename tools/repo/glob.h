// File name patterns: "*", "?", "[a-z]", "[!x]", "{a,b}", "**" for any number of folders, "\" before a literal. Paths are relative,
// '/'-separated. A pattern without a slash matches the last component at any depth ("*.py"); "dir/" means all that lies below.
// Immutable after compile(), any thread. Matching is O(pattern × path), no pattern is exponential.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace wright::tools {

class Glob {
 public:
  struct Options {
    bool braces = true;      // "{a,b}"; .gitignore has none
    bool any_depth = true;   // a pattern without a slash matches at any depth
    bool fold_case = false;  // ASCII letters
  };
  // `usage` when the pattern is empty, too long, or a bracket or brace is not closed.
  static Result<Glob> compile(std::string_view pattern, const Options& options);
  static Result<Glob> compile(std::string_view pattern) { return compile(pattern, Options()); }
  bool matches(std::string_view path) const;
  // Whether some path below `folder` could match: lets a walk skip whole folders. May say yes wrongly, never no wrongly.
  bool may_match_below(std::string_view folder) const;

  struct Token {
    enum class Kind { literal, any, star, set } kind = Kind::literal;
    char32_t value = 0;
    bool negated = false;
    std::vector<std::pair<char32_t, char32_t>> ranges;
  };
  struct Segment {
    bool folders = false;        // "**"
    std::vector<Token> tokens;
    std::string literal;         // when there is no wildcard
    bool plain = false;
  };

 private:
  struct Alternative {
    std::vector<Segment> segments;
    bool name_only = false;
    bool fixed_depth = false;  // no "**"
  };
  bool matches_plainly(const Alternative& a, std::string_view path) const;
  bool matches_segments(const Alternative& a, const std::vector<std::string_view>& parts) const;
  std::vector<Alternative> alternatives_;
  bool fold_case_ = false;
};

// Several patterns: a path matches when one that does not start with "!" does (or there is none such) and none after "!" does.
class GlobSet {
 public:
  static Result<GlobSet> compile(const std::vector<std::string>& patterns);
  bool matches(std::string_view path) const;
  bool may_match_below(std::string_view folder) const;
  bool empty() const { return include_.empty() && exclude_.empty(); }

 private:
  std::vector<Glob> include_, exclude_;
};

}  // namespace wright::tools
