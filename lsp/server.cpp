#include "lsp/server.h"

#include <algorithm>

#include "base/file.h"
#include "base/limits.h"
#include "lsp/features/features.h"

namespace wright::lsp {
namespace {

struct Method {
  std::string_view name;
  bool slow;  // answered on a worker thread
  Result<Json> (*run)(Server&, const Json&, const Context&);
};
constexpr Method kMethods[] = {
    {"textDocument/documentSymbol", false, document_symbols},
    {"workspace/symbol", true, workspace_symbols},
    {"textDocument/definition", true, definition},
    {"textDocument/references", true, references},
    {"textDocument/hover", true, hover},
    {"textDocument/completion", true, completion},
    {"textDocument/inlineCompletion", true, inline_completion},
    {"textDocument/codeAction", false, code_actions},
    {"workspace/executeCommand", true, execute_command},
};

RpcCode code_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
    case ErrorKind::usage:
    case ErrorKind::not_found: return RpcCode::invalid_params;
    case ErrorKind::cancelled: return RpcCode::request_cancelled;
    case ErrorKind::conflict: return RpcCode::content_modified;
    default: return RpcCode::request_failed;
  }
}

void answer(Reply& reply, Result<Json> result) {
  if (result.ok()) reply.result(std::move(*result));
  else reply.error({code_of(result.error().kind), result.error().text()});
}

Json server_capabilities(Encoding encoding, const ClientCapabilities& client) {
  static constexpr const char* kEncodings[] = {"utf-8", "utf-16", "utf-32"};
  Json out = {{"positionEncoding", kEncodings[static_cast<int>(encoding)]},
              {"textDocumentSync", {{"openClose", true}, {"change", 2}, {"save", {{"includeText", false}}}}},
              {"documentSymbolProvider", true}, {"workspaceSymbolProvider", true}, {"definitionProvider", true}, {"referencesProvider", true},
              {"hoverProvider", true}, {"codeActionProvider", {{"codeActionKinds", {"quickfix", "source"}}}},
              {"executeCommandProvider", {{"commands", command_ids()}, {"workDoneProgress", true}}}};
  if (client.inline_completion) out["inlineCompletionProvider"] = true;
  else out["completionProvider"] = {{"resolveProvider", false}};  // the same suggestions for editors without ghost text
  return out;
}

}  // namespace

Server::Server(Host host, std::function<void(std::string)> write)
    : host_(std::move(host)),
      peer_(std::move(write), {[this](const auto& method, const auto& params, const auto& context, auto reply) { on_request(method, params, context, std::move(reply)); },
                               [this](const auto& method, const auto& params) { on_notification(method, params); }}) {}

Server::~Server() {
  peer_.cancel_all();
  std::vector<std::thread> workers;
  {
    std::lock_guard lock(mutex_);
    workers.swap(workers_);
  }
  for (std::thread& worker : workers) worker.join();
}

bool Server::feed(std::string_view bytes) { return peer_.feed(bytes) && !ended_; }

Result<Json> Server::initialize(const Json& params) {
  if (initialized_) return Error{ErrorKind::usage, "initialize was sent twice", ""};
  if (!params.is_object()) return Error{ErrorKind::invalid, "params: must be an object", ""};
  client_ = capabilities_from_json(params.value("capabilities", Json::object()));
  Encoding encoding = Encoding::utf16;  // what a client that lists none means
  for (const std::string& offered : client_.encodings) {
    if (offered == "utf-8") encoding = Encoding::utf8;
    else if (offered == "utf-32" && encoding == Encoding::utf16 && std::find(client_.encodings.begin(), client_.encodings.end(), "utf-16") == client_.encodings.end())
      encoding = Encoding::utf32;
    if (encoding == Encoding::utf8) break;
  }
  documents_.set_encoding(encoding);
  if (params.contains("initializationOptions") && params["initializationOptions"].is_object()) options_ = params["initializationOptions"];
  std::string uri = params.value("rootUri", Json()).is_string() ? params["rootUri"].get<std::string>() : "";
  if (const Json folders = params.value("workspaceFolders", Json()); folders.is_array() && !folders.empty() && folders[0].is_object() && folders[0].value("uri", Json()).is_string())
    uri = folders[0]["uri"];
  root_ = path_of_uri(uri).value_or("");
  while (root_.size() > 1 && root_.back() == '/') root_.pop_back();
  if (!root_.empty()) {
    auto index = tools::RepoIndex::shared(root_);
    if (index.ok()) index_ = *index;
  }
  initialized_ = true;
  return Json{{"capabilities", server_capabilities(encoding, client_)}, {"serverInfo", {{"name", "wright"}}}};
}

