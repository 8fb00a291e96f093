#include "agent/search/tamper.h"

#include <array>
#include <cctype>
#include <fmt/format.h>
#include <set>

namespace wright::agent::search {

namespace {

struct Sign {
  std::string_view text, reason;
};
constexpr Sign kSigns[] = {
    {"sys.exit", "ends the process"}, {"os._exit", "ends the process"}, {"SystemExit", "ends the process"}, {"process.exit", "ends the process"},
    {"process.abort", "ends the process"}, {"os.abort", "ends the process"}, {"os.kill", "ends the process"}, {"exit(", "ends the process"},
    {"quit(", "ends the process"}, {"std::exit", "ends the process"}, {"System.exit", "ends the process"},
    {"pytest.skip", "skips tests"}, {"SkipTest", "skips tests"}, {"skipTest", "skips tests"}, {"unittest.skip", "skips tests"}, {".xfail", "skips tests"},
    {".skip(", "skips tests"}, {"importorskip", "skips tests"},
    {"PYTEST_CURRENT_TEST", "looks whether it is being tested"}, {"sys.argv", "looks whether it is being tested"}, {"process.argv", "looks whether it is being tested"},
    {"os.environ", "looks at its environment"}, {"os.getenv", "looks at its environment"}, {"process.env", "looks at its environment"}, {"getenv(", "looks at its environment"},
    {"sys.modules", "looks whether it is being tested"}, {"sys._getframe", "looks at its caller"}, {"inspect.", "looks at its caller"},
    {"require.main", "looks whether it is being tested"}, {"sys.settrace", "changes the interpreter"}, {"__builtins__", "changes the interpreter"}};

int count(std::string_view text, std::string_view word) {
  int out = 0;
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string_view::npos; at += word.size()) {
    const bool whole = at == 0 || !(std::isalnum(static_cast<unsigned char>(text[at - 1])) || text[at - 1] == '_' || text[at - 1] == '.') || word[0] == '.';
    out += whole ? 1 : 0;
  }
  return out;
}

// Literals behind "==" (or in front of it) worth calling special: strings of two characters and more, numbers of two digits and more, lists.
std::set<std::string> compared_literals(std::string_view text) {
  std::set<std::string> out;
  for (std::size_t at = 0; (at = text.find("==", at)) != std::string_view::npos; at += 2) {
    std::size_t begin = at + 2;
    while (begin < text.size() && (text[begin] == '=' || text[begin] == ' ')) ++begin;
    if (begin >= text.size()) break;
    const char first = text[begin];
    std::size_t end = begin + 1;
    if (first == '"' || first == '\'') {
      end = text.find(first, end);
      if (end == std::string_view::npos) continue;
      if (end - begin > 2) out.insert(std::string(text.substr(begin + 1, end - begin - 1)));
    } else if (first == '[' || first == '(' || first == '{') {
      end = text.find(first == '[' ? ']' : first == '(' ? ')' : '}', end);
      if (end != std::string_view::npos && end - begin > 2) out.insert(std::string(text.substr(begin, end - begin + 1)));
    } else if (std::isdigit(static_cast<unsigned char>(first)) || first == '-') {
      while (end < text.size() && (std::isdigit(static_cast<unsigned char>(text[end])) || text[end] == '.')) ++end;
      if (end - begin > (first == '-' ? 2u : 1u)) out.insert(std::string(text.substr(begin, end - begin)));
    }
  }
  return out;
}

}  // namespace

std::string tampering(std::string_view source, const std::vector<Edit>& edits, const TestTexts& tests, const Outcome& before, const Outcome& after) {
  const std::string patched = apply_edits(source, edits);
  for (const auto& [text, reason] : kSigns)
    if (count(patched, text) > count(source, text)) return fmt::format("it {} ({})", reason, text);
  const std::set<std::string> had = compared_literals(source);
  for (const std::string& literal : compared_literals(patched))
    if (!had.count(literal) && source.find(literal) == std::string_view::npos && tests.all.find(literal) != std::string::npos)
      return fmt::format("it special-cases {}, a value of the tests", literal);
  if (before.passed >= 0 && before.failed >= 0 && after.passed >= 0 && after.passed + std::max(after.failed, 0) < before.passed + before.failed)
    return fmt::format("fewer tests ran: {} instead of {}", after.passed + std::max(after.failed, 0), before.passed + before.failed);
  if (before.passed >= 0 && after.passed < 0) return "the tests printed no result any more";
  return "";
}

}  // namespace wright::agent::search
