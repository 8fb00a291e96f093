// Messages across the engine's wall: any bytes are an error or a message that encodes to the same bytes again.
#include <string>

#include "engine/remote/message.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace wright::engine;
  const auto message = decode({reinterpret_cast<const char*>(data), size});
  if (!message.ok()) return 0;
  const std::string bytes = encode(*message);
  const auto again = decode(bytes);
  if (!again.ok() || encode(*again) != bytes) __builtin_trap();
  return 0;
}
