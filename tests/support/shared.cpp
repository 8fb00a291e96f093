#include "tests/support/shared.h"

#include <unistd.h>

#include <catch2/catch.hpp>

namespace wright::test {

std::optional<std::string> shared_path(const std::string& relative) {
  std::string path = std::string(WRIGHT_SOURCE_DIR "/../shared/") + relative;
  if (access(path.c_str(), R_OK) == 0) return path;
  WARN("skipped: no ../shared/" << relative);
  return std::nullopt;
}

}  // namespace wright::test
