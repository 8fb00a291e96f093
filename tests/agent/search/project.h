// A small project on disk for tests of patch search. Outside /tmp, which the sandbox hides. Owned by one test.
#pragma once

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <string>

#include "agent/search/search.h"
#include "base/file.h"

namespace wright::agent {

inline bool have(const char* program) {
  for (const char* folder : {"/usr/bin/", "/usr/local/bin/", "/bin/"})
    if (::access((std::string(folder) + program).c_str(), X_OK) == 0) return true;
  WARN("skipped: no " << program);
  return false;
}

inline FixRequest request_in(const std::string& folder, const std::string& test) {
  FixRequest request;
  request.workspace = folder;
  request.test = test;
  request.order = "prior";
  request.timeout = std::chrono::seconds(100);
  request.commands.level = tools::sandbox_status().level;
  request.commands.environment = tools::filtered_environment(tools::process_environment());
  return request;
}

struct Project {
  std::string path;
  explicit Project(const std::map<std::string, std::string>& files) {
    char name[] = "/var/tmp/wright-test-XXXXXX";
    REQUIRE(::mkdtemp(name));
    path = std::filesystem::canonical(name).string();
    for (const auto& [file, bytes] : files) {
      REQUIRE(make_directories(path + "/" + file.substr(0, file.rfind('/') == std::string::npos ? 0 : file.rfind('/'))).ok());
      REQUIRE(write_file_atomic(path + "/" + file, bytes, 0644, false).ok());
    }
  }
  explicit Project(const std::string& example) : Project(std::map<std::string, std::string>{}) {
    std::filesystem::copy(std::string(WRIGHT_SOURCE_DIR) + "/daemon/examples/" + example, path, std::filesystem::copy_options::recursive);
  }
  Project(const Project&) = delete;
  Project& operator=(const Project&) = delete;
  ~Project() { std::filesystem::remove_all(path); }
  std::map<std::string, std::string> tree() const {
    std::map<std::string, std::string> out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path))
      if (entry.is_regular_file()) out[entry.path().string()] = *read_file(entry.path().string());
    return out;
  }
};

}  // namespace wright::agent
