// Chat templates: any bytes either parse or give one error; what parses renders within its limits.
#include <nlohmann/json.hpp>

#include "engine/chat/jinja.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace wright::engine;
  if (size > 4096) return 0;
  static const jinja::Value variables = jinja::Value::from_json(nlohmann::ordered_json::parse(
      R"({"messages":[{"role":"user","content":"hi <|x|>","tool_calls":[{"function":{"name":"f","arguments":{"a":[1,2.5,null,true]}}}]}],"tools":[{"function":{"name":"f"}}],"bos_token":"<s>","n":3})"));
  const auto parsed = jinja::Template::parse({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!parsed) return 0;
  const auto out = parsed->render(variables, "2025-08-05T12:00:00");
  if (!out) return 0;
  std::size_t bytes = 0;
  for (const auto& span : out->spans()) bytes += span.text.size();
  if (bytes != out->size()) __builtin_trap();
  return 0;
}
