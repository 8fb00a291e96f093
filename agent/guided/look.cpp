// What only reads: find, explain, show, history, changes, a commit message. Facts of the repository, no prose of a model's.
#include <algorithm>
#include <ctime>
#include <map>
#include <set>

#include "agent/guided/intents.h"
#include "agent/test_files.h"
#include "base/json.h"
#include "tools/repo/git.h"

namespace wright::agent::guided {
namespace {

constexpr std::size_t kShownUses = 12, kShownFiles = 60, kShownBytes = 6000;
constexpr std::string_view kNotSought[] = {"find", "search", "where", "is", "are", "the", "a", "an", "for", "locate", "grep", "show", "me", "in", "of", "all", "please", "code", "does", "do", "file", "files",
                                           "defined", "used", "function", "class", "text", "word", "look", "what", "who", "calls", "uses", "can", "you", "i", "this", "project", "repo", "repository", "to", "where's"};

// What a request to find something is about: a quoted text, a symbol, else its last words that are not the question's own.
std::string sought(const Reading& r) {
  if (!r.quoted.empty()) return r.quoted[0];
  if (!r.symbols.empty()) return r.symbols[0];
  std::string best;
  for (const Word& word : r.words)
    if (!word.hangul && std::find(std::begin(kNotSought), std::end(kNotSought), word.low) == std::end(kNotSought)) best += (best.empty() ? "" : " ") + word.text;
  return best;
}

std::string capped(const std::string& text) {
  if (text.size() <= kShownBytes) return text;
  const std::size_t end = text.rfind('\n', kShownBytes);
  return text.substr(0, end == std::string::npos ? kShownBytes : end) + "\n[…]";
}

// The comment or docstring that belongs to a definition, a few lines.
std::string doc_of(const std::string& text, const tools::Symbol& s, tools::Language language) {
  if (language == tools::Language::python) {
    const std::size_t body = text.find(":\n", s.name_end);
    if (body == std::string::npos || body > s.end) return "";
    std::size_t at = text.find_first_not_of(" \t\r\n", body + 1);
    for (const std::string_view quotes : {"\"\"\"", "'''"})
      if (at != std::string::npos && text.compare(at, 3, quotes) == 0) {
        const std::size_t end = text.find(quotes, at + 3);
        return end == std::string::npos ? "" : text.substr(at + 3, end - at - 3);
      }
    return "";
  }
  std::vector<std::string> lines;
  std::size_t line = text.rfind('\n', s.begin);
  while (line != std::string::npos && line > 0) {
    const std::string above = line_text(text, line - 1);
    if (!(above.starts_with("//") || above.starts_with("*") || above.starts_with("/*") || above.starts_with("#") || above.ends_with("*/"))) break;
    lines.insert(lines.begin(), above);
    line = text.rfind('\n', line - 1);
  }
  std::string out;
  for (const std::string& l : lines) out += l + "\n";
  return out;
}

std::string signature_of(const std::string& text, const tools::Symbol& s) {
  std::size_t end = s.begin;
  int depth = 0;
  for (; end < s.end; ++end) {
    const char c = text[end];
    if (c == '(' || c == '[') ++depth;
    if (c == ')' || c == ']') --depth;
    if (depth <= 0 && (c == '{' || c == '\n' || c == ';')) break;
  }
  std::string out = text.substr(s.begin, std::min<std::size_t>(end - s.begin, 400));
  while (!out.empty() && (out.back() == ' ' || out.back() == '\n')) out.pop_back();
  return out;
}

std::string places(const std::vector<tools::ReferenceHit>& hits, bool definitions) {
  std::string out;
  std::size_t shown = 0, all = 0;
  for (const auto& hit : hits) {
    if (hit.definition != definitions) continue;
    if (++all > kShownUses) continue;
    ++shown;
    out += fmt::format("\n  {}:{}{}  {}", hit.file, hit.line, hit.within.empty() ? "" : " " + hit.within, hit.text.substr(std::min(hit.text.find_first_not_of(" \t"), hit.text.size())));
  }
  if (all > shown) out += fmt::format("\n  (+{})", all - shown);
  return out;
}

Result<std::string> symbol_facts(Turn& turn, const std::string& name) {
  const auto hits = turn.snapshot().definitions(name);
  std::string out;
  for (std::size_t i = 0; i < std::min<std::size_t>(hits.size(), 3); ++i) {
    const tools::Symbol& s = hits[i].symbol();
    const auto text = turn.text_of(hits[i].file->name);
    out += fmt::format("{}{} {}: {}:{}-{} ({} lines)", i ? "\n" : "", tools::to_string(s.kind), tools::qualified_name(hits[i]), hits[i].file->name, s.line, s.end_line, s.end_line - s.line + 1);
    if (!text || s.end > text->size()) continue;
    out += "\n  " + signature_of(*text, s);
    std::string doc = doc_of(*text, s, hits[i].file->language);
    for (std::size_t at = 0; (at = doc.find('\n', at)) != std::string::npos; at += 3) doc.replace(at, 1, "\n  ");
    if (!doc.empty()) out += "\n  " + doc;
    std::set<std::string> calls;
    if (const auto tree = tools::SyntaxTree::parse(hits[i].file->language, *text, turn.context()); tree.ok())
      if (const auto symbols = tools::file_symbols(*tree, turn.context()); symbols.ok())
        for (const auto& use : symbols->references)
          if (use.begin >= s.begin && use.end <= s.end && use.name != s.name && !turn.snapshot().definitions(use.name).empty()) calls.insert(use.name);
    std::string list;
    for (const std::string& c : calls) list += (list.empty() ? "" : ", ") + c;
    if (!list.empty()) out += (turn.reading().korean ? "\n사용하는 것: " : "\nuses: ") + list;
  }
  const std::string last = name.substr(name.find_last_of(".:") == std::string::npos ? 0 : name.find_last_of(".:") + 1);
  WRIGHT_TRY(const auto uses, tools::find_references(turn.root(), turn.snapshot(), last, "", 500, turn.context()));
  const std::string list = places(uses.hits, false);
  out += turn.reading().korean ? "\n쓰이는 곳:" : "\nused at:";
  return out + (list.empty() ? (turn.reading().korean ? " 없음" : " nowhere") : list);
}

std::string file_facts(Turn& turn, const std::string& file) {
  const auto text = turn.text_of(file);
  if (!text) return file;
  std::string out = fmt::format("{}: {} lines, {} bytes", file, line_of(*text, text->size()) - (text->ends_with('\n') ? 1 : 0), text->size());
  const tools::IndexedFile* indexed = turn.snapshot().find(file);
  if (!indexed) return out + "\n" + capped(text->substr(0, 600));
  out += fmt::format(", {}", tools::language_info(indexed->language).name);
  std::string imports;
  for (std::size_t at = 0; at < text->size(); at = std::min(text->find('\n', at), text->size() - 1) + 1) {
    const std::string line = line_text(*text, at);
    if (line.starts_with("import ") || line.starts_with("from ") || line.starts_with("#include") || line.starts_with("use ") || line.find("require(") != std::string::npos) imports += "\n  " + line;
  }
  if (!imports.empty()) out += (turn.reading().korean ? "\n가져오는 것:" : "\nimports:") + imports;
  out += turn.reading().korean ? "\n정의:" : "\ndefines:";
  std::size_t shown = 0;
  for (const tools::Symbol& s : indexed->definitions)
    if (s.parent < 0 || s.kind == tools::SymbolKind::method) {
      if (++shown > kShownFiles) break;
      out += fmt::format("\n  {}: {} {}", s.line, tools::to_string(s.kind), s.name);
    }
  return out;
}

std::string repository_facts(Turn& turn) {
  std::map<std::string, std::size_t> languages;
  std::size_t symbols = 0;
  for (const auto& file : turn.snapshot().files) {
    ++languages[std::string(tools::language_info(file->language).name)];
    symbols += file->definitions.size();
  }
  std::string out = fmt::format("{} files, {} definitions:", turn.files().size(), symbols);
  for (const auto& [name, count] : languages) out += fmt::format(" {} {}", name, count);
  for (const std::string& file : turn.files())
    if (lower(file).starts_with("readme")) {
      const auto text = turn.text_of(file);
      if (text) out += "\n" + file + ":\n" + text->substr(0, std::min(text->find("\n\n", std::min<std::size_t>(text->size(), 200)), std::size_t{800}));
      break;
    }
  if (const std::string tests = test_command(turn); !tests.empty()) out += (turn.reading().korean ? "\n테스트: " : "\ntests: ") + tests;
  std::size_t shown = 0;
  for (const auto& file : turn.snapshot().files) {
    if (is_test_file(file->name) || file->definitions.empty() || ++shown > 8) continue;
    out += "\n  " + file->name + ":";
    std::size_t names = 0;
    for (const auto& s : file->definitions)
      if (s.parent < 0 && ++names <= 8) out += " " + s.name;
  }
  return out;
}

Result<void> tell(Turn& turn, const std::string& tool, Json arguments) {
  WRIGHT_TRY(const Called called, turn.call(tool, std::move(arguments)));
  return called.ok ? turn.done(capped(called.text)) : turn.not_done(called.text);
}

}  // namespace

Result<void> find_text(Turn& turn) {
  const std::string what = sought(turn.reading());
  if (what.empty()) return turn.not_done(turn.words(Say::find_what));
  WRIGHT_CHECK(turn.understood(turn.words(Say::find, what)));
  if (!turn.reading().symbols.empty() && what == turn.reading().symbols[0]) {
    WRIGHT_TRY(std::string facts, symbol_facts(turn, what));
    return turn.done(std::move(facts));
  }
  WRIGHT_TRY(Called called, turn.call("grep", {{"pattern", what}, {"literal", true}, {"ignore_case", true}, {"limit", 50}}));
  bool seen = called.ok && lower(called.text).find(lower(what)) != std::string::npos && called.text.find(':') != std::string::npos;
  std::string names;
  for (const std::string& file : turn.files())
    if (lower(file).find(lower(what)) != std::string::npos) names += file + "\n";
  if (!seen && names.empty()) return turn.not_done(turn.words(Say::nothing_found, "'" + what + "'"));
  return turn.done(names + (seen ? capped(called.text) : ""));
}

Result<void> explain(Turn& turn) {
  const Reading& r = turn.reading();
  const bool whole = says(r, "project/repo/repository/codebase/program/프로젝트/저장소/코드베이스/프로그램");
  const std::string what = !r.symbols.empty() && !(whole && r.symbols[0].size() < 3) ? r.symbols[0] : !r.paths.empty() ? r.paths[0] : "";
  if (what.empty() && !whole) {
    const std::string named = sought(r);
    return turn.not_done(r.identifiers.empty() || named.empty() || r.quoted.empty() ? turn.words(Say::explain_what) + "\n" + turn.words(Say::larger) : turn.words(Say::not_defined, named, "") + "\n" + turn.words(Say::larger));
  }
  WRIGHT_CHECK(turn.understood(turn.words(Say::explain, what.empty() ? turn.words(Say::repository) : what)));
  if (what.empty()) return turn.done(repository_facts(turn));
  if (r.symbols.empty()) return turn.done(file_facts(turn, what));
  WRIGHT_TRY(std::string facts, symbol_facts(turn, what));
  return turn.done(std::move(facts));
}

Result<void> show_file(Turn& turn) {
  if (turn.reading().paths.empty()) return turn.not_done(turn.words(Say::show_what));
  WRIGHT_CHECK(turn.understood(turn.words(Say::show, turn.reading().paths[0])));
  return tell(turn, "read_file", {{"path", turn.reading().paths[0]}});
}

Result<void> list_files(Turn& turn) {
  WRIGHT_CHECK(turn.understood(turn.words(Say::list)));
  std::string out;
  for (std::size_t i = 0; i < std::min(turn.files().size(), kShownFiles); ++i) out += (i ? "\n" : "") + turn.files()[i];
  if (turn.files().size() > kShownFiles) out += fmt::format("\n(+{})", turn.files().size() - kShownFiles);
  return turn.done(out);
}

Result<void> show_history(Turn& turn) {
  WRIGHT_CHECK(turn.understood(turn.words(Say::history)));
  Json arguments = Json::object();
  if (!turn.reading().paths.empty()) arguments["path"] = turn.reading().paths[0];
  if (!turn.reading().numbers.empty() && turn.reading().numbers[0].size() < 3 && turn.reading().numbers[0] > "0" && turn.reading().numbers[0].find('.') == std::string::npos)
    arguments["limit"] = std::stoi(turn.reading().numbers[0]);
  return tell(turn, "git_log", arguments);
}

Result<void> show_changes(Turn& turn) {
  WRIGHT_CHECK(turn.understood(turn.words(Say::changes)));
  WRIGHT_TRY(const Called status, turn.call("git_status", Json::object()));
  if (!status.ok) return turn.not_done(status.text);
  Json arguments = {{"untracked", true}};
  if (!turn.reading().paths.empty()) arguments["path"] = turn.reading().paths[0];
  WRIGHT_TRY(const Called diff, turn.call("git_diff", arguments));
  return turn.done(capped(status.text + "\n" + diff.text));
}

Result<void> propose_commit(Turn& turn) {
  WRIGHT_CHECK(turn.understood(turn.words(Say::commit_message)));
  const auto git = tools::Git::open(turn.root().path());
  if (!git.ok()) return turn.not_done(turn.words(Say::no_repository));
  tools::GitDiffOptions options;
  options.untracked = true;
  WRIGHT_TRY(const tools::GitDiff diff, git->diff(options, turn.context()));
  if (diff.files.empty()) return turn.not_done(turn.words(Say::no_changes));
  // Definitions whose lines the diff touches, by the headers of its hunks.
  std::string names, verb, body;
  std::set<std::string> seen;
  for (const auto& file : diff.files) {
    const char* did = file.status == 'A' || file.status == '?' ? "add" : file.status == 'D' ? "remove" : file.status == 'R' ? "rename" : "change";
    verb = verb.empty() || verb == did ? did : "change";
    body += fmt::format("\n- {} {} (+{} -{})", did, file.path, file.added, file.removed);
    const tools::IndexedFile* indexed = turn.snapshot().find(file.path);
    const std::size_t from = diff.text.find("+++ b/" + file.path);
    if (!indexed || from == std::string::npos) continue;
    const std::size_t stop = std::min(diff.text.find("\ndiff --git", from), diff.text.size());
    std::size_t line = 0;
    for (std::size_t at = from; at < stop; at = std::min(diff.text.find('\n', at), diff.text.size() - 1) + 1) {
      if (diff.text.compare(at, 3, "@@ ") == 0) {
        const std::size_t plus = diff.text.find('+', at);
        line = std::strtoul(diff.text.c_str() + plus + 1, nullptr, 10);
        continue;
      }
      if (line == 0) continue;
      if (diff.text[at] == '+' || diff.text[at] == '-') {
        const tools::Symbol* inner = nullptr;
        for (const auto& s : indexed->definitions)
          if (s.line <= line && line <= s.end_line) inner = &s;
        if (inner && seen.insert(inner->name).second) names += (names.empty() ? "" : ", ") + inner->name;
      }
      if (diff.text[at] != '-') ++line;
    }
  }
  const std::string subject = diff.files.size() == 1 ? fmt::format("{}: {} {}", diff.files[0].path, verb, names.empty() ? (verb == "change" ? "contents" : "file") : names)
                                                     : fmt::format("{} {}", verb, names.empty() ? fmt::format("{} files", diff.files.size()) : names);
  return turn.done(fmt::format("{}\n{}\n\n{}", subject, body, turn.words(Say::not_committed)));
}

}  // namespace wright::agent::guided
