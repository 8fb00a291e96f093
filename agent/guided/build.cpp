// Something new from an offline template: the words filled in from the request, written into a new folder, tried in the sandbox.
#include <algorithm>
#include <array>
#include <cctype>

#include "agent/guided/intents.h"
#include "base/embed.h"
#include "base/json.h"

namespace wright {
extern const EmbeddedFile guided_templates[];
}

namespace wright::agent::guided {
namespace {

struct TemplateFile { std::string_view from, to; };
struct Kind {
  std::string_view folder;
  std::string_view english, korean;            // what it is
  std::string_view cue, title, title_ko;
  std::array<TemplateFile, 2> files;
  std::string_view check;                      // run in the folder; empty: nothing to run
  std::string_view items, items_ko;            // when the request names none; '|' between
};

constexpr Kind kKinds[] = {
    {"game", "a small game (snake on a canvas)", "작은 게임(캔버스 위의 뱀)", "game/games/게임", "Snake", "뱀 게임", {{{"game.html", "index.html"}, {"game.js", "game.js"}}}, "", "", ""},
    {"service", "a REST service (Python, a list of items in memory)", "REST 서비스(Python, 메모리 속 목록)", "api/service/server/backend/rest/endpoint/서비스/서버", "Items", "목록",
     {{{"service.py", "service.py"}, {"test_service.py", "test_service.py"}}}, "python3 -m unittest -q", "first|second", "첫째|둘째"},
    {"page", "a web page", "웹 페이지", "page/website/site/webpage/homepage/landing/portfolio/blog/페이지/사이트/홈페이지", "My page", "나의 페이지",
     {{{"page.html", "index.html"}, {"page.css", "style.css"}}}, "", "About|News|Contact", "소개|소식|연락처"},
    {"tool", "a command-line tool (Python, a list kept in a file)", "명령줄 도구(Python, 파일에 남는 목록)", "tool/cli/script/utility/command-line/program/도구/명령줄/프로그램/스크립트", "My list", "나의 목록",
     {{{"tool.py", "tool.py"}, {"test_tool.py", "test_tool.py"}}}, "python3 tool.py list && python3 -m unittest -q", "first thing|second thing", "첫째 일|둘째 일"},
};

const Kind* kind_in(const Reading& r) {
  for (const Kind& kind : kKinds)
    if (says(r, kind.cue)) return &kind;
  return nullptr;
}

std::vector<std::string> split(std::string_view text, char by) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t at = std::min(text.find(by), text.size());
    out.emplace_back(text.substr(0, at));
    text.remove_prefix(std::min(at + 1, text.size()));
  }
  return out;
}

bool any_of(const Word& word, std::initializer_list<std::string_view> list) { return std::find(list.begin(), list.end(), word.low) != list.end(); }

// Words around the kind's noun that are no title.
constexpr std::string_view kPlain[] = {"make", "create", "build", "write", "generate", "start", "develop", "new", "a", "an", "the", "me", "my", "simple", "small", "little", "web", "please", "basic", "rest",
                                       "command", "line", "command-line", "python", "html", "canvas", "can", "you", "i", "want", "need", "personal", "landing", "tiny", "http", "would", "like", "scaffold", "browser", "video", "computer", "fun", "cool", "nice", "modern", "beautiful", "pretty", "quick",
                                       "간단한", "작은", "새", "새로운", "웹", "나", "내", "하나", "명령줄", "을", "좀", "만들어줘", "명령", "줄"};

// The words after "called", "for" or "about", up to the next part of the sentence; else what stands before the kind's noun.
std::string title_said(const Reading& r, const Kind& kind) {
  if (!r.quoted.empty()) return r.quoted[0];
  std::string out;
  for (const auto& marks : {std::initializer_list<std::string_view>{"called", "named", "titled"}, std::initializer_list<std::string_view>{"about", "for"}}) {
    for (std::size_t i = 0; i + 1 < r.words.size(); ++i) {
      if (!any_of(r.words[i], marks)) continue;
      for (std::size_t k = i + 1; k < r.words.size() && !any_of(r.words[k], {"with", "that", "which", "and", "in", "using", "please", "where", "to"}); ++k)
        if (!any_of(r.words[k], {"my", "the", "a", "an", "our", "me"})) out += (out.empty() ? "" : " ") + r.words[k].text;
      if (!out.empty()) return out;
    }
  }
  std::size_t noun = 0;
  for (; noun < r.words.size(); ++noun) {
    Reading one;
    one.words = {r.words[noun]};
    if (says(one, kind.cue)) break;
    if (std::find(std::begin(kPlain), std::end(kPlain), r.words[noun].low) == std::end(kPlain)) out += (out.empty() ? "" : " ") + r.words[noun].text;
  }
  return noun == r.words.size() ? "" : out;
}

std::vector<std::string> items_said(const Reading& r, const Kind& kind) {
  if (r.quoted.size() > 1) return {r.quoted.begin() + 1, r.quoted.end()};
  std::size_t with = std::string::npos;
  for (const Word& word : r.words)
    if (any_of(word, {"with", "containing", "including"})) with = word.end;
  std::vector<std::string> out;
  if (with != std::string::npos) {
    std::string rest = r.text.substr(with);
    for (const std::string_view joint : {" and ", " & "})
      for (std::size_t at; (at = rest.find(joint)) != std::string::npos;) rest.replace(at, joint.size(), ",");
    for (std::string part : split(rest, ',')) {
      while (!part.empty() && (part.back() == ' ' || part.back() == '.' || part.back() == '!')) part.pop_back();
      for (const std::string_view lead : {" ", "sections ", "a ", "the ", "items ", "parts "})
        if (part.starts_with(lead)) part.erase(0, lead.size());
      if (!part.empty() && part.size() < 80) out.push_back(part);
    }
  }
  return out.empty() ? split(r.korean ? kind.items_ko : kind.items, '|') : out;
}

