#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "tests/support/fake_worker.h"

int main(int argc, char** argv) {
  if (const auto status = wright::test::play_role(argc, argv)) return *status;
  return Catch::Session().run(argc, argv);
}
