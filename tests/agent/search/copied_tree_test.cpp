#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "agent/search/copied_tree.h"
#include "base/file.h"
#include "tests/support/temp_folder.h"

using namespace wright;
namespace fs = std::filesystem;

TEST_CASE("copied tree: brought back to the original whatever a run left") {
  test::TempFolder folder;
  const std::string from = folder.path() + "/from", to = folder.path() + "/to";
  fs::create_directories(from + "/src/deep");
  fs::create_directories(to);
  REQUIRE(write_file_atomic(from + "/src/a.py", "a = 1\n", 0644, false).ok());
  REQUIRE(write_file_atomic(from + "/src/deep/run", "#!/bin/sh\n", 0755, false).ok());
  fs::create_symlink("a.py", from + "/src/link");
  const auto same = [&] {
    const std::string command = "diff -r --no-dereference '" + from + "' '" + to + "' && (cd '" + from + "' && find . -printf '%p %y %m\\n' | sort) > '" + folder.path() +
                                "/1' && (cd '" + to + "' && find . -printf '%p %y %m\\n' | sort) > '" + folder.path() + "/2' && cmp '" + folder.path() + "/1' '" + folder.path() + "/2'";
    return ::system(command.c_str()) == 0;
  };
  REQUIRE(agent::search::restore_copy(from, to).ok());
  REQUIRE(same());
  SECTION("new, changed, missing") {
    REQUIRE(write_file_atomic(to + "/src/a.py", "a = 22\n", 0644, false).ok());
    REQUIRE(write_file_atomic(to + "/src/__pycache__", "x", 0644, false).ok());
    fs::create_directories(to + "/made/below");
    fs::remove_all(to + "/src/deep");
  }
  SECTION("another type and mode") {
    fs::remove(to + "/src/link");
    fs::create_directory(to + "/src/link");
    ::chmod((to + "/src/deep/run").c_str(), 0600);
    ::chmod((to + "/src").c_str(), 0700);
    fs::remove(to + "/src/a.py");
    fs::create_symlink("/etc/passwd", to + "/src/a.py");
  }
  CHECK(agent::search::restore_copy(from, to).ok());
  CHECK(same());
}
