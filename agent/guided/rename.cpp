// Renaming a symbol in all files, and documentation comments from signatures.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "agent/guided/intents.h"

namespace wright::agent::guided {
namespace {

using tools::Language;

constexpr std::string_view kReserved[] = {"and", "as", "async", "await", "break", "case", "catch", "class", "const", "continue", "def", "default", "del", "delete", "do", "elif", "else", "enum", "except", "export", "extends",
                                          "false", "False", "finally", "fn", "for", "from", "func", "function", "global", "if", "impl", "import", "in", "int", "interface", "is", "lambda", "let", "match", "new", "None", "nonlocal",
                                          "not", "null", "or", "package", "pass", "private", "public", "raise", "return", "static", "struct", "super", "switch", "this", "throw", "true", "True", "try", "type", "typeof", "var",
                                          "void", "while", "with", "yield"};
constexpr std::size_t kMostUses = 100'000;

// The pair old, new: two quoted names, else two names around "to" or the first defined name and the last other one.
std::pair<std::string, std::string> names_said(const Reading& r) {
  std::vector<std::string> names;
  for (const std::string& q : r.quoted)
    if (is_identifier(q)) names.push_back(q);
  if (names.size() >= 2) return {names[0], names[1]};
  std::string old;
  for (const std::string& s : r.symbols)
    if (is_identifier(s)) {
      old = s;
      break;
    }
  std::string fresh;
  for (std::size_t i = 0; i < r.words.size(); ++i) {
    const bool after_to = i > 0 && (r.words[i - 1].low == "to" || r.words[i - 1].low == "as" || r.words[i - 1].low == "into" || r.words[i - 1].low == "it" || r.words[i - 1].low == "called");
    if (after_to && is_identifier(r.words[i].text)) fresh = r.words[i].text;
    if (after_to && old.empty() && i >= 2 && is_identifier(r.words[i - 2].text)) old = r.words[i - 2].text;
  }
  if (fresh.empty() && r.korean)
    for (const std::string& name : r.identifiers)
      if (name != old) fresh = name;
  if (old.empty() && r.korean && r.identifiers.size() >= 2) old = r.identifiers[0];
  if (!names.empty() && fresh.empty()) fresh = names[0] != old ? names[0] : "";
  return {old, fresh};
}

// Where `name` stands in files beyond its uses as an identifier.
std::string left_in_text(const Turn& turn, const std::string& name, const std::map<std::string, std::string>& changed) {
  std::string out;
  for (const std::string& file : turn.files()) {
    const auto it = changed.find(file);
    const auto text = it != changed.end() ? std::optional<std::string>(it->second) : turn.text_of(file);
    if (!text) continue;
    for (std::size_t at = 0; (at = text->find(name, at)) != std::string::npos; at += name.size()) {
      const auto part = [&](std::size_t i) { return i < text->size() && (std::isalnum(static_cast<unsigned char>((*text)[i])) || (*text)[i] == '_'); };
      if ((at > 0 && part(at - 1)) || part(at + name.size())) continue;
      out += fmt::format("{}{}:{}", out.empty() ? "" : ", ", file, line_of(*text, at));
      break;
    }
  }
  return out;
}

}  // namespace

Result<void> rename_symbol(Turn& turn) {
  const auto [old, fresh] = names_said(turn.reading());
  if (old.empty() || fresh.empty()) return turn.not_done(turn.words(Say::rename_what));
  if (old == fresh) return turn.not_done(turn.words(Say::rename_same, fresh));
  const auto hits = turn.snapshot().definitions(old);
  if (hits.empty()) return turn.not_done(turn.words(Say::not_defined, old, "."));
  if (!is_identifier(fresh) || std::find(std::begin(kReserved), std::end(kReserved), fresh) != std::end(kReserved))
    return turn.not_done(turn.words(Say::bad_name, fresh, tools::language_info(hits[0].file->language).name));
  WRIGHT_TRY(const auto uses, tools::find_references(turn.root(), turn.snapshot(), old, "", kMostUses, turn.context()));
  std::map<std::string, std::vector<Splice>> edits;
  for (const auto& use : uses.hits) edits[use.file].push_back({use.begin, use.end, fresh});
  WRIGHT_CHECK(turn.understood(turn.words(Say::rename, old, fresh, edits.size())));
  WRIGHT_TRY(const auto taken, tools::find_references(turn.root(), turn.snapshot(), fresh, "", kMostUses, turn.context()));
  for (const auto& hit : taken.hits)
    if (hit.definition || edits.contains(hit.file)) return turn.not_done(turn.words(Say::clash, fresh, fmt::format("{}:{}", hit.file, hit.line)));
  std::set<std::string> definitions;
  for (const auto& hit : hits)
    if (!hit.symbol().declaration) definitions.insert(hit.file->name + ":" + std::to_string(hit.symbol().name_line) + " " + tools::qualified_name(hit));
  if (definitions.size() > 1) {
    std::string list;
    for (const std::string& d : definitions) list += (list.empty() ? "" : ", ") + d;
    WRIGHT_TRY(const auto chosen, turn.choose(turn.words(Say::many_definitions, old, definitions.size(), list), {turn.words(Say::rename_all), turn.words(Say::leave)}));
    if (!chosen) return {};
    if (*chosen != 0) return turn.not_done(turn.words(Say::leave));
  }
  std::map<std::string, std::string> after;
  for (const auto& [file, splices] : edits) {
    const auto text = turn.text_of(file);
    if (!text) return turn.not_done(turn.words(Say::not_seen, file));
    after[file] = apply(*text, splices);
    if (breaks_syntax(file, *text, after[file])) return turn.not_done(turn.words(Say::would_break, file));
  }
  std::string names;
  for (const auto& [file, text] : after) {
    WRIGHT_TRY(const bool wrote, turn.replace(file, text));
    if (!wrote) return turn.roll_back();
    names += (names.empty() ? "" : ", ") + file;
  }
  std::string told = turn.words(Say::renamed, old, fresh, uses.hits.size(), names);
  if (const std::string left = left_in_text(turn, old, after); !left.empty()) told += "\n" + turn.words(Say::in_strings, old, left);
  return turn.done(told);
}

namespace {

// "loadConfig" -> {"load", "config"}.
std::vector<std::string> parts_of(const std::string& name) {
  std::vector<std::string> out(1);
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool upper = std::isupper(static_cast<unsigned char>(name[i])) != 0;
    if ((name[i] == '_' || (upper && i > 0 && std::islower(static_cast<unsigned char>(name[i - 1])))) && !out.back().empty()) out.emplace_back();
    if (name[i] != '_') out.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
  }
  if (out.back().empty()) out.pop_back();
  return out;
}

constexpr std::string_view kVerbs[] = {"add", "append", "apply", "build", "calculate", "call", "change", "check", "clean", "clear", "close", "collect", "compare", "compute", "convert", "copy", "count", "create", "decode", "delete", "draw",
                                       "encode", "ensure", "fetch", "fill", "filter", "find", "fix", "format", "get", "give", "handle", "import", "init", "insert", "join", "list", "load", "log", "make", "map", "measure", "merge", "move",
                                       "normalize", "open", "parse", "place", "print", "process", "pull", "push", "put", "read", "receive", "register", "remove", "rename", "render", "replace", "reset", "resolve", "round", "run", "save",
                                       "search", "select", "send", "set", "show", "sort", "split", "start", "stop", "store", "sum", "test", "transform", "trim", "update", "validate", "visit", "wait", "walk", "write"};

// Summaries that the name alone supports; the first is the plain one.
std::vector<std::string> summaries(const std::string& name, tools::SymbolKind kind, bool returns) {
  const auto parts = parts_of(name);
  std::string words;
  for (const std::string& p : parts) words += (words.empty() ? "" : " ") + p;
  if (words.empty()) words = name;
  std::string first = words;
  first[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(first[0])));
  std::vector<std::string> out;
  if (kind == tools::SymbolKind::class_ || kind == tools::SymbolKind::struct_) return {"A " + words + "."};
  if (returns && parts.size() > 1 && (parts[0] == "is" || parts[0] == "has" || parts[0] == "can")) return {"Return whether it " + words + "."};
  const bool verb = !parts.empty() && std::find(std::begin(kVerbs), std::end(kVerbs), parts[0]) != std::end(kVerbs);
  if (!verb && returns) return {"Return the " + words + "."};
  out.push_back(first + ".");
  if (verb && returns) out.push_back(first + " and return the result.");
  return out;
}

