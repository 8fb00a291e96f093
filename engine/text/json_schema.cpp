#include "engine/text/json_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/limits.h"
#include "engine/text/json_values.h"
#include "engine/text/pattern.h"

namespace wright::engine {
namespace {

// Keywords that restrict values and are not handled: an error, since leaving them out would let wrong values through.
constexpr std::string_view kUnsupported[] = {
    "patternProperties", "not", "if", "then", "else", "dependentRequired", "dependentSchemas", "dependencies", "contains", "minContains",
    "maxContains", "propertyNames", "multipleOf", "minProperties", "maxProperties", "unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "$recursiveRef"};

// What says nothing of the value itself.
constexpr const char* kAnnotations[] = {"title", "description", "default", "examples", "$comment", "deprecated", "readOnly", "writeOnly",
                                        "$defs", "definitions", "$schema", "$id", "discriminator"};

class Compiler {
 public:
  explicit Compiler(const Json& root) : root_(root), values_(grammar_) {}

  Result<Grammar> run() {
    WRIGHT_TRY(const GrammarRule root, rule_of(root_, "#", 0));
    WRIGHT_CHECK(grammar_.finish(root));
    return std::move(grammar_);
  }

 private:
  static constexpr int kMaxNesting = 128;
  static Error bad(const std::string& path, std::string_view what) {
    return {ErrorKind::usage, fmt::format("schema {}: {}", path, what), "see what constrained decoding supports"};
  }

  // One rule a schema, so that references may be recursive.
  Result<GrammarRule> rule_of(const Json& schema, const std::string& path, int depth) {
    if (depth > kMaxNesting) return bad(path, "nested too deep");
    if (const auto found = rules_.find(&schema); found != rules_.end()) return found->second;
    const GrammarRule rule = grammar_.add_rule();
    rules_[&schema] = rule;
    WRIGHT_TRY(const GrammarState end, value(schema, path, depth, grammar_.start_of(rule)));
    grammar_.mark_end(end);
    if (grammar_.too_large()) return Error{ErrorKind::limit, "the schema gives a grammar that is too large", "use smaller bounds"};
    return rule;
  }
  Result<GrammarState> call(const Json& schema, const std::string& path, int depth, GrammarState from) {
    WRIGHT_TRY(const GrammarRule rule, rule_of(schema, path, depth));
    const GrammarState to = grammar_.add_state();
    grammar_.add_call(from, rule, to);
    return to;
  }

  Result<GrammarState> value(const Json& schema, const std::string& path, int depth, GrammarState from) {
    if (schema.is_boolean()) {
      if (schema.get<bool>()) return values_.any(from);
      return bad(path, "false matches nothing");
    }
    if (!schema.is_object()) return bad(path, "must be an object or a boolean");
    for (const std::string_view keyword : kUnsupported)
      if (schema.contains(keyword)) return bad(path, fmt::format("'{}' is not supported", keyword));
    if (schema.value("uniqueItems", Json(false)) == Json(true)) return bad(path, "'uniqueItems' is not supported");
    if (schema.contains("$ref")) return reference(schema, path, depth, from);
    if (schema.contains("allOf")) return all_of(schema, path, depth, from);
    for (const char* keyword : {"anyOf", "oneOf"})
      if (schema.contains(keyword)) return any_of(schema, keyword, path, depth, from);
    if (schema.contains("const")) return literals(Json::array({schema["const"]}), schema, path, from);
    if (schema.contains("enum")) return literals(schema["enum"], schema, path, from);
    return typed(schema, path, depth, from);
  }

  Result<const Json*> resolve(const Json& schema, const std::string& path) {
    if (!schema["$ref"].is_string()) return bad(path, "'$ref' must be a text");
    const auto& ref = schema["$ref"].get_ref<const std::string&>();
    if (ref == "#") return &root_;
    if (!ref.starts_with("#/")) return bad(path, fmt::format("'$ref' to '{}': only references into this schema (#/…) are supported", ref));
    try {
      return &root_.at(Json::json_pointer(ref.substr(1)));
    } catch (const Json::exception&) {
      return bad(path, fmt::format("'$ref' to '{}', which is not there", ref));
    }
  }
  Result<GrammarState> reference(const Json& schema, const std::string& path, int depth, GrammarState from) {
    WRIGHT_TRY(const Json* target, resolve(schema, path));
    Json rest = schema;
    rest.erase("$ref");
    for (const char* words : kAnnotations) rest.erase(words);
    if (rest.empty() || &schema == target) return call(*target, schema["$ref"].get<std::string>(), depth, from);
    return merged(*target, rest, path, depth, from);
  }

  // Two schemas that both hold, where that is a plain union of what they say of objects.
  Result<Json> merge(const Json& a, const Json& b, const std::string& path) {
    if (!a.is_object() || !b.is_object()) return bad(path, "only objects can be joined by 'allOf' or beside '$ref'");
    Json out = a;
    for (const auto& [key, value] : b.items()) {
      if (!out.contains(key) || out[key] == value) {
        out[key] = value;
      } else if (key == "properties" || key == "$defs" || key == "definitions") {
        for (const auto& [name, property] : value.items()) {
          if (out[key].contains(name) && out[key][name] != property) return bad(path, fmt::format("two schemas of '{}' can't be joined", name));
          out[key][name] = property;
        }
      } else if (key == "required") {
        for (const Json& name : value)
          if (std::find(out[key].begin(), out[key].end(), name) == out[key].end()) out[key].push_back(name);
      } else if (key == "title" || key == "description") {
        continue;
      } else {
        return bad(path, fmt::format("two values of '{}' can't be joined", key));
      }
    }
    return out;
  }
  Result<GrammarState> merged(const Json& a, const Json& b, const std::string& path, int depth, GrammarState from) {
    Json left = a;
    for (int hops = 0; left.is_object() && left.contains("$ref"); ++hops) {
      if (hops > 32) return bad(path, "a circle of $ref");
      WRIGHT_TRY(const Json* target, resolve(left, path));
      Json rest = left;
      rest.erase("$ref");
      WRIGHT_TRY(left, merge(*target, rest, path));
    }
    WRIGHT_TRY(Json both, merge(left, b, path));
    made_.push_back(std::move(both));  // keeps its address while we compile
    return call(made_.back(), path, depth + 1, from);
  }
  Result<GrammarState> all_of(const Json& schema, const std::string& path, int depth, GrammarState from) {
    if (!schema["allOf"].is_array() || schema["allOf"].empty()) return bad(path + "/allOf", "must be a list of schemas");
    Json rest = schema;
    rest.erase("allOf");
    Json both = std::move(rest);
    for (const Json& part : schema["allOf"]) {
      Json left = part;
      for (int hops = 0; left.is_object() && left.contains("$ref"); ++hops) {
        if (hops > 32) return bad(path, "a circle of $ref");
        WRIGHT_TRY(const Json* target, resolve(left, path));
        Json other = left;
        other.erase("$ref");
        WRIGHT_TRY(left, merge(*target, other, path));
      }
      WRIGHT_TRY(both, merge(both, left, path + "/allOf"));
    }
    made_.push_back(std::move(both));
    return call(made_.back(), path, depth + 1, from);
  }

  Result<GrammarState> any_of(const Json& schema, const char* keyword, const std::string& path, int depth, GrammarState from) {
    const Json& parts = schema[keyword];
    if (!parts.is_array() || parts.empty()) return bad(path + "/" + keyword, "must be a list of schemas");
    Json rest = schema;
    rest.erase(keyword);
    for (const char* words : kAnnotations) rest.erase(words);
    const GrammarState end = grammar_.add_state();
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const std::string at = fmt::format("{}/{}/{}", path, keyword, i);
      auto part = rest.empty() ? call(parts[i], at, depth + 1, from) : merged(parts[i], rest, at, depth + 1, from);
      if (!part.ok()) return part.error();
      grammar_.add_silent(*part, end);
    }
    return end;
  }

  static bool has_type(const Json& schema, const Json& value) {
    const auto is = [&](const std::string& type) {
      return (type == "null" && value.is_null()) || (type == "boolean" && value.is_boolean()) || (type == "string" && value.is_string()) ||
             (type == "integer" && value.is_number_integer()) || (type == "number" && value.is_number()) || (type == "object" && value.is_object()) ||
             (type == "array" && value.is_array());
    };
    if (!schema.contains("type")) return true;
    const Json& type = schema["type"];
    if (type.is_string()) return is(type.get<std::string>());
    return type.is_array() && std::any_of(type.begin(), type.end(), [&](const Json& t) { return t.is_string() && is(t.get<std::string>()); });
  }
  Result<GrammarState> literals(const Json& list, const Json& schema, const std::string& path, GrammarState from) {
    if (!list.is_array() || list.empty()) return bad(path + "/enum", "must be a list with at least one value");
    const GrammarState end = grammar_.add_state();
    bool any = false;
    for (const Json& item : list) {
      if (!has_type(schema, item)) continue;
      any = true;
      grammar_.add_silent(grammar_.add_text(from, dump_json(item)), end);
    }
    if (!any) return bad(path, "no value of the enum has the type");
    return end;
  }

  Result<GrammarState> typed(const Json& schema, const std::string& path, int depth, GrammarState from) {
    std::vector<std::string> types;
    if (!schema.contains("type")) {
      if (schema.contains("properties") || schema.contains("required") || schema.contains("additionalProperties")) types = {"object"};
      else if (schema.contains("items") || schema.contains("prefixItems")) types = {"array"};
      else if (schema.contains("pattern") || schema.contains("minLength") || schema.contains("maxLength")) types = {"string"};
      else if (schema.contains("minimum") || schema.contains("maximum")) types = {"number"};
      else return values_.any(from);
    } else if (schema["type"].is_string()) {
      types = {schema["type"].get<std::string>()};
    } else if (schema["type"].is_array()) {
      for (const Json& type : schema["type"]) types.push_back(type.is_string() ? type.get<std::string>() : "?");
    }
    if (schema.value("nullable", Json(false)) == Json(true)) types.emplace_back("null");
    if (types.empty()) return bad(path + "/type", "must be a type or a list of types");
    const GrammarState end = grammar_.add_state();
    for (const std::string& type : types) {
      auto part = of_type(type, schema, path, depth, from);
      if (!part.ok()) return part.error();
      grammar_.add_silent(*part, end);
    }
    return end;
  }
  Result<GrammarState> of_type(const std::string& type, const Json& schema, const std::string& path, int depth, GrammarState from) {
    if (type == "null") return grammar_.add_text(from, "null");
    if (type == "boolean") {
      const GrammarState end = grammar_.add_text(from, "true");
      grammar_.add_silent(grammar_.add_text(from, "false"), end);
      return end;
    }
    if (type == "string") return string(schema, path, from);
    if (type == "integer" || type == "number") return number(type == "integer", schema, path, from);
    if (type == "object") return object(schema, path, depth, from);
    if (type == "array") return array(schema, path, depth, from);
    return bad(path + "/type", fmt::format("unknown type '{}'", type));
  }

  // A count that must be a natural number.
  static Result<std::optional<std::int64_t>> count(const Json& schema, const char* key, const std::string& path) {
    if (!schema.contains(key)) return std::optional<std::int64_t>();
    if (!schema[key].is_number_integer() || schema[key].get<std::int64_t>() < 0) return bad(path + "/" + key, "must be a natural number");
    return std::optional<std::int64_t>(schema[key].get<std::int64_t>());
  }

  Result<GrammarState> string(const Json& schema, const std::string& path, GrammarState from) {
    WRIGHT_TRY(const auto min, count(schema, "minLength", path));
    WRIGHT_TRY(const auto max, count(schema, "maxLength", path));
    if (max && min.value_or(0) > *max) return bad(path, "minLength is greater than maxLength");
    if (schema.contains("pattern")) {
      if (!schema["pattern"].is_string()) return bad(path + "/pattern", "must be a text");
      if (min.value_or(0) > 0 || max) return bad(path, "'pattern' together with a length is not supported");
      auto end = add_pattern(grammar_, grammar_.add_text(from, "\""), schema["pattern"].get_ref<const std::string&>(), PatternText::json_string);
      if (!end.ok()) return Error{end.error().kind, path + ": " + end.error().message, end.error().next};
      return grammar_.add_text(*end, "\"");
    }
    if (min.value_or(0) == 0 && !max) return values_.string(from);
    return values_.string_of_length(from, min.value_or(0), max);
  }

  Result<std::optional<std::int64_t>> bound(const Json& schema, bool lower, bool integral, const std::string& path) {
    std::optional<double> limit;
    const char* inclusive = lower ? "minimum" : "maximum";
    const char* exclusive = lower ? "exclusiveMinimum" : "exclusiveMaximum";
    constexpr double kLargest = 9e17;
    if (schema.contains(inclusive)) {
      if (!schema[inclusive].is_number()) return bad(path + "/" + inclusive, "must be a number");
      limit = schema[inclusive].get<double>();
    }
    if (schema.contains(exclusive) && schema[exclusive].is_number()) {
      if (!integral) return bad(path, fmt::format("'{}' is supported for integers alone", exclusive));
      const double e = schema[exclusive].get<double>();
      const double step = lower ? std::floor(e) + 1 : std::ceil(e) - 1;
      limit = !limit ? step : lower ? std::max(*limit, step) : std::min(*limit, step);
    } else if (schema.contains(exclusive)) {
      return bad(path + "/" + exclusive, "must be a number");
    }
    if (!limit || std::abs(*limit) > kLargest) return std::optional<std::int64_t>();
    const double rounded = lower ? std::ceil(*limit) : std::floor(*limit);
    if (!integral && rounded != *limit) return bad(path, fmt::format("'{}' of a number must be whole", inclusive));
    return std::optional<std::int64_t>(static_cast<std::int64_t>(rounded));
  }
  Result<GrammarState> number(bool integral, const Json& schema, const std::string& path, GrammarState from) {
    WRIGHT_TRY(const auto low, bound(schema, true, integral, path));
    WRIGHT_TRY(const auto high, bound(schema, false, integral, path));
    if (low && high && *low > *high) return bad(path, "the minimum is greater than the maximum");
    return integral ? values_.integer(from, low, high) : values_.number(from, low, high);
  }

  Result<GrammarState> array(const Json& schema, const std::string& path, int depth, GrammarState from) {
    WRIGHT_TRY(const auto min, count(schema, "minItems", path));
    WRIGHT_TRY(const auto max, count(schema, "maxItems", path));
    static const Json kAny = true;
    std::vector<std::pair<const Json*, std::string>> prefix;
    if (schema.contains("prefixItems")) {
      if (!schema["prefixItems"].is_array()) return bad(path + "/prefixItems", "must be a list");
      for (std::size_t i = 0; i < schema["prefixItems"].size(); ++i) prefix.emplace_back(&schema["prefixItems"][i], fmt::format("{}/prefixItems/{}", path, i));
    }
    const Json* items = schema.contains("items") ? &schema["items"] : &kAny;
    std::optional<std::int64_t> most = max;
    if (items->is_boolean() && !items->get<bool>()) most = std::min(max.value_or(INT64_MAX), static_cast<std::int64_t>(prefix.size()));
    const std::int64_t least = min.value_or(0);
    if (most && least > *most) return bad(path, "more items are required than allowed");
    GrammarState at = values_.space(grammar_.add_text(from, "["));
    const GrammarState close = grammar_.add_state();
    const auto item = [&](GrammarState state, std::int64_t i) -> Result<GrammarState> {
      if (i > 0) state = values_.space(grammar_.add_text(state, ","));
      const bool fixed = static_cast<std::size_t>(i) < prefix.size();
      return call(fixed ? *prefix[static_cast<std::size_t>(i)].first : *items, fixed ? prefix[static_cast<std::size_t>(i)].second : path + "/items", depth + 1, state);
    };
    const auto may_close = [&](std::int64_t n, GrammarState state) { if (n >= least) grammar_.add_silent(n == 0 ? state : values_.space(state), close); };
    std::int64_t i = 0;
    const std::int64_t fixed = std::max<std::int64_t>(least, static_cast<std::int64_t>(prefix.size()));
    for (; (most ? i < *most : i < fixed + 1) && !grammar_.too_large(); ++i) {
      may_close(i, at);
      WRIGHT_TRY(at, item(at, i));
    }
    may_close(i, at);
    if (!most) {  // any number more
      WRIGHT_TRY(const GrammarState again, item(at, i));
      grammar_.add_silent(again, at);
    }
    return grammar_.add_text(close, "]");
  }

  struct Property { std::string name; const Json* schema; bool required; };
  // In the order in which they are written.
  Result<std::vector<Property>> properties(const Json& schema, const std::string& path) {
    static const Json kAny = true;
    std::vector<Property> out;
    std::set<std::string> seen;
    const Json named = schema.value("properties", Json::object());
    if (!named.is_object()) return bad(path + "/properties", "must be an object");
    for (const Json& name : schema.value("required", Json::array())) {
      if (!name.is_string()) return bad(path + "/required", "must be a list of names");
      const auto& text = name.get_ref<const std::string&>();
      const bool declared = named.contains(text);
      if (!declared && schema.contains("additionalProperties") && schema["additionalProperties"] == Json(false))
        return bad(path + "/required", fmt::format("'{}' is required but not allowed", text));
      const Json* other = schema.contains("additionalProperties") && schema["additionalProperties"].is_object() ? &schema["additionalProperties"] : &kAny;
      if (seen.insert(text).second) out.push_back({text, declared ? &schema["properties"][text] : other, true});
    }
    if (schema.contains("properties"))
      for (const auto& [name, property] : schema["properties"].items())
        if (seen.insert(name).second && property != Json(false)) out.push_back({name, &property, false});
    return out;
  }
  Result<GrammarState> member(const Property& property, const std::string& path, int depth, GrammarState from) {
    GrammarState at = grammar_.add_text(from, dump_json(property.name) + ":");
    return call(*property.schema, path + "/properties/" + property.name, depth + 1, values_.space(at));
  }
  Result<GrammarState> object(const Json& schema, const std::string& path, int depth, GrammarState from) {
    WRIGHT_TRY(const auto list, properties(schema, path));
    const Json* extra = schema.contains("additionalProperties") ? &schema["additionalProperties"] : nullptr;
    const bool extras = extra ? *extra != Json(false) : list.empty();
    if (list.empty() && extras && (!extra || *extra == Json(true))) return values_.any_object(from);
    // `fresh`: no member written yet; `more`: at least one.
    GrammarState fresh = values_.space(grammar_.add_text(from, "{")), more = grammar_.add_state();
    for (const Property& property : list) {
      const GrammarState next_fresh = grammar_.add_state(), next_more = grammar_.add_state();
      WRIGHT_TRY(const GrammarState first, member(property, path, depth, fresh));
      grammar_.add_silent(first, next_more);
      WRIGHT_TRY(const GrammarState later, member(property, path, depth, values_.space(grammar_.add_text(more, ","))));
      grammar_.add_silent(later, next_more);
      if (!property.required) {
        grammar_.add_silent(fresh, next_fresh);
        grammar_.add_silent(more, next_more);
      }
      fresh = next_fresh;
      more = next_more;
    }
    if (extras) {
      static const Json kAny = true;
      std::vector<std::string> names;
      for (const Property& property : list) names.push_back(property.name);
      const auto other = [&](GrammarState state) -> Result<GrammarState> {
        const GrammarState colon = grammar_.add_text(values_.key_other_than(state, names), ":");
        return call(extra ? *extra : kAny, path + "/additionalProperties", depth + 1, values_.space(colon));
      };
      WRIGHT_TRY(const GrammarState first, other(fresh));
      WRIGHT_TRY(const GrammarState later, other(values_.space(grammar_.add_text(more, ","))));
      const GrammarState again = grammar_.add_state();
      grammar_.add_silent(first, again);
      grammar_.add_silent(later, again);
      grammar_.add_silent(again, more);
    }
    const GrammarState close = grammar_.add_state();
    grammar_.add_silent(fresh, close);
    grammar_.add_silent(values_.space(more), close);
    return grammar_.add_text(close, "}");
  }

  const Json& root_;
  Grammar grammar_;
  JsonValues values_;
  std::map<const Json*, GrammarRule> rules_;
  std::deque<Json> made_;
};

}  // namespace

Result<Grammar> compile_json_schema(const Json& schema) {
  if (dump_json(schema).size() > limits::kSchemaBytes)
    return Error{ErrorKind::limit, fmt::format("the schema is larger than {} bytes", limits::kSchemaBytes), ""};
  return Compiler(schema).run();
}

}  // namespace wright::engine
