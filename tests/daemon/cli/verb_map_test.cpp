// wright map, the real binary.
#include <catch2/catch.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "tests/support/temp_folder.h"

using namespace wright;

namespace {

const std::map<std::string, std::string> kFiles = {
    {"shape.py", "class Shape:\n    sides = 0\n    def area(self):\n        return 0\n\ndef total_area(shapes):\n    return sum(s.area() for s in shapes)\n"},
    {"main.py", "from shape import Shape, total_area\n# total_area is called below\nprint(total_area([Shape()]))\n"},
    {"notes.txt", "total_area"},
};

}  // namespace

TEST_CASE("wright map: text and JSON, budget, usage errors") {
  const test::TempFolder folder(kFiles);
  const auto run = [&](const std::string& words) {
    FILE* pipe = ::popen(("cd '" + folder.path() + "' && '" WRIGHT_BINARY "' map " + words + " 2>&1; echo \"=$?\"").c_str(), "r");
    std::string out;
    for (int c; (c = std::fgetc(pipe)) != EOF;) out += static_cast<char>(c);
    ::pclose(pipe);
    return out;
  };
  CHECK(run("").find("│def total_area(shapes):") != std::string::npos);
  const std::string json = run("--json --mention Shape");
  const auto rows = nlohmann::json::parse(json.substr(0, json.find('\n')));
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].size() == 4);
  CHECK(rows[0]["file"] == "shape.py");
  CHECK(rows[0]["line"].is_number_integer());
  CHECK(rows[0]["score"] >= rows[1]["score"]);
  CHECK(nlohmann::json::parse(run("--json --budget 1").substr(0, 2)).empty());
  CHECK(run("--nonsense").find("=2") != std::string::npos);
  CHECK(run("-C none").find("=2") != std::string::npos);
  CHECK(run("--help").find("--mention") != std::string::npos);
}
