// What the tracers left: tracer.py's files and V8's coverage files.
#include <nlohmann/json.hpp>

#include "agent/search/locate.h"
#include "base/json.h"
#include "base/utf8.h"

namespace wright::agent::search {

namespace {

Types type_named(const std::string& name) {
  static const std::map<std::string, Types> kNames{
      {"int", kNumber}, {"float", kNumber}, {"complex", kNumber}, {"Fraction", kNumber}, {"Decimal", kNumber}, {"bool", kBool | kNumber},
      {"str", kString}, {"bytes", kString}, {"list", kList}, {"deque", kList | kObject}, {"tuple", kTuple}, {"dict", kMap},
      {"defaultdict", kMap}, {"OrderedDict", kMap}, {"Counter", kMap}, {"set", kSet}, {"frozenset", kSet}, {"NoneType", kNull},
      {"function", kFunction}, {"builtin_function_or_method", kFunction}, {"method", kFunction}, {"type", kFunction}};
  const auto found = kNames.find(name);
  return found == kNames.end() ? kObject : found->second;
}

void read_lines(const Json& from, std::map<std::string, std::set<int>>& to) {
  if (!from.is_object()) return;
  for (const auto& [file, lines] : from.items())
    for (const Json& line : lines)
      if (line.is_number_integer()) to[file].insert(line.get<int>());
}

void read_python(const Json& json, RanLines& out) {
  if (!json.is_object()) return;
  read_lines(json.value("lines", Json()), out.lines);
  for (const Json& test : json.value("tests", Json::array())) {
    if (!test.is_object()) continue;
    RanLines::Test one{test.value("name", ""), test.value("ok", true), {}};
    read_lines(test.value("lines", Json()), one.lines);
    out.tests.push_back(std::move(one));
  }
  for (const Json& run : json.value("runs", Json::array()))
    if (run.is_array() && run.size() == 3 && run[0].is_string() && run[1].is_boolean() && run[2].is_number())
      out.runner.push_back({run[0], run[1], run[2]});
  if (const Json startup = json.value("startup", Json()); startup.is_number()) out.startup = std::max(out.startup, startup.get<double>());
  for (const Json& frame : json.value("stack", Json::array()))
    if (frame.is_array() && frame.size() == 3 && frame[0].is_string() && frame[1].is_number_integer() && frame[2].is_string())
      out.stack.push_back({frame[0], frame[1], frame[2]});
  const Json types = json.value("types", Json::object());
  for (const auto& [file, functions] : types.items())
    for (const auto& [line, variables] : functions.items())
      for (const auto& [name, kinds] : variables.items()) {
        Types& mask = out.types[file][std::atoi(line.c_str())][name];
        for (const Json& kind : kinds)
          if (kind.is_string()) mask |= type_named(kind.get<std::string>());
      }
}

void read_v8(const Json& json, const std::string& root, RanLines& out) {
  const Json results = json.value("result", Json::array());
  for (const Json& script : results) {
    if (!script.is_object()) continue;
    const std::string url = script.value("url", "");
    const std::string prefix = "file://" + root + "/";
    if (!url.starts_with(prefix) || url.find("node_modules") != std::string::npos) continue;
    const std::string name = url.substr(prefix.size());
    for (const Json& function : script.value("functions", Json::array()))
      for (const Json& range : function.value("ranges", Json::array())) {
        if (!range.is_object()) continue;
        const auto bounds = std::pair<std::size_t, std::size_t>(range.value("startOffset", 0), range.value("endOffset", 0));
        (range.value("count", 0) > 0 ? out.ran_ranges : out.skipped_ranges)[name].push_back(bounds);
      }
  }
}

}  // namespace

RanLines read_traces(const TrialResult& result) {
  RanLines out;
  for (const auto& [name, bytes] : result.traces) {
    if (!name.ends_with(".json")) continue;
    const auto json = parse_json(bytes, name);
    if (!json.ok()) continue;  // a process that was killed while it wrote
    if (name.starts_with("python-")) read_python(*json, out);
    else if (name.starts_with("coverage-")) read_v8(*json, result.root, out);
  }
  return out;
}

}  // namespace wright::agent::search