void Server::on_request(const std::string& method, const Json& params, const Context& context, std::shared_ptr<Reply> reply) {
  if (method == "initialize") return answer(*reply, initialize(params));
  if (!initialized_) return reply->error({RpcCode::not_initialized, "initialize comes first"});
  if (shut_down_) return reply->error({RpcCode::invalid_request, "the server is shut down"});
  if (method == "shutdown") {
    shut_down_ = true;
    return reply->result(nullptr);
  }
  for (const Method& m : kMethods) {
    if (m.name != method) continue;
    if (!m.slow) return answer(*reply, m.run(*this, params, context));
    std::lock_guard lock(mutex_);
    workers_.emplace_back([this, &m, params, context, reply] { answer(*reply, m.run(*this, params, context)); });
    return;
  }
  reply->error({RpcCode::method_not_found, "there is no " + method});
}

void Server::on_notification(const std::string& method, const Json& params) {
  if (method == "exit") {
    ended_ = true;
    return;
  }
  if (method == "$/cancelRequest") {
    if (params.is_object() && params.contains("id")) peer_.cancel(params["id"]);
    return;
  }
  if (!initialized_ || shut_down_ || !params.is_object()) return;
  const Json document = params.value("textDocument", Json::object());
  if (method == "textDocument/didOpen") {
    if (!document.is_object() || !document.value("uri", Json()).is_string() || !document.value("text", Json()).is_string()) return warn("didOpen without uri or text");
    documents_.open(document["uri"], document.value("languageId", Json()).is_string() ? document["languageId"] : Json(""),
                    document.value("version", Json()).is_number_integer() ? document["version"].get<std::int64_t>() : 0, document["text"]);
    changed(document["uri"]);
  } else if (method == "textDocument/didChange") {
    const auto uri = document_uri_from_json(params);
    if (!uri.ok()) return warn(uri.error().message);
    const std::int64_t version = document.value("version", Json()).is_number_integer() ? document["version"].get<std::int64_t>() : 0;
    if (const auto done = documents_.change(*uri, version, params.value("contentChanges", Json())); !done.ok()) return warn(done.error().message);
    changed(*uri);
  } else if (method == "textDocument/didClose") {
    const auto uri = document_uri_from_json(params);
    if (!uri.ok()) return;
    if (const auto d = documents_.find(*uri); d && index_ && !relative(d->path).empty()) (void)index_->set_buffer(relative(d->path), nullptr);
    documents_.close(*uri);
    std::lock_guard lock(mutex_);
    indexed_.erase(*uri);
  } else if (method == "window/workDoneProgress/cancel") {
    std::lock_guard lock(mutex_);
    const Json token = params.value("token", Json());
    if (const auto found = progress_.find(token.is_string() ? token.get<std::string>() : token.dump()); found != progress_.end()) found->second.cancel();
  }
}

// A keystroke makes a running completion of that document worthless.
void Server::changed(const std::string& uri) {
  std::lock_guard lock(mutex_);
  if (const auto found = completions_.find(uri); found != completions_.end()) found->second.cancel();
}

void Server::warn(const std::string& text) { peer_.notify("window/logMessage", {{"type", 2}, {"message", "wright: " + text}}); }

Result<DocumentPtr> Server::document(const std::string& uri) const {
  if (const auto found = documents_.find(uri)) return found;
  return Error{ErrorKind::not_found, "the document is not open: " + uri, "send didOpen first"};
}

std::string Server::relative(const std::string& path) const {
  if (root_.empty() || !path.starts_with(root_ + "/")) return "";
  return path.substr(root_.size() + 1);
}

Result<std::shared_ptr<const tools::RepoSnapshot>> Server::snapshot(const Context& context) {
  if (!index_) return Error{ErrorKind::usage, "no folder is open", "open a folder in the editor"};
  for (const DocumentPtr& document : documents_.all()) {
    const std::string name = relative(document->path);
    if (name.empty()) continue;
    {
      std::lock_guard lock(mutex_);
      const auto found = indexed_.find(document->uri);
      if (found != indexed_.end() && found->second == document->version) continue;
      indexed_[document->uri] = document->version;
    }
    (void)index_->set_buffer(name, &document->text, context);  // one that can't be parsed keeps its older symbols
  }
  return index_->fresh(context);
}

Result<std::string> Server::text_of(const std::string& name) const {
  for (const DocumentPtr& document : documents_.all())
    if (relative(document->path) == name) return document->text;
  if (!index_) return Error{ErrorKind::usage, "no folder is open", ""};
  return index_->root().read(name, limits::kReadFileBytes);
}

Context Server::newest_completion(const std::string& uri, const Context& request) {
  std::lock_guard lock(mutex_);
  if (const auto found = completions_.find(uri); found != completions_.end()) found->second.cancel();
  return completions_[uri] = request.child();
}

Context Server::progress_context(const std::string& token, const Context& request) {
  std::lock_guard lock(mutex_);
  return progress_[token] = request.child();
}

void Server::end_progress(const std::string& token) {
  std::lock_guard lock(mutex_);
  progress_.erase(token);
}

}  // namespace wright::lsp