std::vector<std::string> parameters(const tools::SyntaxNode& definition) {
  std::vector<std::string> out;
  tools::SyntaxNode list = definition.child("parameters");
  if (list.null())
    tools::SyntaxTree::walk_from(definition, [&](const tools::SyntaxNode& n) {
      if (list.null() && n.kind().find("parameter") != std::string_view::npos && n.kind().ends_with("s")) list = n;
      if (list.null() && n.kind() == "parameter_list") list = n;
      return list.null() && n.kind() != "block" && n.kind() != "statement_block" && n.kind() != "compound_statement";
    });
  for (const auto& p : list.named_children()) {
    tools::SyntaxNode name;
    tools::SyntaxTree::walk_from(p, [&](const tools::SyntaxNode& n) {
      if (n == p && !p.child("name").null()) name = p.child("name");
      else if (name.null() && n.kind() == "identifier") name = n;
      return name.null() && n.kind().find("type") == std::string_view::npos;
    });
    if (!name.null() && name.text() != "self" && name.text() != "cls" && name.text() != "this") out.emplace_back(name.text());
  }
  return out;
}

bool has_return(const tools::SyntaxNode& definition) {
  bool found = false;
  tools::SyntaxTree::walk_from(definition, [&](const tools::SyntaxNode& n) {
    found |= n.kind() == "return_statement" && n.named_child_count() > 0;
    return !found;
  });
  return found;
}

