#include "lsp/features/features.h"
#include "lsp/server.h"

namespace wright::lsp {
namespace {

Json symbol_json(const tools::FileSymbols& symbols, std::size_t index, const Document& document, Encoding encoding,
                 const std::vector<std::vector<std::size_t>>& below) {
  const tools::Symbol& s = symbols.definitions[index];
  const auto range = [&](std::size_t begin, std::size_t end) {
    return to_json(Range{document.lines.position(document.text, begin, encoding), document.lines.position(document.text, end, encoding)});
  };
  Json out = {{"name", s.name.empty() ? "(anonymous)" : s.name}, {"kind", symbol_kind(tools::to_string(s.kind))},
              {"range", range(s.begin, s.end)}, {"selectionRange", range(s.name_begin, s.name_end)}};
  if (!below[index].empty()) {
    out["children"] = Json::array();
    for (const std::size_t child : below[index]) out["children"].push_back(symbol_json(symbols, child, document, encoding, below));
  }
  return out;
}

}  // namespace

Result<Json> document_symbols(Server& server, const Json& params, const Context& context) {
  WRIGHT_TRY(const std::string uri, document_uri_from_json(params));
  WRIGHT_TRY(const DocumentPtr document, server.document(uri));
  const auto language = tools::language_of(document->path, document->text.substr(0, 256));
  if (!language) return Json::array();
  WRIGHT_TRY(const auto tree, tools::SyntaxTree::parse(*language, document->text, context));
  WRIGHT_TRY(const auto symbols, tools::file_symbols(tree, context));
  const Encoding encoding = server.documents().encoding();
  Json out = Json::array();
  if (!server.client().hierarchical_symbols) {
    for (const tools::Symbol& s : symbols.definitions)
      out.push_back({{"name", s.name}, {"kind", symbol_kind(tools::to_string(s.kind))},
                     {"location", to_json(Location{uri, {document->lines.position(document->text, s.begin, encoding), document->lines.position(document->text, s.end, encoding)}})}});
    return out;
  }
  std::vector<std::vector<std::size_t>> below(symbols.definitions.size());
  std::vector<std::size_t> top;
  for (std::size_t i = 0; i < symbols.definitions.size(); ++i) {
    const int parent = symbols.definitions[i].parent;
    (parent < 0 ? top : below[static_cast<std::size_t>(parent)]).push_back(i);
  }
  for (const std::size_t i : top) out.push_back(symbol_json(symbols, i, *document, encoding, below));
  return out;
}

Result<Json> workspace_symbols(Server& server, const Json& params, const Context& context) {
  constexpr std::size_t kMost = 200;
  const std::string query = params.is_object() && params.value("query", Json()).is_string() ? params["query"].get<std::string>() : "";
  WRIGHT_TRY(const auto snapshot, server.snapshot(context));
  Json out = Json::array();
  for (const tools::SymbolHit& hit : snapshot->search(query, kMost)) {
    const tools::Symbol& s = hit.symbol();
    const auto text = server.text_of(hit.file->name);
    if (!text.ok()) continue;
    const LineTable lines(*text);
    const Encoding encoding = server.documents().encoding();
    out.push_back({{"name", s.name}, {"kind", symbol_kind(tools::to_string(s.kind))}, {"containerName", tools::qualified_name(hit)},
                   {"location", to_json(Location{uri_of_path(server.root() + "/" + hit.file->name),
                                                 {lines.position(*text, s.name_begin, encoding), lines.position(*text, s.name_end, encoding)}})}});
  }
  return out;
}

}  // namespace wright::lsp
