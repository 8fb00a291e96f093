// Suggestions from the model: ghost text (inlineCompletion, LSP 3.18), and as one completion item for editors without it. Silence is
// better than noise: the host answers "" when the model is not sure.
#include "lsp/features/features.h"
#include "lsp/server.h"

namespace wright::lsp {
namespace {

struct Suggestion {
  std::string text;
  Position at;
};

// Nothing when there is nothing worth showing.
Result<std::optional<Suggestion>> suggest(Server& server, const Json& params, const Context& request) {
  WRIGHT_TRY(const auto where, text_document_position_from_json(params));
  WRIGHT_TRY(const DocumentPtr document, server.document(where.uri));
  if (!server.host().complete || server.options().value("completion", Json(true)) == Json(false)) return std::optional<Suggestion>();
  const std::size_t offset = document->lines.offset(document->text, where.position, server.documents().encoding());
  const Context context = server.newest_completion(where.uri, request);
  WRIGHT_TRY(const CompletionAnswer answer,
             server.host().complete(context, {document->path, document->language, document->text.substr(0, offset), document->text.substr(offset)}));
  const DocumentPtr now = server.documents().find(where.uri);
  if (!now || now->version != document->version) return Error{ErrorKind::conflict, "the document changed meanwhile", ""};
  if (answer.text.empty()) return std::optional<Suggestion>();
  return std::optional<Suggestion>({answer.text, where.position});
}

}  // namespace

Result<Json> inline_completion(Server& server, const Json& params, const Context& context) {
  WRIGHT_TRY(const auto suggestion, suggest(server, params, context));
  Json items = Json::array();
  if (suggestion) items.push_back({{"insertText", suggestion->text}, {"range", to_json(Range{suggestion->at, suggestion->at})}});
  return Json{{"items", items}};
}

Result<Json> completion(Server& server, const Json& params, const Context& context) {
  WRIGHT_TRY(const auto suggestion, suggest(server, params, context));
  Json items = Json::array();
  if (suggestion) {
    const std::string first = suggestion->text.substr(0, suggestion->text.find('\n'));
    items.push_back({{"label", first}, {"kind", 1}, {"detail", "Wright"}, {"sortText", "~"}, {"filterText", ""},
                     {"textEdit", {{"range", to_json(Range{suggestion->at, suggestion->at})}, {"newText", suggestion->text}}}});
  }
  return Json{{"isIncomplete", true}, {"items", items}};
}

}  // namespace wright::lsp
