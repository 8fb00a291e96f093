// File name patterns and ignore rules: any bytes compile or give one error; a match agrees with a naive matcher, and a path that
// matches is never below a folder that a walk would skip.
#include <string>

#include "tools/repo/glob.h"
#include "tools/repo/ignore.h"

namespace {

// "*", "?", "**" and literals by plain recursion: exponential, so only for short input.
bool naive(std::string_view p, std::string_view t) {
  if (p.empty()) return t.empty();
  if (p.starts_with("**/")) {
    if (naive(p.substr(3), t)) return true;
    const std::size_t slash = t.find('/');
    return slash != t.npos && naive(p, t.substr(slash + 1));
  }
  if (p[0] == '*') {
    if (naive(p.substr(1), t)) return true;
    return !t.empty() && t[0] != '/' && naive(p, t.substr(1));
  }
  return !t.empty() && (p[0] == t[0] || (p[0] == '?' && t[0] != '/')) && naive(p.substr(1), t.substr(1));
}

// Text over a few letters, so that matches happen.
std::string letters(const unsigned char* data, std::size_t size, std::string_view alphabet) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i) out += alphabet[data[i] % alphabet.size()];
  return out;
}

// Without empty components, leading or final slashes.
bool plain(std::string_view text) { return !text.empty() && text.front() != '/' && text.back() != '/' && text.find("//") == text.npos; }

// A plain pattern with "**" only whole, and not last.
bool simple(std::string_view text) {
  if (!plain(text) || text.ends_with("**")) return false;
  for (std::size_t at = text.find("**"); at != text.npos; at = text.find("**", at + 1))
    if ((at > 0 && text[at - 1] != '/') || at + 2 >= text.size() || text[at + 2] != '/') return false;
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace wright::tools;
  if (size < 2 || size > 4096) return 0;
  const std::size_t cut = 1 + data[0] % (size - 1);
  const std::string pattern(reinterpret_cast<const char*>(data) + 1, cut - 1), path(reinterpret_cast<const char*>(data) + cut, size - cut);
  if (const auto glob = Glob::compile(pattern); glob.ok() && glob->matches(path) && plain(path)) {
    std::string up = path;
    while (up.find('/') != up.npos) {
      up.resize(up.rfind('/'));
      if (!glob->may_match_below(up)) __builtin_trap();
    }
  }
  const IgnoreFile rules = IgnoreFile::parse(pattern);
  (void)rules.decide(path, true);
  (void)rules.decide(path, false);
  if (cut > 13 || size - cut > 12) return 0;
  const std::string p = letters(data + 1, cut - 1, "ab*?/"), t = letters(data + cut, size - cut, "ab/");
  if (!simple(p) || !simple(t)) return 0;
  const auto glob = Glob::compile(p, {.braces = true, .any_depth = false, .fold_case = false});
  if (!glob.ok() || glob->matches(t) != naive(p, t)) __builtin_trap();
  return 0;
}
