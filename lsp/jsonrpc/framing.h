// LSP's base protocol: "Content-Length: N" headers, an empty line, N bytes of UTF-8 JSON. A reader that is fed bytes as they come.
// Malformed headers end the stream: after them nobody knows where a message begins. Not thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace wright::lsp {

class FrameReader {
 public:
  void feed(std::string_view bytes) { buffer_.append(bytes); }
  // The next whole message's body; nothing when more bytes are needed; `invalid` (once and for all) when the stream is broken.
  Result<std::optional<std::string>> next();

 private:
  Result<void> read_header();
  std::string buffer_;
  std::optional<std::size_t> length_;  // of the body that follows
};

std::string frame(std::string_view body);

}  // namespace wright::lsp
