// The table of built-in tools and the check of a call's arguments. Schemas are the subset of JSON Schema that ToolInfo uses:
// type, properties, required, additionalProperties false, items, enum, minimum, maximum, minItems, minLength.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/embed.h"
#include "base/json.h"
#include "tools/apply_patch.h"
#include "tools/definition.h"
#include "tools/edit_file.h"
#include "tools/git_blame.h"
#include "tools/git_diff.h"
#include "tools/git_log.h"
#include "tools/git_status.h"
#include "tools/glob.h"
#include "tools/grep.h"
#include "tools/list_dir.h"
#include "tools/read_file.h"
#include "tools/references.h"
#include "tools/repo_map.h"
#include "tools/run_command.h"
#include "tools/symbols.h"
#include "tools/tool.h"
#include "tools/write_file.h"

namespace wright {
extern const EmbeddedFile tool_texts[];
}

namespace wright::tools {

namespace {

// 3.0 is an integer to JSON Schema, if it fits one.
bool whole(double value) { return std::abs(value) < 9e15 && value == std::floor(value); }

bool has_type(const Json& value, std::string_view type) {
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number_integer() || (value.is_number_float() && whole(value.get<double>()));
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  return type == "null" && value.is_null();
}

Error bad(const std::string& path, std::string_view what) {
  return {ErrorKind::usage, fmt::format("{}: {}", path.empty() ? "arguments" : path, what), "correct the arguments and call again"};
}

std::string join(const std::string& path, std::string_view key) { return path.empty() ? std::string(key) : path + "." + std::string(key); }

std::string known_names(const Json& properties) {
  std::string out;
  for (const auto& [name, unused] : properties.items()) out += (out.empty() ? "" : ", ") + name;
  return out.empty() ? "none" : out;
}

Result<void> check(const Json& schema, const Json& value, const std::string& path);

Result<void> check_object(const Json& schema, const Json& value, const std::string& path) {
  static const Json kNone = Json::object();
  const Json& properties = schema.contains("properties") ? schema["properties"] : kNone;
  if (schema.contains("required"))
    for (const Json& name : schema["required"])
      if (!value.contains(name.get<std::string>())) return bad(join(path, name.get<std::string>()), "is required");
  const bool closed = schema.contains("additionalProperties") && schema["additionalProperties"] == false;
  for (const auto& [name, field] : value.items()) {
    if (properties.contains(name)) {
      WRIGHT_CHECK(check(properties[name], field, join(path, name)));
    } else if (closed) {
      return bad(join(path, name), "is not an argument of this tool; known: " + known_names(properties));
    }
  }
  return {};
}

Result<void> check(const Json& schema, const Json& value, const std::string& path) {
  if (schema.contains("type")) {
    const std::string type = schema["type"].get<std::string>();
    if (!has_type(value, type)) return bad(path, fmt::format("expected {}, not {}", type, value.type_name()));
  }
  if (schema.contains("enum") && std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end())
    return bad(path, fmt::format("{} is not one of {}", dump_json(value).substr(0, 80), dump_json(schema["enum"])));
  if (value.is_number()) {
    if (schema.contains("minimum") && value < schema["minimum"]) return bad(path, "must be at least " + dump_json(schema["minimum"]));
    if (schema.contains("maximum") && value > schema["maximum"]) return bad(path, "must be at most " + dump_json(schema["maximum"]));
  }
  if (value.is_string() && schema.contains("minLength") && value.get_ref<const std::string&>().size() < schema["minLength"].get<std::size_t>())
    return bad(path, "must not be empty");
  if (value.is_array()) {
    if (schema.contains("minItems") && value.size() < schema["minItems"].get<std::size_t>()) return bad(path, "has too few items");
    if (schema.contains("items"))
      for (std::size_t i = 0; i < value.size(); ++i) WRIGHT_CHECK(check(schema["items"], value[i], fmt::format("{}[{}]", path, i)));
  }
  return value.is_object() ? check_object(schema, value, path) : Result<void>{};
}

}  // namespace

std::span<const Tool> builtin_tools() {
  static const auto tools = std::to_array<Tool>({
      // One row a tool, sorted by name.
      apply_patch_tool(),
      definition_tool(),
      edit_file_tool(),
      git_blame_tool(),
      git_diff_tool(),
      git_log_tool(),
      git_status_tool(),
      glob_tool(),
      grep_tool(),
      list_dir_tool(),
      read_file_tool(),
      references_tool(),
      repo_map_tool(),
      run_command_tool(),
      symbols_tool(),
      write_file_tool(),
  });
  return tools;
}

const Tool* find_tool(std::string_view name) {
  const auto tools = builtin_tools();
  const auto it = std::find_if(tools.begin(), tools.end(), [&](const Tool& t) { return t.info.name == name; });
  return it == tools.end() ? nullptr : &*it;
}

std::string_view tool_description(std::string_view name) {
  const EmbeddedFile* file = find_embedded(tool_texts, std::string(name) + ".md");
  return file ? file->text() : std::string_view();
}

Result<void> validate_arguments(const ToolInfo& info, const Json& args) {
  WRIGHT_TRY(const Json schema, parse_json(info.schema, fmt::format("schema of {}", info.name)));
  return check(schema, args, "");
}

}  // namespace wright::tools
