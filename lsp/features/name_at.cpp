#include "lsp/features/name_at.h"

#include "lsp/protocol.h"
#include "lsp/server.h"

namespace wright::lsp {
namespace {

bool word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || static_cast<unsigned char>(c) >= 0x80; }

}  // namespace

Result<NameAt> name_at(Server& server, const nlohmann::json& params) {
  WRIGHT_TRY(const auto where, text_document_position_from_json(params));
  NameAt out;
  WRIGHT_TRY(out.document, server.document(where.uri));
  const std::string& text = out.document->text;
  out.offset = out.begin = out.end = out.document->lines.offset(text, where.position, server.documents().encoding());
  while (out.begin > 0 && word(text[out.begin - 1])) --out.begin;
  while (out.end < text.size() && word(text[out.end])) ++out.end;
  out.name = text.substr(out.begin, out.end - out.begin);
  if (!out.name.empty() && out.name[0] >= '0' && out.name[0] <= '9') out.name.clear();
  return out;
}

}  // namespace wright::lsp
