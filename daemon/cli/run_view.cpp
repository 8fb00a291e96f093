#include "daemon/cli/run_view.h"

#include <errno.h>
#include <fmt/format.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "daemon/cli/verbs.h"

namespace wright::cli {
namespace {

constexpr std::size_t kLineBytes = 200;

std::string shown(const std::string& text) { return utf8::escape_for_terminal(text, true); }

// The first line, cut.
std::string one_line(const std::string& text) {
  std::string line = text.substr(0, text.find('\n'));
  if (line.size() > kLineBytes) line = line.substr(0, utf8::complete_prefix(std::string_view(line).substr(0, kLineBytes))) + "...";
  return utf8::escape_for_terminal(line, false);
}

std::string call_line(const daemon::Json& item) {
  const daemon::Json arguments = item.value("arguments", daemon::Json::object());
  std::string out = item.value("name", "");
  if (!arguments.is_object()) return out;
  for (const char* key : {"command", "path", "pattern", "query", "symbol", "name"})
    if (const auto it = arguments.find(key); it != arguments.end() && it->is_string()) return out + " " + it->get<std::string>();
  return out;
}

constexpr int kAnswerPollMs = 50;

// One line of the terminal's input, without the stdio buffer's help, so that nothing typed ahead is lost. A cancel ends the wait.
Result<std::string> read_answer(const Context* context) {
  std::string out;
  for (char c = 0;;) {
    if (context) WRIGHT_CHECK(context->check());
    pollfd input{STDIN_FILENO, POLLIN, 0};
    const int ready = ::poll(&input, 1, kAnswerPollMs);
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    const ssize_t n = ::read(STDIN_FILENO, &c, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n != 1) return Error{ErrorKind::refused, "no answer", ""};
    if (c == '\n') return out;
    out += c;
  }
}

void print_indented(FILE* to, const std::string& text) {
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    fmt::print(to, "    {}\n", text.substr(at, end - at));
    at = end + 1;
  }
}

}  // namespace

void print_diff(FILE* to, const std::string& diff) {
  const int fd = fileno(to);
  const auto red = colour(fd, "\033[31m"), green = colour(fd, "\033[32m"), cyan = colour(fd, "\033[36m"), off = colour(fd, "\033[0m");
  for (std::size_t at = 0; at < diff.size();) {
    const std::size_t end = std::min(diff.find('\n', at), diff.size());
    const std::string line = diff.substr(at, end - at);
    const bool head = line.starts_with("+++") || line.starts_with("---");
    const auto tone = head ? std::string_view() : line.starts_with("+") ? green : line.starts_with("-") ? red : line.starts_with("@@") ? cyan : std::string_view();
    fmt::print(to, "{}{}{}\n", tone, shown(line), tone.empty() ? std::string_view() : off);
    at = end + 1;
  }
}

void RunView::end_line() {
  if (mid_line_) fputc('\n', out_);
  mid_line_ = false;
  streaming_.clear();
  fflush(out_);
}

void RunView::show(const daemon::Json& event) {
  if (event.value("type", "") == "lost") return;
  const std::string kind = event.value("kind", "");
  if (kind == "done") return item(event["item"]);
  if (kind != "delta") return;
  const std::string id = event["item"].value("id", ""), type = event["item"].value("type", ""), text = event.value("text", "");
  if (type != "message" && type != "tool_result") return;
  FILE* const to = type == "message" ? out_ : stderr;
  if (!::isatty(fileno(to))) return;
  if (streaming_ != id) end_line();
  streaming_ = id;
  if (type == "message") streamed_[id] += text;
  fmt::print(to, "{}", shown(text));
  mid_line_ = !text.ends_with('\n');
  fflush(to);
}

