// Definition and references by name: syntactic, so a name that two scopes use gives both; a real language server knows better.
#include "lsp/features/features.h"
#include <algorithm>

#include "lsp/features/name_at.h"
#include "lsp/server.h"

namespace wright::lsp {
namespace {

Result<Json> location(Server& server, const std::string& name, std::size_t begin, std::size_t end) {
  WRIGHT_TRY(const std::string text, server.text_of(name));
  const LineTable lines(text);
  const Encoding encoding = server.documents().encoding();
  return to_json(Location{uri_of_path(server.root() + "/" + name), {lines.position(text, begin, encoding), lines.position(text, end, encoding)}});
}

Json own_location(const Document& document, std::size_t begin, std::size_t end, Encoding encoding) {
  return to_json(Location{document.uri, {document.lines.position(document.text, begin, encoding), document.lines.position(document.text, end, encoding)}});
}

// Where a local name is first written in the definition around the cursor.
Result<Json> local_definition(Server& server, const NameAt& at, const Context& context) {
  const auto language = tools::language_of(at.document->path, at.document->text.substr(0, 256));
  if (!language) return Json::array();
  WRIGHT_TRY(const auto tree, tools::SyntaxTree::parse(*language, at.document->text, context));
  WRIGHT_TRY(const auto symbols, tools::file_symbols(tree, context));
  const int around = tools::symbol_at(symbols, at.offset);
  const std::size_t from = around < 0 ? 0 : symbols.definitions[static_cast<std::size_t>(around)].begin;
  for (const tools::NameUse& use : tools::uses_of(tree, at.name))
    if (use.begin >= from) return Json::array({own_location(*at.document, use.begin, use.end, server.documents().encoding())});
  return Json::array();
}

}  // namespace

Result<Json> definition(Server& server, const Json& params, const Context& context) {
  WRIGHT_TRY(const NameAt at, name_at(server, params));
  if (at.name.empty()) return Json::array();
  if (!server.index()) return local_definition(server, at, context);
  WRIGHT_TRY(const auto snapshot, server.snapshot(context));
  const auto hits = snapshot->definitions(at.name, server.relative(at.document->path));
  Json out = Json::array();
  const bool bodies = std::any_of(hits.begin(), hits.end(), [](const auto& hit) { return !hit.symbol().declaration; });
  for (const tools::SymbolHit& hit : hits) {
    if (bodies && hit.symbol().declaration) continue;
    const auto place = location(server, hit.file->name, hit.symbol().name_begin, hit.symbol().name_end);
    if (place.ok()) out.push_back(*place);
  }
  if (out.empty()) return local_definition(server, at, context);
  return out;
}

Result<Json> references(Server& server, const Json& params, const Context& context) {
  constexpr std::size_t kMost = 2000;
  WRIGHT_TRY(const NameAt at, name_at(server, params));
  if (at.name.empty() || !server.index()) return Json::array();
  const Json asked = params.value("context", Json::object());
  const bool declarations = !asked.is_object() || asked.value("includeDeclaration", Json(true)) != Json(false);
  WRIGHT_TRY(const auto snapshot, server.snapshot(context));
  WRIGHT_TRY(const auto found, tools::find_references(server.index()->root(), *snapshot, at.name, "", kMost, context));
  Json out = Json::array();
  for (const tools::ReferenceHit& hit : found.hits) {
    if (hit.definition && !declarations) continue;
    const auto place = location(server, hit.file, hit.begin, hit.end);
    if (place.ok()) out.push_back(*place);
  }
  return out;
}

}  // namespace wright::lsp
