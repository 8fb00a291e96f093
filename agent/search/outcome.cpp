#include "agent/search/outcome.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cctype>
#include <optional>

namespace wright::agent::search {

namespace {

// The number in front of `word` ("3 passed"), as the last place in the text says.
std::optional<int> number_before(std::string_view text, std::string_view word) {
  std::optional<int> out;
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string_view::npos; at += word.size()) {
    if (at + word.size() < text.size() && std::isalnum(static_cast<unsigned char>(text[at + word.size()]))) continue;
    std::size_t begin = at;
    while (begin > 0 && std::isdigit(static_cast<unsigned char>(text[begin - 1]))) --begin;
    int value = 0;
    if (begin < at && std::from_chars(text.data() + begin, text.data() + at, value).ec == std::errc()) out = value;
  }
  return out;
}

std::optional<int> number_after(std::string_view text, std::string_view word) {
  const std::size_t at = text.rfind(word);
  if (at == std::string_view::npos) return {};
  int value = 0;
  const char* begin = text.data() + at + word.size();
  if (std::from_chars(begin, text.data() + text.size(), value).ec != std::errc()) return {};
  return value;
}

struct Reader {
  std::string_view name;
  bool (*read)(std::string_view text, Outcome& out);
};

bool read_unittest(std::string_view text, Outcome& out) {
  if (text.find("\nRan ") == std::string_view::npos && !text.starts_with("Ran ")) return false;
  const auto ran = number_after(text, "Ran ");
  if (!ran) return false;
  out.failed = number_after(text, "failures=").value_or(0) + number_after(text, "errors=").value_or(0);
  out.passed = *ran - out.failed - number_after(text, "skipped=").value_or(0);
  return true;
}

bool read_node_test(std::string_view text, Outcome& out) {
  for (const std::string_view mark : {"# ", "\u2139 "}) {
    const auto pass = number_after(text, std::string(mark) + "pass ");
    const auto fail = number_after(text, std::string(mark) + "fail ");
    if (!pass || !fail) continue;
    out.passed = *pass;
    out.failed = *fail;
    return true;
  }
  return false;
}

bool read_words(std::string_view text, std::string_view passed, std::string_view failed, std::string_view errors, Outcome& out) {
  const auto good = number_before(text, passed), bad = number_before(text, failed);
  auto broken = number_before(text, errors);
  if (!broken) broken = number_before(text, std::string(errors) + "s");
  if (!good && !bad && !broken) return false;
  out.failed = bad.value_or(0) + broken.value_or(0);
  // "2 failed in 0.1s", "2 failed, 2 total": none passed. "2 failed" alone: a program that counts failures only.
  const auto goes_on = [&](std::string_view word) {
    const std::size_t at = text.rfind(word);
    if (at == std::string_view::npos) return false;
    std::string_view rest = text.substr(at + word.size());
    if (rest.starts_with("s")) rest.remove_prefix(1);
    return rest.starts_with(",") || rest.starts_with(" in ");
  };
  if (good || goes_on(failed) || goes_on(errors)) out.passed = good.value_or(0);
  return true;
}

bool read_mocha(std::string_view text, Outcome& out) { return read_words(text, " passing", " failing", " erroring", out); }
bool read_pytest(std::string_view text, Outcome& out) { return read_words(text, " passed", " failed", " error", out) ; }

constexpr std::array<Reader, 4> kReaders{{{"unittest", read_unittest}, {"node --test", read_node_test}, {"mocha", read_mocha}, {"pytest and others", read_pytest}}};

// A path printed by a runner, relative to the workspace; nothing when it lies outside.
std::optional<std::string> inside(std::string_view path, const std::string& root) {
  if (path.starts_with("file://")) path.remove_prefix(7);
  if (path.starts_with(root + "/")) path.remove_prefix(root.size() + 1);
  else if (path.starts_with("/")) return {};
  while (path.starts_with("./")) path.remove_prefix(2);
  if (path.empty() || path.find("site-packages") != std::string_view::npos || path.find("node_modules") != std::string_view::npos || path.find('<') != std::string_view::npos)
    return {};
  return std::string(path);
}

// Python: `  File "a.py", line 3, in f`.
bool python_frame(std::string_view line, const std::string& root, Outcome& out) {
  const std::size_t at = line.find("File \"");
  if (at == std::string_view::npos) return false;
  const std::size_t stop = line.find("\", line ", at + 6);
  if (stop == std::string_view::npos) return false;
  Place place;
  std::from_chars(line.data() + stop + 8, line.data() + line.size(), place.line);
  if (const std::size_t in = line.find(", in ", stop); in != std::string_view::npos) place.function = line.substr(in + 5);
  const auto file = inside(line.substr(at + 6, stop - at - 6), root);
  if (!file) return true;
  place.file = *file;
  out.places.push_back(place);
  return true;
}

// JavaScript: `    at f (/a/b.js:3:5)`, and file:line anywhere (pytest, compilers).
void colon_place(std::string_view line, const std::string& root, Outcome& out) {
  for (std::size_t at = 0; (at = line.find(':', at)) != std::string_view::npos; ++at) {
    int number = 0;
    const auto parsed = std::from_chars(line.data() + at + 1, line.data() + line.size(), number);
    if (parsed.ec != std::errc() || number <= 0) continue;
    std::size_t begin = at;
    while (begin > 0 && line[begin - 1] != ' ' && line[begin - 1] != '(' && line[begin - 1] != '\'' && line[begin - 1] != '"') --begin;
    const std::string_view path = line.substr(begin, at - begin);
    const std::size_t dot = path.rfind('.');
    if (dot == std::string_view::npos || path.size() - dot > 6 || dot + 1 == path.size() || std::isdigit(static_cast<unsigned char>(path[dot + 1]))) continue;
    const auto file = inside(path, root);
    if (!file) return;
    Place place{*file, number, ""};
    if (const std::size_t word = line.find("at "); word != std::string_view::npos && word < begin)
      place.function = line.substr(word + 3, begin > word + 5 ? begin - word - 5 : 0);
    out.places.push_back(std::move(place));
    return;
  }
}

void failing_name(std::string_view line, Outcome& out) {
  for (const std::string_view mark : {"FAIL: ", "ERROR: ", "FAILED ", "not ok "}) {
    if (!line.starts_with(mark)) continue;
    std::string name(line.substr(mark.size()));
    if (mark == "not ok ") name = name.substr(std::min(name.size(), name.find(" - ") == std::string::npos ? 0 : name.find(" - ") + 3));
    if (const std::size_t dash = name.find(" - "); mark == "FAILED " && dash != std::string::npos) name.resize(dash);
    if (!name.starts_with("(") && std::find(out.failing.begin(), out.failing.end(), name) == out.failing.end()) out.failing.push_back(name);
  }
}

}  // namespace

