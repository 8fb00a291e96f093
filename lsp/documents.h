// The editor's open buffers: text, version and language, changed incrementally in the order in which the editor says so. Any thread;
// readers get an immutable snapshot.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "base/result.h"
#include "lsp/positions.h"

namespace wright::lsp {

struct Document {
  std::string uri, path;  // path: absolute; "" for a buffer that is no file
  std::string language;   // the editor's language id
  std::int64_t version = 0;
  std::string text;
  LineTable lines{""};
};
using DocumentPtr = std::shared_ptr<const Document>;

// "file:///a%20b" -> "/a b"; nothing for other schemes and for a malformed one.
std::optional<std::string> path_of_uri(std::string_view uri);
std::string uri_of_path(std::string_view path);

class Documents {
 public:
  void set_encoding(Encoding encoding) { encoding_ = encoding; }
  Encoding encoding() const { return encoding_; }
  DocumentPtr open(std::string uri, std::string language, std::int64_t version, std::string text);
  // `changes`: LSP's TextDocumentContentChangeEvent[]. On an error (unknown document, malformed range) nothing changed.
  Result<DocumentPtr> change(const std::string& uri, std::int64_t version, const nlohmann::json& changes);
  void close(const std::string& uri);
  DocumentPtr find(const std::string& uri) const;
  std::vector<DocumentPtr> all() const;

 private:
  Encoding encoding_ = Encoding::utf16;
  mutable std::mutex mutex_;  // guards open_
  std::map<std::string, DocumentPtr> open_;
};

}  // namespace wright::lsp
