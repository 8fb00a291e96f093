// The identifier under a position of an open document, and where it stands. Shared by navigation and hover.
#pragma once

#include <string>

#include "lsp/documents.h"
#include "tools/repo/symbols.h"
#include "tools/repo/syntax.h"

namespace wright::lsp {

struct NameAt {
  DocumentPtr document;
  std::string name;            // "" when there is no identifier
  std::size_t begin = 0, end = 0;
  std::size_t offset = 0;      // of the position
};

class Server;
Result<NameAt> name_at(Server& server, const nlohmann::json& params);

}  // namespace wright::lsp