Outcome read_outcome(const tools::CommandResult& result, const std::string& root) {
  Outcome out;
  out.ok = result.exit_status == 0 && !result.timed_out;
  const std::string_view text = result.output;
  for (const Reader& reader : kReaders)
    if (reader.read(text, out)) break;
  bool in_trace = false, first = true;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t stop = rest.find('\n');
    std::string_view line = rest.substr(0, stop);
    rest = stop == std::string_view::npos ? std::string_view() : rest.substr(stop + 1);
    if (line.size() > 1000) line = line.substr(0, 1000);
    const std::size_t lead = line.find_first_not_of(" \t");
    failing_name(lead == std::string_view::npos ? line : line.substr(lead), out);
    const std::size_t before = out.places.size();
    if (line.find("Traceback (most recent") != std::string_view::npos) in_trace = true;
    const bool python = python_frame(line, root, out);
    if (!python) colon_place(line, root, out);
    if (first && out.places.size() > before) out.stack.push_back(out.places.back());
    if (in_trace && !line.empty() && line[0] != ' ' && line.find("Traceback") == std::string_view::npos && !out.stack.empty()) first = false;
  }
  const bool javascript = std::any_of(out.stack.begin(), out.stack.end(), [](const Place& p) { return p.file.ends_with("js") || p.file.ends_with("ts"); });
  if (javascript) std::reverse(out.stack.begin(), out.stack.end());  // printed innermost first
  if (result.timed_out) out.line = fmt::format("timed out after {:.1f} s", result.seconds);
  else if (out.passed >= 0 && out.failed > 0) out.line = fmt::format("{} of {} failed", out.failed, out.passed + out.failed);
  else if (out.passed >= 0 && out.ok) out.line = fmt::format("{} passed", out.passed);
  else out.line = fmt::format("exit {}", result.exit_status);
  return out;
}

}  // namespace wright::agent::search
