// Checked JSON: parsing foreign text with a depth limit, and field access whose errors carry the JSON path.
// Raw JSON stops at the border of a folder; structs go on. Any thread.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace wright {

using Json = nlohmann::json;

// `what` names the source in the error ("config.json"). Depth over limits::kJsonDepth is an error.
Result<Json> parse_json(std::string_view text, std::string_view what);

// Compact text; malformed UTF-8 inside strings becomes U+FFFD.
std::string dump_json(const Json& value, int indent = -1);

// A view of a JSON value that knows where it lies: "tools[2].function.name". Borrows the value.
class JsonView {
 public:
  explicit JsonView(const Json& value, std::string path = "") : value_(&value), path_(std::move(path)) {}
  const Json& raw() const { return *value_; }
  const std::string& path() const { return path_; }

  bool has(std::string_view key) const;  // present and not null
  Result<JsonView> at(std::string_view key) const;
  Result<JsonView> at(std::size_t index) const;
  std::size_t size() const;  // elements of an array or object, else 0

  Result<std::string> string() const;
  Result<std::int64_t> integer() const;
  Result<double> number() const;
  Result<bool> boolean() const;
  // Field `key` of this object; `fallback` when absent or null; an error when of another type.
  Result<std::string> string_or(std::string_view key, std::string fallback) const;
  Result<std::int64_t> integer_or(std::string_view key, std::int64_t fallback) const;
  Result<double> number_or(std::string_view key, double fallback) const;
  Result<bool> boolean_or(std::string_view key, bool fallback) const;

  // An `invalid` error: "PATH: message".
  Error error(std::string_view message) const;

 private:
  const Json* value_;
  std::string path_;
};

}  // namespace wright
