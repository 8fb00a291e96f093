// Hover: the definition's first lines, the comment above it, and where it stands.
#include <fmt/format.h>

#include "lsp/features/features.h"
#include "lsp/features/name_at.h"
#include "lsp/server.h"

namespace wright::lsp {
namespace {

std::string_view line_at(std::string_view text, std::size_t begin) { return text.substr(begin, text.find('\n', begin) - begin); }

std::size_t line_start(std::string_view text, std::size_t at) {
  const auto before = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  return before == std::string_view::npos ? 0 : before + 1;
}

// Comment lines right above `at`.
std::string comment_above(std::string_view text, std::size_t at) {
  std::string out;
  for (std::size_t start = line_start(text, at); start > 0;) {
    start = line_start(text, start - 1);
    std::string_view line = line_at(text, start);
    while (!line.empty() && (line[0] == ' ' || line[0] == '\t')) line.remove_prefix(1);
    if (line.empty() || !(line.starts_with("//") || line.starts_with("#") || line.starts_with("*") || line.starts_with("/*") || line.starts_with("--"))) break;
    out = std::string(line) + "\n" + out;
  }
  return out;
}

// The head of a definition: up to its body, at most six lines.
std::string signature(std::string_view text, const tools::Symbol& symbol) {
  std::string out;
  std::size_t at = line_start(text, symbol.begin);
  for (int i = 0; i < 6 && at < text.size() && at <= symbol.end; ++i) {
    const std::string_view line = line_at(text, at);
    out += std::string(line) + "\n";
    at += line.size() + 1;
    const auto last = line.find_last_not_of(" \t\r");
    if (last != std::string_view::npos && (line[last] == '{' || line[last] == ':' || line[last] == ';')) break;
  }
  return out;
}

}  // namespace

Result<Json> hover(Server& server, const Json& params, const Context& context) {
  WRIGHT_TRY(const NameAt at, name_at(server, params));
  if (at.name.empty() || !server.index()) return Json();
  WRIGHT_TRY(const auto snapshot, server.snapshot(context));
  const auto hits = snapshot->definitions(at.name, server.relative(at.document->path));
  if (hits.empty()) return Json();
  const tools::SymbolHit& best = hits.front();
  WRIGHT_TRY(const std::string text, server.text_of(best.file->name));
  const std::string comment = comment_above(text, best.symbol().begin);
  std::string value = fmt::format("```{}\n{}```\n", tools::language_info(best.file->language).name, signature(text, best.symbol()));
  if (!comment.empty()) value += "```\n" + comment + "```\n";
  value += fmt::format("{} {} in {}:{}", tools::to_string(best.symbol().kind), tools::qualified_name(best), best.file->name, best.symbol().line);
  if (hits.size() > 1) value += fmt::format(" and {} more", hits.size() - 1);
  const Encoding encoding = server.documents().encoding();
  return Json{{"contents", {{"kind", "markdown"}, {"value", value}}},
              {"range", to_json(Range{at.document->lines.position(at.document->text, at.begin, encoding), at.document->lines.position(at.document->text, at.end, encoding)})}};
}

}  // namespace wright::lsp