std::string python_doc(const std::string& summary, const std::vector<std::string>& names, bool returns, const std::string& indent) {
  std::string out = indent + "\"\"\"" + summary;
  if (names.empty() && !returns) return out + "\"\"\"\n";
  if (!names.empty()) out += "\n\n" + indent + "Args:";
  for (const std::string& n : names) out += "\n" + indent + "    " + n + ": the " + [&] { std::string w; for (const auto& p : parts_of(n)) w += (w.empty() ? "" : " ") + p; return w; }() + ".";
  if (returns) out += "\n\n" + indent + "Returns:\n" + indent + "    the result.";
  return out + "\n" + indent + "\"\"\"\n";
}

std::string block_doc(const std::string& summary, const std::vector<std::string>& names, bool returns, const std::string& indent) {
  std::string out = indent + "/**\n" + indent + " * " + summary + "\n";
  for (const std::string& n : names) out += indent + " * @param " + n + "\n";
  if (returns) out += indent + " * @returns the result\n";
  return out + indent + " */\n";
}

// The summary that the model finds likeliest as the definition's documentation, calibrated by an empty one.
std::string chosen_summary(Turn& turn, const std::vector<std::string>& all, const std::string& source) {
  if (!turn.request().engine || all.size() < 2) return all[0];
  const auto scores = calibrated_scores(turn.context(), *turn.request().engine, "describe this code: " + source.substr(0, 1500), all);
  if (scores.size() != all.size()) return all[0];
  return all[static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin())];
}

}  // namespace