void RunView::item(const daemon::Json& item) {
  const std::string type = item.value("type", ""), id = item.value("id", "");
  const auto dim = colour(2, "\033[2m"), red = colour(2, "\033[31m"), off = colour(2, "\033[0m");
  if (type == "message") {
    if (item.value("role", "") != "assistant") return;
    const std::string text = item.value("text", "");
    const auto seen = streamed_.find(id);
    const bool whole = seen != streamed_.end() && seen->second == text;
    if (!whole) {  // not streamed, or another attempt than the one that broke off
      end_line();
      fmt::print(out_, "{}", shown(text));
      mid_line_ = !text.ends_with('\n');
    }
    if (seen != streamed_.end()) streamed_.erase(seen);
    return end_line();
  }
  if (type == "tool_call") {
    end_line();
    calls_[item.value("call_id", "")] = call_line(item);
    fmt::print(stderr, "{}> {}{}\n", dim, one_line(call_line(item)), off);
  } else if (type == "tool_result") {
    end_line();
    const std::string text = item.value("text", "");
    if (item.value("is_error", false)) fmt::print(stderr, "{}  ! {}{}\n", red, one_line(text), off);
    else if (const auto files = item.value("changed_files", daemon::Json::array()); !files.empty())
      fmt::print(stderr, "{}  changed {} file{}{}\n", dim, files.size(), files.size() == 1 ? "" : "s", off);
    calls_.erase(item.value("call_id", ""));
  } else if (type == "notice") {
    end_line();
    fmt::print(stderr, "{}{}{}\n", dim, shown(item.value("text", "")), off);
  }
  fflush(stderr);
}

Result<daemon::Json> RunView::ask(const daemon::Json& question) {
  end_line();
  if (!::isatty(STDIN_FILENO)) return Error{ErrorKind::refused, "no one can answer", ""};
  const auto bold = colour(2, "\033[1m"), off = colour(2, "\033[0m");
  if (question.value("type", "") == "choice") {
    fmt::print(stderr, "{}{}{}\n", bold, shown(question.value("question", "")), off);
    const auto choices = question.value("choices", std::vector<std::string>{});
    for (std::size_t i = 0; i < choices.size(); ++i) fmt::print(stderr, "  {}  {}\n", i + 1, shown(choices[i]));
    fmt::print(stderr, "Number (Enter: none): ");
    WRIGHT_TRY(const std::string answer, read_answer(context));
    return daemon::Json{{"index", std::atoi(answer.c_str()) - 1}};
  }
  const std::string detail = question.value("detail", "");
  const bool diff = detail.starts_with("--- ") || detail.starts_with("diff --git ");
  fmt::print(stderr, "\n{}{} wants to {}:{}\n\n", bold, shown(question.value("tool", "")), diff ? "make this change" : "run", off);
  if (diff) print_diff(stderr, detail);
  else print_indented(stderr, shown(detail));
  const bool always = !question.value("always", "").empty();
  fmt::print(stderr, "\n({})\n", shown(question.value("reason", "")));
  for (;;) {
    fmt::print(stderr, "{}y{} yes, once{}   {}n{} no: ", bold, off, always ? fmt::format("   {}a{} always in this session", bold, off) : "", bold, off);
    WRIGHT_TRY(const std::string answer, read_answer(context));
    if (answer == "y" || answer == "yes") return daemon::Json{{"answer", "once"}};
    if (answer == "n" || answer == "no" || answer.empty()) return daemon::Json{{"answer", "deny"}};
    if (always && (answer == "a" || answer == "always")) return daemon::Json{{"answer", "always"}};
  }
}

void RunView::finish(const daemon::Json& result) {
  end_line();
  const std::string diff = result.value("diff", "");
  if (!diff.empty() && show_diff) {
    fputc('\n', stderr);
    print_diff(stderr, diff);
  }
  if (const auto tests = result.value("test_files", std::vector<std::string>{}); !tests.empty()) {
    fmt::print(stderr, "\nEdits of tests, CI or test configuration, look at these first:\n");
    for (const std::string& name : tests) fmt::print(stderr, "  {}\n", shown(name));
  }
  if (const std::string why = result.value("stopped_by", ""); !why.empty()) fmt::print(stderr, "Stopped by the limit: {}.\n", why);
  if (const std::string flag = result.value("denied_for", ""); !flag.empty()) fmt::print(stderr, "A call was refused for want of an approval; {} would allow it.\n", shown(flag));
  if (const std::string undo = result.value("undo", ""); !undo.empty()) fmt::print(stderr, "To take it back: {}\n", undo);
}

}  // namespace wright::cli
