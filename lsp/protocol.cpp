#include "lsp/protocol.h"

namespace wright::lsp {
namespace {

Error bad(const std::string& path, const char* what) { return {ErrorKind::invalid, path + ": " + what, ""}; }

bool flag(const Json& json, std::initializer_list<const char*> keys) {
  const Json* at = &json;
  for (const char* key : keys) {
    if (!at->is_object() || !at->contains(key)) return false;
    at = &(*at)[key];
  }
  return at->is_object() || *at == Json(true);
}

}  // namespace

Result<Position> position_from_json(const Json& json, const std::string& path) {
  const auto natural = [&](const char* key) -> Result<std::int64_t> {
    if (!json.is_object() || !json.contains(key) || !json[key].is_number_integer() || json[key].get<std::int64_t>() < 0 || json[key].get<std::int64_t>() > INT32_MAX)
      return bad(path + "." + key, "must be a natural number");
    return json[key].get<std::int64_t>();
  };
  Position out;
  WRIGHT_TRY(out.line, natural("line"));
  WRIGHT_TRY(out.character, natural("character"));
  return out;
}

Result<Range> range_from_json(const Json& json, const std::string& path) {
  if (!json.is_object()) return bad(path, "must be a range");
  Range out;
  WRIGHT_TRY(out.start, position_from_json(json.value("start", Json()), path + ".start"));
  WRIGHT_TRY(out.end, position_from_json(json.value("end", Json()), path + ".end"));
  return out;
}

Json to_json(const Position& p) { return {{"line", p.line}, {"character", p.character}}; }
Json to_json(const Range& r) { return {{"start", to_json(r.start)}, {"end", to_json(r.end)}}; }
Json to_json(const Location& l) { return {{"uri", l.uri}, {"range", to_json(l.range)}}; }

Result<std::string> document_uri_from_json(const Json& params) {
  if (!params.is_object() || !params.contains("textDocument") || !params["textDocument"].is_object() || !params["textDocument"].contains("uri") ||
      !params["textDocument"]["uri"].is_string())
    return bad("textDocument.uri", "must be a text");
  return params["textDocument"]["uri"].get<std::string>();
}

Result<TextDocumentPosition> text_document_position_from_json(const Json& params) {
  TextDocumentPosition out;
  WRIGHT_TRY(out.uri, document_uri_from_json(params));
  WRIGHT_TRY(out.position, position_from_json(params.value("position", Json()), "position"));
  return out;
}

int symbol_kind(std::string_view name) {
  struct Row { std::string_view name; int kind; };
  static constexpr Row kRows[] = {{"module", 2}, {"class", 5}, {"struct", 23}, {"interface", 11}, {"enum", 10}, {"type", 26}, {"implementation", 5},
                                  {"function", 12}, {"method", 6}, {"macro", 14}, {"constant", 14}, {"variable", 13}, {"enumerator", 22}, {"field", 8}, {"key", 20}};
  for (const Row& row : kRows)
    if (row.name == name) return row.kind;
  return 13;
}

ClientCapabilities capabilities_from_json(const Json& c) {
  ClientCapabilities out;
  out.work_done_progress = flag(c, {"window", "workDoneProgress"});
  out.apply_edit = flag(c, {"workspace", "applyEdit"});
  out.document_changes = flag(c, {"workspace", "workspaceEdit", "documentChanges"});
  out.inline_completion = flag(c, {"textDocument", "inlineCompletion"});
  out.hierarchical_symbols = flag(c, {"textDocument", "documentSymbol", "hierarchicalDocumentSymbolSupport"});
  out.code_action_literals = flag(c, {"textDocument", "codeAction", "codeActionLiteralSupport"});
  if (c.is_object() && c.contains("general") && c["general"].is_object())
    for (const Json& e : c["general"].value("positionEncodings", Json::array()))
      if (e.is_string()) out.encodings.push_back(e);
  return out;
}

}  // namespace wright::lsp
