// The files are walked once, then searched in batches by a few threads; results are put together in the order of the walk, so that the
// answer does not depend on the threads. RE2 runs over whole files and never matches a line end.
#include "tools/grep.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <re2/re2.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/limits.h"
#include "base/utf8.h"
#include "tools/fs/workspace.h"
#include "tools/repo/walk.h"

namespace wright::tools {

namespace {

constexpr std::string_view kSchema = R"({"type":"object","properties":{
"pattern":{"type":"string","minLength":1},
"path":{"type":"string","minLength":1,"description":"file or folder to search; default: all"},
"glob":{"type":"string","minLength":1,"description":"only files whose path matches"},
"literal":{"type":"boolean"},
"ignore_case":{"type":"boolean"},
"context":{"type":"integer","minimum":0,"maximum":20,"description":"lines around each match"},
"output":{"enum":["lines","files","count"]},
"ignored":{"type":"boolean","description":"also ignored files"},
"limit":{"type":"integer","minimum":1,"maximum":2000,"description":"matching lines, default 100"}},
"required":["pattern"],"additionalProperties":false})";

constexpr std::size_t kBatchFiles = 256;
constexpr unsigned kThreads = 4;
constexpr std::size_t kLineBytes = 300;        // shown of a line
constexpr std::size_t kBinaryProbeBytes = 8192;

struct Hit {
  std::size_t line;  // 1-based
  std::string text;
  bool match;        // false: context
};

struct FileHits {
  std::vector<Hit> hits;
  std::size_t matches = 0;
  enum class Skipped { no, binary, large, unreadable } skipped = Skipped::no;
};

// The part of a line around [from, to) that is shown.
std::string shown(std::string_view line, std::size_t from, std::size_t to) {
  if (line.size() <= kLineBytes) return utf8::repair(line);
  std::size_t begin = from > kLineBytes / 4 ? from - kLineBytes / 4 : 0;
  begin = std::min(begin, line.size() - kLineBytes);
  while (begin > 0 && (static_cast<unsigned char>(line[begin]) & 0xC0) == 0x80) --begin;
  std::string_view part = line.substr(begin, std::max(kLineBytes, std::min(to - begin, kLineBytes)));
  part = part.substr(0, utf8::complete_prefix(part));
  return fmt::format("{}{}{}", begin > 0 ? "…" : "", utf8::repair(part), begin + part.size() < line.size() ? "…" : "");
}

struct Search {
  const RE2& pattern;
  std::size_t context = 0;
  std::size_t limit = 100;
  bool keep_lines = true;
};

std::string_view line_at(std::string_view text, std::size_t begin) { return text.substr(begin, std::min(text.find('\n', begin), text.size()) - begin); }

void add_context(FileHits& out, std::string_view text, std::size_t begin, std::size_t number, std::size_t count) {
  // Up to `count` lines before the one at `begin`, not those that are there already.
  std::vector<Hit> before;
  while (before.size() < count && begin > 0) {
    const std::size_t end = begin - 1;
    begin = end == 0 ? 0 : text.rfind('\n', end - 1) + 1;
    --number;
    if (!out.hits.empty() && out.hits.back().line >= number) break;
    before.push_back({number, shown(text.substr(begin, end - begin), 0, 0), false});
  }
  out.hits.insert(out.hits.end(), std::make_move_iterator(before.rbegin()), std::make_move_iterator(before.rend()));
}

