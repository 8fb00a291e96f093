// wright engine-worker, the real binary.
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>

TEST_CASE("engine-worker: one started by hand says so") {
  CHECK(WEXITSTATUS(std::system((std::string(WRIGHT_BINARY) + " engine-worker 3<&- 2>/dev/null").c_str())) == 2);
}
