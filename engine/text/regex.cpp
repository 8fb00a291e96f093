#include "engine/text/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include <string>

namespace wright::engine {
namespace {

constexpr std::string_view kSpaces = "\\x{9}-\\x{D}\\x{20}\\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}";

struct Scratch {
  pcre2_match_data* data = pcre2_match_data_create(32, nullptr);
  pcre2_match_context* context = pcre2_match_context_create(nullptr);
  pcre2_jit_stack* stack = pcre2_jit_stack_create(32 * 1024, 1024 * 1024, nullptr);
  Scratch() {
    pcre2_jit_stack_assign(context, nullptr, stack);
    pcre2_set_match_limit(context, 20'000'000);
  }
  ~Scratch() {
    pcre2_jit_stack_free(stack);
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
  }
};

}  // namespace

std::string spell_white_space(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      const char e = pattern[++i];
      if (e == 's') {
        out += in_class ? std::string(kSpaces) : "[" + std::string(kSpaces) + "]";
      } else if (e == 'S' && !in_class) {
        out += "[^" + std::string(kSpaces) + "]";
      } else {
        out += c;
        out += e;
      }
      continue;
    }
    if (c == '[' && !in_class) {
      in_class = true;
      out += c;
      if (i + 1 < pattern.size() && pattern[i + 1] == '^') out += pattern[++i];
      if (i + 1 < pattern.size() && pattern[i + 1] == ']') out += pattern[++i];
      continue;
    }
    if (c == ']') in_class = false;
    if (c == '[' && in_class && !(i + 1 < pattern.size() && pattern[i + 1] == ':')) {
      out += "\\[";  // PCRE2 would read "[." and "[=" as POSIX classes
      continue;
    }
    out += c;
  }
  return out;
}

Result<Regex> Regex::compile(std::string_view pattern, std::string_view what) {
  const std::string spelled = spell_white_space(pattern);
  int code = 0;
  PCRE2_SIZE at = 0;
  pcre2_code* compiled =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(spelled.data()), spelled.size(),
                    PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF, &code, &at, nullptr);
  if (!compiled) {
    char message[256] = "";
    pcre2_get_error_message(code, reinterpret_cast<PCRE2_UCHAR*>(message), sizeof message);
    return Error{ErrorKind::invalid, fmt::format("{}: regular expression \"{}\": {}", what, pattern.substr(0, 80), message),
                 "the tokenizer's file is damaged or of a dialect that Wright does not know"};
  }
  pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE);  // where it fails the interpreter is used: same matches
  Regex regex;
  regex.code_ = std::shared_ptr<void>(compiled, [](void* p) { pcre2_code_free(static_cast<pcre2_code*>(p)); });
  return regex;
}

bool Regex::each(std::string_view text, const std::function<void(std::size_t, std::size_t)>& found) const {
  static thread_local Scratch scratch;
  const auto* code = static_cast<const pcre2_code*>(code_.get());
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  std::size_t at = 0;
  while (at < text.size()) {
    int n = pcre2_match(code, subject, text.size(), at, PCRE2_NOTEMPTY, scratch.data, scratch.context);
    if (n == PCRE2_ERROR_JIT_STACKLIMIT)
      n = pcre2_match(code, subject, text.size(), at, PCRE2_NOTEMPTY | PCRE2_NO_JIT, scratch.data, scratch.context);
    if (n == PCRE2_ERROR_NOMATCH) return true;
    if (n < 0) return false;
    const PCRE2_SIZE* spot = pcre2_get_ovector_pointer(scratch.data);
    if (spot[1] <= spot[0] || spot[0] < at) return false;  // \K can do that
    found(spot[0], spot[1]);
    at = spot[1];
  }
  return true;
}

}  // namespace wright::engine
