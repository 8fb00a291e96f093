#include "base/json.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/limits.h"

namespace wright {

namespace {

// Whether brackets outside strings nest deeper than the limit. Counted ahead: nlohmann's own parser callback scans an
// array anew for each element that ends.
bool too_deep(std::string_view text) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      else if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > limits::kJsonDepth + 1) return true;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return false;
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::string_view what) {
  if (too_deep(text))
    return Error{ErrorKind::limit, fmt::format("{}: JSON is nested more than {} levels", what, limits::kJsonDepth), ""};
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& e) {
    return Error{ErrorKind::invalid, fmt::format("{}: not valid JSON at byte {}", what, e.byte), "check the input"};
  } catch (const std::exception& e) {
    return Error{ErrorKind::invalid, fmt::format("{}: not valid JSON", what), "check the input"};
  }
}

std::string dump_json(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

bool JsonView::has(std::string_view key) const {
  if (!value_->is_object()) return false;
  const auto it = value_->find(key);
  return it != value_->end() && !it->is_null();
}

Result<JsonView> JsonView::at(std::string_view key) const {
  if (!value_->is_object()) return error("expected an object");
  const auto it = value_->find(key);
  const std::string path = path_.empty() ? std::string(key) : path_ + "." + std::string(key);
  if (it == value_->end()) return Error{ErrorKind::invalid, path + ": missing", ""};
  return JsonView(*it, path);
}

Result<JsonView> JsonView::at(std::size_t index) const {
  if (!value_->is_array()) return error("expected an array");
  if (index >= value_->size()) return error(fmt::format("has no element {}", index));
  return JsonView((*value_)[index], fmt::format("{}[{}]", path_, index));
}

std::size_t JsonView::size() const { return value_->is_structured() ? value_->size() : 0; }

Result<std::string> JsonView::string() const {
  if (!value_->is_string()) return error("expected a string");
  return value_->get<std::string>();
}

Result<std::int64_t> JsonView::integer() const {
  if (value_->is_number_unsigned() && value_->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))
    return error("integer too large");
  if (value_->is_number_integer()) return value_->get<std::int64_t>();
  if (value_->is_number_float()) {
    const double d = value_->get<double>();
    if (d == std::floor(d) && std::fabs(d) < 9e15) return static_cast<std::int64_t>(d);
  }
  return error("expected an integer");
}

Result<double> JsonView::number() const {
  if (!value_->is_number()) return error("expected a number");
  return value_->get<double>();
}

Result<bool> JsonView::boolean() const {
  if (!value_->is_boolean()) return error("expected true or false");
  return value_->get<bool>();
}

Result<std::string> JsonView::string_or(std::string_view key, std::string fallback) const {
  if (!has(key)) return fallback;
  WRIGHT_TRY(const JsonView field, at(key));
  return field.string();
}
Result<std::int64_t> JsonView::integer_or(std::string_view key, std::int64_t fallback) const {
  if (!has(key)) return fallback;
  WRIGHT_TRY(const JsonView field, at(key));
  return field.integer();
}
Result<double> JsonView::number_or(std::string_view key, double fallback) const {
  if (!has(key)) return fallback;
  WRIGHT_TRY(const JsonView field, at(key));
  return field.number();
}
Result<bool> JsonView::boolean_or(std::string_view key, bool fallback) const {
  if (!has(key)) return fallback;
  WRIGHT_TRY(const JsonView field, at(key));
  return field.boolean();
}

Error JsonView::error(std::string_view message) const {
  return Error{ErrorKind::invalid, fmt::format("{}: {}", path_.empty() ? "(root)" : path_, message), ""};
}

}  // namespace wright