std::string html(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : c == '"' ? "&quot;" : std::string(1, c);
  return out;
}

// A literal that Python and JavaScript read alike; '<' escaped, so that it may stand in a page.
std::string literal(const Json& value) {
  std::string out;
  for (const char c : dump_json(value)) out += c == '<' ? "\\u003c" : std::string(1, c);
  return out;
}

std::string slug(std::string_view text) {
  std::string out;
  for (const char c : lower(text)) {
    if (std::isalnum(static_cast<unsigned char>(c)) && static_cast<unsigned char>(c) < 128) out += c;
    else if (!out.empty() && out.back() != '-') out += '-';
  }
  while (!out.empty() && out.back() == '-') out.pop_back();
  return out.substr(0, 40);
}

std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '"' || c == '\\' || c == '\n' || c == '\r' ? ' ' : c;
  return out;
}

std::string fill(std::string_view text, const std::string& title, const std::vector<std::string>& items, bool korean) {
  std::string links, sections;
  for (const std::string& item : items) {
    std::string anchor = slug(item);
    if (anchor.empty()) anchor = fmt::format("part-{}", &item - items.data() + 1);
    links += fmt::format("{}    <li><a href=\"#{}\">{}</a></li>", links.empty() ? "" : "\n", anchor, html(item));
    sections += fmt::format("{}<section id=\"{}\">\n  <h2>{}</h2>\n  <p>{}</p>\n</section>", sections.empty() ? "" : "\n", anchor, html(item), html(item));
  }
  const std::pair<std::string_view, std::string> values[] = {{"{{title|html}}", html(title)}, {"{{title|json}}", literal(title)}, {"{{title|text}}", plain(title)}, {"{{items|json}}", literal(items)},
                                                            {"{{items|links}}", links}, {"{{items|sections}}", sections}, {"{{language}}", korean ? "ko" : "en"}};
  std::string out;
  while (!text.empty()) {
    const std::size_t at = text.find("{{");
    out += text.substr(0, at);
    if (at == std::string_view::npos) break;
    text.remove_prefix(at);
    bool filled = false;
    for (const auto& [mark, value] : values)
      if (!filled && text.starts_with(mark)) {
        out += value;
        text.remove_prefix(mark.size());
        filled = true;
      }
    if (!filled) {
      out += text.substr(0, 2);
      text.remove_prefix(2);
    }
  }
  return out;
}

std::string file_url(const std::string& path) {
  std::string out = "file://";
  for (const char c : path) {
    if (std::isalnum(static_cast<unsigned char>(c)) || std::string_view("/-_.~").find(c) != std::string_view::npos) out += c;
    else out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return out;
}

}  // namespace

Result<void> build_new(Turn& turn) {
  const Reading& r = turn.reading();
  const Kind* kind = kind_in(r);
  if (!kind) {
    std::vector<std::string> names;
    for (const Kind* k : {&kKinds[2], &kKinds[3], &kKinds[0]}) names.emplace_back(r.korean ? k->korean : k->english);
    WRIGHT_TRY(const auto chosen, turn.choose(turn.words(Say::build_what), names));
    if (!chosen) return {};
    kind = *chosen == 0 ? &kKinds[2] : *chosen == 1 ? &kKinds[3] : &kKinds[0];
  }
  const std::string what(r.korean ? kind->korean : kind->english);
  std::string title = title_said(r, *kind);
  if (title.empty()) title = r.korean ? kind->title_ko : kind->title;
  if (static_cast<unsigned char>(title[0]) < 128) title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
  std::string folder = slug(title).empty() ? std::string(kind->folder) : slug(title);
  const std::string wanted = folder;
  const auto& workspace = turn.request().loop.workspace;
  for (int n = 2; workspace.exists(folder); ++n) {
    if (n > 99) return turn.not_done(turn.words(Say::exists_already, wanted));
    folder = fmt::format("{}-{}", wanted, n);
  }
  WRIGHT_CHECK(turn.understood(turn.words(Say::build, what, title, folder)));
  const auto items = items_said(r, *kind);
  std::string written;
  for (const auto& [from, to] : kind->files) {
    const EmbeddedFile* const source = find_embedded(guided_templates, from);
    if (!source) return Error{ErrorKind::failed, "the template " + std::string(from) + " is not in this build", "build again"};
    WRIGHT_TRY(const bool wrote, turn.create(folder + "/" + std::string(to), fill(source->text(), title, items, r.korean)));
    if (!wrote) return turn.roll_back();
    written += (written.empty() ? "" : ", ") + std::string(to);
  }
  std::string told = turn.words(Say::built, what, folder, written);
  if (kind->check.empty()) return turn.done(told + "\n" + turn.words(Say::open_page, file_url(workspace.path() + "/" + folder + "/index.html")));
  const std::string command = "cd " + folder + " && " + std::string(kind->check);
  WRIGHT_TRY(const Called tried, turn.call("run_command", {{"command", command}}));
  told += "\n" + (tried.denied ? turn.words(Say::check_failed, command, tried.text) : turn.words(Say::checked, command, tried.text));
  told += "\n" + (kind->folder == "service" ? turn.words(Say::start_service, "python3 " + folder + "/service.py", "http://127.0.0.1:8000/items") : turn.words(Say::use_tool, "python3 " + folder + "/tool.py --help"));
  return tried.ok || tried.denied ? turn.done(told) : turn.not_done(told);
}

}  // namespace wright::agent::guided
