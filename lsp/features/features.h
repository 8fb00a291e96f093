// The features of the language server, one function each: params in, the result out. Called by the table in lsp/server.cpp.
#pragma once

#include "base/context.h"
#include "lsp/protocol.h"

namespace wright::lsp {

class Server;

Result<Json> document_symbols(Server&, const Json& params, const Context&);    // symbols.cpp
Result<Json> workspace_symbols(Server&, const Json& params, const Context&);
Result<Json> definition(Server&, const Json& params, const Context&);          // navigation.cpp
Result<Json> references(Server&, const Json& params, const Context&);
Result<Json> hover(Server&, const Json& params, const Context&);               // hover.cpp
Result<Json> completion(Server&, const Json& params, const Context&);          // completion.cpp
Result<Json> inline_completion(Server&, const Json& params, const Context&);
Result<Json> code_actions(Server&, const Json& params, const Context&);        // code_action.cpp
Result<Json> execute_command(Server&, const Json& params, const Context&);     // command.cpp
// The ids of executeCommand: wright.fix, wright.run, wright.undo.
std::vector<std::string> command_ids();

}  // namespace wright::lsp
