// fix() end to end in each language that has an operator row, where its tools are on the machine.
#include <catch2/catch.hpp>

#include "tests/agent/search/project.h"

using namespace wright;
using namespace wright::agent;

namespace {

struct Case {
  const char* program;  // what must be installed
  const char* command;
  std::map<std::string, std::string> files;
  const char *file, *line;  // of the patched file; more than one patch passes
};

const Case kCases[] = {
    {"gcc", "gcc -o /tmp/t heap.c test_heap.c && /tmp/t",
     {{"heap.h", "int largest(const int *xs, int n);\nint unused(int a);\n"},
      {"heap.c", "#include \"heap.h\"\n\nint unused(int a) { return a + 1; }\n\n/* The largest of n numbers. */\nint largest(const int *xs, int n) {\n  int best = xs[0];\n"
                 "  for (int i = 1; i < n - 1; i++)\n    if (xs[i] > best) best = xs[i];  /* kept */\n  return best;\n}\n"},
      {"other.c", "int other(int a) {\n  return a * 2 - 1;\n}\n"},
      {"test_heap.c", "#include <stdio.h>\n#include \"heap.h\"\nstatic int check(int got, int want, int line) {\n  if (got == want) return 0;\n  printf(\"test_heap.c:%d: %d\\n\", line, got);\n  return 1;\n}\n"
                      "int main(void) {\n  int a[] = {1, 5, 9}, b[] = {7, 2, 3};\n  return check(largest(a, 3), 9, __LINE__) + check(largest(b, 3), 7, __LINE__) + check(largest(a, 1), 1, __LINE__);\n}\n"}},
     "heap.c", "    if (xs[i] > best) best = xs[i];  /* kept */\n"},
    {"g++", "g++ -std=c++17 -o /tmp/t stack.cpp stack_test.cpp && /tmp/t",
     {{"stack.h", "#include <string>\nbool balanced(const std::string& text);\n"},
      {"stack.cpp", "#include \"stack.h\"\n\nbool balanced(const std::string& text) {\n  int open = 0;\n  for (char c : text) {\n    if (c == '(') open++;\n    if (c == ')') open--;\n"
                    "    if (open < 0) return false;\n  }\n  return open >= 0;\n}\n"},
      {"stack_test.cpp", "#include \"stack.h\"\n#include <cstdio>\nint main() {\n  int bad = 0;\n  bad += !balanced(\"(())\");\n  bad += balanced(\"(()\");\n  bad += balanced(\"())\");\n  bad += !balanced(\"\");\n"
                         "  std::printf(\"%d failed\\n\", bad);\n  return bad != 0;\n}\n"}},
     "stack.cpp", "    if (open < 0) return false;\n"},
    {"javac", "javac -d /tmp/out Gcd.java GcdTest.java && java -cp /tmp/out GcdTest",
     {{"Gcd.java", "public class Gcd {\n    public static int gcd(int a, int b) {\n        if (b == 0) {\n            return a;\n        }\n        return gcd(b, a / b);\n    }\n}\n"},
      {"GcdTest.java", "public class GcdTest {\n    public static void main(String[] args) {\n        if (Gcd.gcd(12, 18) != 6 || Gcd.gcd(7, 5) != 1 || Gcd.gcd(9, 0) != 9) {\n"
                       "            throw new AssertionError(\"gcd\");\n        }\n    }\n}\n"}},
     "Gcd.java", "    public static int gcd(int a, int b) {\n"},
};

}  // namespace

TEST_CASE("fix: C, C++ and Java, comments and layout kept") {
  for (const Case& row : kCases) {
    if (!have(row.program)) continue;
    const Project project(row.files);
    const auto before = project.tree();
    FixRequest request = request_in(project.path, row.command);
    request.timeout = std::chrono::seconds(150);
    const auto report = fix(Context(), request, [](const FixProgress&) {});
    INFO(row.command);
    REQUIRE(report.ok());
    INFO(report->tests_before << "; " << report->why_none << "; " << report->runs << " runs");
    for (const std::string& place : report->looked_at) INFO(place);
    CHECK(report->verified);
    REQUIRE(report->patch.files.size() == 1);
    CHECK(report->patch.files[0].first == row.file);
    CHECK(report->patch.files[0].second.find(row.line) != std::string::npos);
    CHECK(project.tree() == before);
  }
}