void search_text(std::string_view text, const Search& search, FileHits& out) {
  const re2::StringPiece whole(text.data(), text.size());
  std::size_t at = 0, counted = 0, number = 1;  // `number`: the line that holds `counted`
  std::size_t owed = 0, owed_at = 0;            // lines of context still to come, from owed_at on
  const auto pay = [&](std::size_t until) {
    for (; owed > 0 && owed_at < until && owed_at < text.size(); --owed) {
      const std::string_view line = line_at(text, owed_at);
      out.hits.push_back({out.hits.back().line + 1, shown(line, 0, 0), false});
      owed_at += line.size() + 1;
    }
  };
  re2::StringPiece match;
  while (at <= text.size() && !(at == text.size() && (text.empty() || text.back() == '\n')) &&
         search.pattern.Match(whole, at, text.size(), RE2::UNANCHORED, &match, 1)) {
    const auto from = static_cast<std::size_t>(match.data() - text.data());
    if (from == text.size() && text.back() == '\n') break;  // the empty rest after the last line is no line
    const std::size_t begin = from == 0 ? 0 : text.rfind('\n', from - 1) + 1;
    const std::string_view line = line_at(text, begin);
    ++out.matches;
    if (search.keep_lines) {
      number += static_cast<std::size_t>(std::count(text.begin() + static_cast<std::ptrdiff_t>(counted), text.begin() + static_cast<std::ptrdiff_t>(begin), '\n'));
      counted = begin;
      pay(begin);
      add_context(out, text, begin, number, search.context);
      out.hits.push_back({number, shown(line, from - begin, from - begin + match.size()), true});
      owed = search.context;
      owed_at = begin + line.size() + 1;
      if (out.matches >= search.limit) break;
    }
    at = begin + line.size() + 1;
  }
  pay(text.size());
}

FileHits search_file(const WorkspaceRoot& root, const std::string& name, const Search& search) {
  FileHits out;
  auto fd = root.open_at(name, O_RDONLY | O_NONBLOCK);
  struct stat st{};
  if (!fd.ok() || ::fstat(fd->get(), &st) != 0 || !S_ISREG(st.st_mode)) {
    out.skipped = FileHits::Skipped::unreadable;
    return out;
  }
  if (static_cast<std::size_t>(st.st_size) > limits::kReadFileBytes) {
    out.skipped = FileHits::Skipped::large;
    return out;
  }
  auto text = read_fd(fd->get(), name, limits::kReadFileBytes);
  if (!text.ok()) {
    out.skipped = FileHits::Skipped::unreadable;
    return out;
  }
  if (std::string_view(*text).substr(0, kBinaryProbeBytes).find('\0') != text->npos) {
    out.skipped = FileHits::Skipped::binary;
    return out;
  }
  if (text->find("\r\n") != text->npos) {  // so that "$" stands before the line end there too
    std::string plain;
    for (std::size_t i = 0; i < text->size(); ++i)
      if ((*text)[i] != '\r' || i + 1 >= text->size() || (*text)[i + 1] != '\n') plain += (*text)[i];
    text->swap(plain);
  }
  search_text(*text, search, out);
  return out;
}

std::vector<FileHits> search_batch(const WorkspaceRoot& root, const WalkEntry* files, std::size_t count, const Search& search, const Context& context) {
  std::vector<FileHits> out(count);
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i; (i = next.fetch_add(1)) < count && !context.done();) out[i] = search_file(root, files[i].name, search);
  };
  std::vector<std::thread> threads;
  const unsigned wanted = std::min({kThreads, std::max(1u, std::thread::hardware_concurrency()), static_cast<unsigned>(count / 16 + 1)});
  for (unsigned i = 1; i < wanted; ++i) threads.emplace_back(work);
  work();
  for (std::thread& t : threads) t.join();
  return out;
}

enum class Output { lines, files, count };

// Gathers what the model is shown.
struct Report {
  Output output = Output::lines;
  std::size_t context = 0, limit = 100;
  std::string text;
  std::size_t matches = 0, files = 0, searched = 0, large = 0, unreadable = 0;
  bool cut = false;
  nlohmann::json hits = nlohmann::json::array();

  void add(const std::string& path, const FileHits& found) {
    searched += found.skipped == FileHits::Skipped::no;
    large += found.skipped == FileHits::Skipped::large;
    unreadable += found.skipped == FileHits::Skipped::unreadable;
    if (found.matches == 0 || cut) return;
    const std::string name = utf8::repair(path);
    if (output != Output::lines) {
      if (files >= limit) {
        cut = true;
        return;
      }
      text += output == Output::files ? name + "\n" : fmt::format("{}: {}\n", name, found.matches);
      hits.push_back({{"path", name}, {"count", found.matches}});
      matches += found.matches;
    } else {
      add_lines(name, found);
    }
    ++files;
    cut = cut || text.size() > limits::kToolOutputBytes - 1024;
  }

