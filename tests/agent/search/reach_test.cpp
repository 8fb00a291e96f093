// Which files the tests reach by the words in them.
#include <algorithm>
#include <catch2/catch.hpp>

#include "agent/search/reach.h"
#include "tests/agent/search/project.h"

using namespace wright::agent;
using namespace wright::agent::search;

namespace {

std::vector<std::string> reach(const std::map<std::string, std::string>& files, const std::string& test, const Outcome& before = {}) {
  const Project project(files);
  std::vector<std::string> names;
  for (const auto& [name, text] : files) names.push_back(name);
  std::vector<std::string> out = reached(request_in(project.path, test), before, names);
  std::sort(out.begin(), out.end());
  return out;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("search reach: from the class that the command runs, through imports, not to a namesake of another folder") {
  const std::map<std::string, std::string> files{{"programs/Gcd.java", "package programs; class Gcd { int f() { return Helper.one(); } }"},
                                                 {"programs/Helper.java", "package programs; class Helper {}"},
                                                 {"programs/Sieve.java", "package programs; class Sieve {}"},
                                                 {"correct/Gcd.java", "package correct; class Gcd {}"},
                                                 {"tests/GcdTest.java", "import programs.Gcd; class GcdTest { }"},
                                                 {"tests/SieveTest.java", "import programs.Sieve; class SieveTest { }"}};
  CHECK(reach(files, "java -cp out tests.GcdTest") == Names{"programs/Gcd.java", "programs/Helper.java", "tests/GcdTest.java"});
}

TEST_CASE("search reach: includes, requires, the place of a failure, all tests, and everything when nothing is named") {
  CHECK(reach({{"heap.c", ""}, {"heap.h", ""}, {"other.c", ""}, {"test_heap.c", "#include \"heap.h\"\n"}}, "make check") == Names{"heap.c", "heap.h", "test_heap.c"});
  CHECK(reach({{"lib/a.js", ""}, {"lib/b.js", ""}, {"spec/a.test.js", "require('../lib/a')"}}, "npm test") == Names{"lib/a.js", "spec/a.test.js"});
  Outcome failed;
  failed.places = {{"spec/b.test.js", 3, ""}};
  CHECK(reach({{"lib/a.js", ""}, {"lib/b.js", ""}, {"spec/a.test.js", "require('../lib/a')"}, {"spec/b.test.js", "require('../lib/b')"}}, "npm test", failed) ==
        Names{"lib/b.js", "spec/b.test.js"});
  CHECK(reach({{"x.c", ""}, {"y.c", ""}}, "./check.sh") == Names{"x.c", "y.c"});
}
