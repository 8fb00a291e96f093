// JSON Schema and its patterns: any schema compiles to a grammar or gives an error, in bounded time and memory.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/json.h"
#include "engine/text/json_schema.h"
#include "engine/text/pattern.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto schema = wright::parse_json(text, "schema"); schema.ok()) (void)wright::engine::compile_json_schema(*schema);
  wright::engine::Grammar grammar;
  const auto rule = grammar.add_rule();
  if (const auto end = wright::engine::add_pattern(grammar, grammar.start_of(rule), text, wright::engine::PatternText::plain); end.ok()) {
    grammar.mark_end(*end);
    (void)grammar.finish(rule);
  }
  return 0;
}
