#include "lsp/documents.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "lsp/protocol.h"

namespace wright::lsp {
namespace {

int hex(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

}  // namespace

std::optional<std::string> path_of_uri(std::string_view uri) {
  constexpr std::string_view kScheme = "file://";
  if (!uri.starts_with(kScheme)) return std::nullopt;
  uri.remove_prefix(kScheme.size());
  if (uri.starts_with("localhost/")) uri.remove_prefix(9);
  if (!uri.starts_with("/")) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < uri.size(); ++i) {
    if (uri[i] != '%') {
      out += uri[i];
      continue;
    }
    if (i + 2 >= uri.size() || hex(uri[i + 1]) < 0 || hex(uri[i + 2]) < 0) return std::nullopt;
    out += static_cast<char>(hex(uri[i + 1]) * 16 + hex(uri[i + 2]));
    i += 2;
  }
  if (out.find('\0') != std::string::npos) return std::nullopt;
  return out;
}

std::string uri_of_path(std::string_view path) {
  std::string out = "file://";
  for (const unsigned char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("/-._~").find(static_cast<char>(c)) != std::string_view::npos;
    if (plain) out += static_cast<char>(c);
    else out += fmt::format("%{:02X}", c);
  }
  return out;
}

DocumentPtr Documents::open(std::string uri, std::string language, std::int64_t version, std::string text) {
  auto document = std::make_shared<Document>();
  document->path = path_of_uri(uri).value_or("");
  document->uri = std::move(uri);
  document->language = std::move(language);
  document->version = version;
  document->text = std::move(text);
  document->lines = LineTable(document->text);
  std::lock_guard lock(mutex_);
  return open_[document->uri] = document;
}

Result<DocumentPtr> Documents::change(const std::string& uri, std::int64_t version, const nlohmann::json& changes) {
  const DocumentPtr before = find(uri);
  if (!before) return Error{ErrorKind::not_found, "a change of a document that is not open: " + uri, ""};
  if (!changes.is_array()) return Error{ErrorKind::invalid, "contentChanges: must be a list", ""};
  auto after = std::make_shared<Document>(*before);
  after->version = version;
  for (const auto& change : changes) {
    if (!change.is_object() || !change.contains("text") || !change["text"].is_string()) return Error{ErrorKind::invalid, "contentChanges: a change without text", ""};
    const auto& text = change["text"].get_ref<const std::string&>();
    if (change.contains("range") && !change["range"].is_null()) {
      WRIGHT_TRY(const Range range, range_from_json(change["range"], "contentChanges.range"));
      const std::size_t start = after->lines.offset(after->text, range.start, encoding_), end = after->lines.offset(after->text, range.end, encoding_);
      if (end < start) return Error{ErrorKind::invalid, "contentChanges: a range that ends before it starts", ""};
      after->text.replace(start, end - start, text);
    } else {
      after->text = text;
    }
    after->lines = LineTable(after->text);
  }
  std::lock_guard lock(mutex_);
  open_[uri] = after;
  return DocumentPtr(after);
}

void Documents::close(const std::string& uri) {
  std::lock_guard lock(mutex_);
  open_.erase(uri);
}

DocumentPtr Documents::find(const std::string& uri) const {
  std::lock_guard lock(mutex_);
  const auto found = open_.find(uri);
  return found == open_.end() ? nullptr : found->second;
}

std::vector<DocumentPtr> Documents::all() const {
  std::lock_guard lock(mutex_);
  std::vector<DocumentPtr> out;
  for (const auto& [uri, document] : open_) out.push_back(document);
  return out;
}

}  // namespace wright::lsp
