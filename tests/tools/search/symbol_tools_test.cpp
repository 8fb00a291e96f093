#include <catch2/catch.hpp>
#include <cstdio>

#include "tests/support/temp_folder.h"
#include "tests/support/tool_call.h"

using namespace wright;
using test::call_tool;

namespace {

const std::map<std::string, std::string> kFiles = {
    {"shape.py", "class Shape:\n    sides = 0\n    def area(self):\n        return 0\n\ndef total_area(shapes):\n    return sum(s.area() for s in shapes)\n"},
    {"main.py", "from shape import Shape, total_area\n# total_area is called below\nprint(total_area([Shape()]))\n"},
    {"notes.txt", "total_area"},
};

}  // namespace

TEST_CASE("symbols: outline of a file, search by name, errors that say what to do") {
  const test::TempFolder folder(kFiles);
  const auto text = [&](nlohmann::json args) { return call_tool(folder.path(), "symbols", std::move(args)).text; };
  CHECK(text({{"path", "shape.py"}}) == "1-4 class Shape\n  2-2 field sides\n  3-4 method area\n6-7 function total_area");
  CHECK(text({{"query", "AREA"}}) == "shape.py:3 method Shape.area\nshape.py:6 function total_area");
  CHECK(text({{"query", "nothing"}}).find("no definition whose name contains nothing") == 0);
  CHECK(text({{"path", "notes.txt"}}).find("use grep or read_file") != std::string::npos);
  CHECK(text({{"path", "."}}).find("is a folder") != std::string::npos);
  CHECK(text(nlohmann::json::object()).find("give either path") == 0);
  CHECK(text({{"path", "shape.py"}, {"limit", 1}}) == "1-4 class Shape\n[1 of 4 symbols]");
  folder.write("bad.py", "def f(:\n  pass\ndef g(): pass\n");
  CHECK(text({{"path", "bad.py"}}).find("syntax errors") != std::string::npos);
}

TEST_CASE("definition: with source, or similar names") {
  const test::TempFolder folder(kFiles);
  const auto found = call_tool(folder.path(), "definition", {{"name", "total_area"}, {"near", "main.py"}});
  CHECK(found.text == "shape.py:6 function total_area\n6\tdef total_area(shapes):\n7\t    return sum(s.area() for s in shapes)");
  CHECK(found.data["definitions"][0]["line"] == 6);
  CHECK(call_tool(folder.path(), "definition", {{"name", "Shape.area"}}).text.find("shape.py:3 method Shape.area\n3\t") == 0);
  const auto none = call_tool(folder.path(), "definition", {{"name", "are"}});
  CHECK(none.is_error);
  CHECK(none.text.find("similar: Shape.area, total_area") != std::string::npos);
  CHECK(call_tool(folder.path(), "definition", {{"name", "x"}, {"near", "/etc/passwd"}}).is_error);
}

TEST_CASE("references: code only, with the function around") {
  const test::TempFolder folder(kFiles);
  CHECK(call_tool(folder.path(), "references", {{"name", "total_area"}}).text ==
        "main.py\n1:from shape import Shape, total_area\n3:print(total_area([Shape()]))\nshape.py\n6:def total_area(shapes):  [definition]");
  CHECK(call_tool(folder.path(), "references", {{"name", "Shape.area"}}).text ==
        "shape.py\n3:def area(self):  [in Shape]  [definition]\n7:return sum(s.area() for s in shapes)  [in total_area]");
  CHECK(call_tool(folder.path(), "references", {{"name", "nowhere"}}).text.find("no use of nowhere") == 0);
  CHECK(call_tool(folder.path(), "references", {{"name", "area"}, {"limit", 1}}).text.find("[only the first 1;") != std::string::npos);
  CHECK(call_tool(folder.path(), "references", {{"name", "a"}, {"path", "none"}}).is_error);
}

TEST_CASE("repo_map: within its budget, without git") {
  const test::TempFolder folder(kFiles);
  const auto map = call_tool(folder.path(), "repo_map", {{"tokens", 100}, {"mentions", {"Shape"}}});
  CHECK(map.text.find("shape.py:\n│class Shape:") != std::string::npos);
  CHECK(map.data["tokens"] <= 100);
  const test::TempFolder empty;
  CHECK(call_tool(empty.path(), "repo_map", nlohmann::json::object()).text.find("[no definitions found") == 0);
}
