// The HTTP request head: any bytes give a head or an error; a head that is taken has one meaning.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "daemon/http/request_head.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto head = wright::daemon::parse_request_head({reinterpret_cast<const char*>(data), size});
  if (!head.ok()) return 0;
  if (head->request.path.empty() || head->request.path[0] != '/' || (head->chunked && head->content_length)) __builtin_trap();
  return 0;
}