Result<void> write_docstring(Turn& turn) {
  if (turn.reading().symbols.empty()) return turn.not_done(turn.words(Say::docstring_what));
  const std::string name = turn.reading().symbols[0];
  auto hits = turn.snapshot().definitions(name, turn.reading().paths.empty() ? "" : turn.reading().paths[0]);
  std::erase_if(hits, [](const auto& h) { return h.symbol().declaration; });
  if (hits.empty()) return turn.not_done(turn.words(Say::not_defined, name, "."));
  WRIGHT_CHECK(turn.understood(turn.words(Say::docstring, name)));
  std::size_t which = 0;
  if (hits.size() > 1 && turn.reading().paths.empty()) {
    std::vector<std::string> places;
    for (const auto& h : hits) places.push_back(fmt::format("{}:{} {}", h.file->name, h.symbol().name_line, tools::qualified_name(h)));
    WRIGHT_TRY(const auto chosen, turn.choose(turn.words(Say::which_place, hits.size()), places));
    if (!chosen) return {};
    which = *chosen;
  }
  const auto& hit = hits[which];
  const tools::Symbol& s = hit.symbol();
  const std::string place = fmt::format("{}:{}", hit.file->name, s.name_line);
  const Language language = hit.file->language;
  constexpr std::array kDocumented{Language::python, Language::javascript, Language::typescript, Language::tsx, Language::java, Language::c, Language::cpp, Language::rust, Language::go};
  constexpr std::array kKinds{tools::SymbolKind::function, tools::SymbolKind::method, tools::SymbolKind::class_, tools::SymbolKind::struct_};
  const auto text = turn.text_of(hit.file->name);
  if (!text || std::find(kDocumented.begin(), kDocumented.end(), language) == kDocumented.end() || std::find(kKinds.begin(), kKinds.end(), s.kind) == kKinds.end())
    return turn.not_done(turn.words(Say::docstring_language, place));
  WRIGHT_TRY(const auto tree, tools::SyntaxTree::parse(language, *text, turn.context()));
  tools::SyntaxNode node = tree.node_at(s.begin, s.end, true);
  if (node.kind() == "decorated_definition" && !node.child("definition").null()) node = node.child("definition");
  const std::size_t line_start = text->rfind('\n', s.begin) == std::string::npos ? 0 : text->rfind('\n', s.begin) + 1;
  std::string indent = text->substr(line_start, text->find_first_not_of(" \t", line_start) - line_start);
  const bool of_type = s.kind == tools::SymbolKind::class_ || s.kind == tools::SymbolKind::struct_;
  const bool returns = !of_type && has_return(node);
  const auto names = of_type ? std::vector<std::string>{} : parameters(node);
  const std::string summary = chosen_summary(turn, summaries(s.name, s.kind, returns), text->substr(s.begin, s.end - s.begin));
  Splice insert{line_start, line_start, ""};
  if (language == Language::python) {
    const tools::SyntaxNode body = node.child("body");
    if (body.null() || body.line() == node.line()) return turn.not_done(turn.words(Say::docstring_language, place));
    const tools::SyntaxNode first = body.named_child(0);
    if (first.kind() == "expression_statement" && first.named_child(0).kind() == "string") return turn.not_done(turn.words(Say::has_docstring, name, place));
    const std::size_t body_line = text->rfind('\n', body.start()) + 1;
    insert = {body_line, body_line, python_doc(summary, names, returns, text->substr(body_line, body.start() - body_line))};
  } else {
    const std::string above = line_start > 1 ? line_text(*text, line_start - 2) : "";
    if (above.starts_with("//") || above.ends_with("*/")) return turn.not_done(turn.words(Say::has_docstring, name, place));
    if (language == Language::rust) insert.text = indent + "/// " + summary + "\n";
    else if (language == Language::go) insert.text = indent + "// " + s.name + ": " + summary + "\n";
    else insert.text = block_doc(summary, names, returns, indent);
  }
  const std::string after = apply(*text, {insert});
  if (breaks_syntax(hit.file->name, *text, after)) return turn.not_done(turn.words(Say::would_break, hit.file->name));
  WRIGHT_TRY(const bool wrote, turn.replace(hit.file->name, after));
  return wrote ? turn.done(turn.words(Say::wrote_docstring, name, place)) : Result<void>();
}

}  // namespace wright::agent::guided
