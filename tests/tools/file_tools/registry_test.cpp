#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "tools/tool.h"

using namespace wright;
using namespace wright::tools;

TEST_CASE("registry: sorted, described, with schemas, and small enough for a prompt") {
  const auto tools = builtin_tools();
  REQUIRE(!tools.empty());
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < tools.size(); ++i) {
    INFO(tools[i].info.name);
    if (i > 0) CHECK(tools[i - 1].info.name < tools[i].info.name);
    const auto schema = parse_json(tools[i].info.schema, "schema");
    REQUIRE(schema.ok());
    CHECK((*schema)["type"] == "object");
    CHECK((*schema)["additionalProperties"] == false);
    CHECK(!tool_description(tools[i].info.name).empty());
    CHECK(find_tool(tools[i].info.name) == &tools[i]);
    bytes += tool_description(tools[i].info.name).size();
  }
  CHECK(bytes < 8192);
  CHECK(find_tool("no_such_tool") == nullptr);
  CHECK(tool_description("no_such_tool").empty());
}

TEST_CASE("registry: arguments are checked and the error names the field") {
  const ToolInfo info{"t", Effect::read,
                      R"({"type":"object","additionalProperties":false,"required":["path"],"properties":{
                      "path":{"type":"string","minLength":1},"n":{"type":"integer","minimum":1,"maximum":9},"mode":{"type":"string","enum":["a","b"]},
                      "list":{"type":"array","minItems":1,"items":{"type":"object","required":["x"],"properties":{"x":{"type":"boolean"}}}}}})",
                      ""};
  const auto message = [&](const char* args) {
    const auto checked = validate_arguments(info, Json::parse(args));
    return checked.ok() ? std::string("ok") : checked.error().message;
  };
  CHECK(message(R"({"path":"a"})") == "ok");
  CHECK(message(R"({"path":"a","n":3,"mode":"b","list":[{"x":true}]})") == "ok");
  CHECK(message(R"({"path":"a","n":3.0})") == "ok");
  CHECK(message(R"([])") == "arguments: expected object, not array");
  CHECK(message(R"({})") == "path: is required");
  CHECK(message(R"({"path":""})") == "path: must not be empty");
  CHECK(message(R"({"path":1})") == "path: expected string, not number");
  CHECK(message(R"({"path":"a","n":3.5})") == "n: expected integer, not number");
  CHECK(message(R"({"path":"a","n":1e300})") == "n: expected integer, not number");
  CHECK(message(R"({"path":"a","n":0})") == "n: must be at least 1");
  CHECK(message(R"({"path":"a","n":10})") == "n: must be at most 9");
  CHECK(message(R"({"path":"a","mode":"c"})") == R"(mode: "c" is not one of ["a","b"])");
  CHECK(message(R"({"path":"a","file":"c"})") == "file: is not an argument of this tool; known: list, mode, n, path");
  CHECK(message(R"({"path":"a","list":[]})") == "list: has too few items");
  CHECK(message(R"({"path":"a","list":[{"x":true},{"x":1}]})") == "list[1].x: expected boolean, not number");
  CHECK(message(R"({"path":"a","list":[{}]})") == "list[0].x: is required");
}
