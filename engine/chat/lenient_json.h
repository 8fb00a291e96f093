// JSON as models write it: read strictly where it is right, repaired where it is not (cut off, trailing commas, single
// quotes, raw line breaks in strings, Python's literals, a code fence around it). Pure functions, any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

namespace wright::engine {

struct LenientJson {
  nlohmann::json value;
  std::size_t end = 0;      // bytes read
  bool repaired = false;
};

// The first value in `text` (white space, "json" and ``` before it passed over); nothing when there is none.
std::optional<LenientJson> read_json(std::string_view text);
// Whether `text` is one whole strict JSON value, with white space around it.
bool whole_json(std::string_view text);
// Whether position `at` of `text` lies outside strings and at bracket depth 0, seen from its start.
bool json_closed_at(std::string_view text, std::size_t at);

}  // namespace wright::engine
