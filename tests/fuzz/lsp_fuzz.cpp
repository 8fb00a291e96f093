// The language server's bytes: framing, JSON-RPC, document sync and positions. Any input ends in an answer or a broken stream.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "lsp/server.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  wright::lsp::Server raw({}, [](std::string) {});
  raw.feed(text);
  // The same bytes as message bodies after a valid start, cut at NUL.
  wright::lsp::Server server({}, [](std::string) {});
  server.feed(wright::lsp::frame(R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}})"));
  server.feed(wright::lsp::frame(R"({"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"file:///a.py","languageId":"python","version":1,"text":"a = 1\n"}}})"));
  for (std::size_t from = 0; from < text.size();) {
    const auto end = text.find('\0', from);
    server.feed(wright::lsp::frame(text.substr(from, end - from)));
    if (end == std::string_view::npos) break;
    from = end + 1;
  }
  return 0;
}