  void add_lines(const std::string& name, const FileHits& found) {
    std::string block = (text.empty() ? "" : "\n") + name + "\n";
    std::size_t last = 0;
    for (const Hit& hit : found.hits) {
      if (hit.match && matches >= limit) {
        cut = true;
        break;
      }
      if (context > 0 && last != 0 && hit.line != last + 1) block += "--\n";
      block += fmt::format("{}{}{}\n", hit.line, hit.match ? ':' : '-', hit.text);
      last = hit.line;
      if (hit.match) {
        ++matches;
        hits.push_back({{"path", name}, {"line", hit.line}, {"text", hit.text}});
      }
      if (text.size() + block.size() > limits::kToolOutputBytes - 1024) {
        cut = true;
        break;
      }
    }
    if (found.matches >= limit) cut = true;
    text += block;
  }
};

ToolResult finish(Report& report, const std::string& pattern, const std::string& where) {
  std::string notes;
  if (report.cut) notes += fmt::format("[stopped after {} matches; narrow with path or glob, or raise limit]\n", report.matches);
  if (report.large > 0) notes += fmt::format("[{} files over {} MB skipped]\n", report.large, limits::kReadFileBytes / (1024 * 1024));
  if (report.unreadable > 0) notes += fmt::format("[{} files could not be read]\n", report.unreadable);
  if (report.files == 0) report.text = fmt::format("no match for {} in {} files{}\n", pattern, report.searched, where.empty() ? "" : " under " + where);
  report.text += notes;
  report.text.pop_back();
  return {std::move(report.text), false, {}, {{"hits", std::move(report.hits)}, {"matches", report.matches}, {"files", report.files}, {"truncated", report.cut}}};
}

ToolResult run(ToolCall& call) {
  const auto text = call.args["pattern"].get<std::string>();
  RE2::Options options;
  options.set_literal(call.args.value("literal", false));
  options.set_case_sensitive(!call.args.value("ignore_case", false));
  options.set_never_nl(true);
  options.set_log_errors(false);
  const RE2 pattern(options.literal() ? text : "(?m)" + text, options);
  if (!pattern.ok())
    return tool_error(fmt::format("pattern {}: {}; this is RE2 syntax (no look-around, no back-references); set literal to search for plain text", text, pattern.error()));
  const auto name = call.workspace.relative(call.args.value("path", std::string(".")));
  if (!name.ok()) return tool_error(name.error().text());
  const std::string under = *name == "." ? "" : *name;
  std::vector<std::string> globs;
  if (call.args.contains("glob")) globs.push_back(call.args["glob"].get<std::string>());
  const auto set = GlobSet::compile(globs);
  if (!set.ok()) return tool_error(set.error().text());

  Walk files;
  if (!under.empty() && !call.workspace.exists(under)) return tool_error(under + " does not exist");
  if (!under.empty() && !call.workspace.is_folder(under)) {
    files.entries.push_back({under});
  } else {
    const bool ignored = call.args.value("ignored", false);
    auto found = walk(call.workspace.root(), {.under = under, .ignore_rules = !ignored, .heavy_folders = ignored, .globs = set->empty() ? nullptr : &*set}, call.context);
    if (!found.ok()) return tool_error(found.error().text());
    files = std::move(*found);
  }

  Report report;
  const std::string output = call.args.value("output", std::string("lines"));
  report.output = output == "files" ? Output::files : output == "count" ? Output::count : Output::lines;
  report.context = static_cast<std::size_t>(call.args.value("context", 0));
  report.limit = static_cast<std::size_t>(call.args.value("limit", 100));
  const Search search{pattern, report.context, report.limit, report.output == Output::lines};
  for (std::size_t at = 0; at < files.entries.size() && !report.cut; at += kBatchFiles) {
    const std::size_t count = std::min(kBatchFiles, files.entries.size() - at);
    const auto found = search_batch(call.workspace.root(), &files.entries[at], count, search, call.context);
    if (const auto alive = call.context.check(); !alive.ok()) return tool_error(alive.error().text());
    for (std::size_t i = 0; i < count; ++i) report.add(files.entries[at + i].name, found[i]);
  }
  return finish(report, text, under);
}

}  // namespace

Tool grep_tool() { return {{"grep", Effect::read, kSchema, "search file contents"}, run}; }

}  // namespace wright::tools
