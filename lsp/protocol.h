// The LSP structures that we use, spelled as on the wire (specification 3.17; inline completion from 3.18). Raw JSON stops here. Note
// that Position::character counts units of the negotiated encoding.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "lsp/positions.h"

namespace wright::lsp {

using Json = nlohmann::json;

// `path` stands in the error: "position.line: must be a natural number".
Result<Position> position_from_json(const Json& json, const std::string& path);
Result<Range> range_from_json(const Json& json, const std::string& path);
Json to_json(const Position& position);
Json to_json(const Range& range);

// TextDocumentPositionParams
struct TextDocumentPosition {
  std::string uri;
  Position position;
};
Result<TextDocumentPosition> text_document_position_from_json(const Json& params);
Result<std::string> document_uri_from_json(const Json& params);  // params.textDocument.uri

struct Location { std::string uri; Range range; };
Json to_json(const Location& location);

// SymbolKind's number of the specification, by the name of tools::SymbolKind ("class", "function", …).
int symbol_kind(std::string_view name);

// What the client can do, from initialize.
struct ClientCapabilities {
  bool work_done_progress = false, apply_edit = false, document_changes = false, inline_completion = false, show_message_request = true,
       hierarchical_symbols = false, code_action_literals = false;
  std::vector<std::string> encodings;
};
ClientCapabilities capabilities_from_json(const Json& capabilities);

}  // namespace wright::lsp
