// The language server: lifecycle, document sync and the table of methods (server.cpp); each feature is one file in features/. One a
// client. run() reads on the caller's thread; quick requests are answered there, slow ones on a worker thread each, so that a later
// keystroke can cancel an earlier completion. Answers come from tree-sitter and never start a program of the repository.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "lsp/documents.h"
#include "lsp/host.h"
#include "lsp/jsonrpc/peer.h"
#include "lsp/protocol.h"
#include "tools/repo/index.h"

namespace wright::lsp {

class Server {
 public:
  // `write` sends bytes to the client; any thread, one call at a time.
  Server(Host host, std::function<void(std::string)> write);
  ~Server();

  // Feeds bytes from the client. False once the session is over (exit, or a broken stream).
  bool feed(std::string_view bytes);
  // 0 when the client said shutdown before exit, else 1.
  int exit_code() const { return shut_down_ ? 0 : 1; }

  // What features use.
  Documents& documents() { return documents_; }
  const ClientCapabilities& client() const { return client_; }
  const Host& host() const { return host_; }
  Peer& peer() { return peer_; }
  const std::string& root() const { return root_; }  // absolute; "" without a folder
  const Json& options() const { return options_; }   // initializationOptions
  // `not_found` for a document that is not open.
  Result<DocumentPtr> document(const std::string& uri) const;
  // The workspace's symbols with the open buffers in place of their files.
  Result<std::shared_ptr<const tools::RepoSnapshot>> snapshot(const Context& context);
  std::shared_ptr<tools::RepoIndex> index() const { return index_; }
  // Path relative to the root; "" when outside.
  std::string relative(const std::string& path) const;
  // Text of a file of the workspace: the open buffer, else the disk.
  Result<std::string> text_of(const std::string& relative_name) const;
  // A context for the newest completion of a document; the one before is cancelled.
  Context newest_completion(const std::string& uri, const Context& request);
  // A context that the client may cancel through its progress bar (window/workDoneProgress/cancel).
  Context progress_context(const std::string& token, const Context& request);
  void end_progress(const std::string& token);

 private:
  void on_request(const std::string& method, const Json& params, const Context& context, std::shared_ptr<Reply> reply);
  void on_notification(const std::string& method, const Json& params);
  Result<Json> initialize(const Json& params);
  void changed(const std::string& uri);
  void warn(const std::string& text);

  const Host host_;
  Documents documents_;
  Peer peer_;
  ClientCapabilities client_;
  Json options_ = Json::object();
  std::string root_;
  std::shared_ptr<tools::RepoIndex> index_;
  bool initialized_ = false, shut_down_ = false, ended_ = false;  // reading thread
  std::mutex mutex_;                                              // guards the rest
  std::map<std::string, Context> completions_, progress_;
  std::map<std::string, std::int64_t> indexed_;                   // version of a buffer as the index has it, by uri
  std::vector<std::thread> workers_;
};

}  // namespace wright::lsp
