#include "lsp/features/features.h"
#include "lsp/server.h"

namespace wright::lsp {

Result<Json> code_actions(Server& server, const Json& params, const Context&) {
  WRIGHT_TRY(const std::string uri, document_uri_from_json(params));
  WRIGHT_TRY(const DocumentPtr document, server.document(uri));
  const Json context = params.value("context", Json::object());
  const bool diagnostics = context.is_object() && context.value("diagnostics", Json::array()).is_array() && !context.value("diagnostics", Json::array()).empty();
  const Json command = {{"title", "Fix with Wright"}, {"command", "wright.fix"}, {"arguments", Json::array({{{"uri", uri}}})}};
  if (!server.client().code_action_literals) return Json::array({command});
  Json action = {{"title", "Fix with Wright"}, {"kind", diagnostics ? "quickfix" : "source"}, {"command", command}};
  if (diagnostics) action["diagnostics"] = context["diagnostics"];
  return Json::array({action});
}

}  // namespace wright::lsp
