// A folder that is removed with the object: for tests of everything that touches files.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>

namespace wright::test {

class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "wright-test-XXXXXX").string();
    if (::mkdtemp(name.data())) path_ = std::filesystem::canonical(name).string();
  }
  explicit TempFolder(const std::map<std::string, std::string>& files) : TempFolder() {
    for (const auto& [name, bytes] : files) write(name, bytes);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }
  void write(const std::string& name, const std::string& bytes) const {
    const std::filesystem::path full = std::filesystem::path(path_) / name;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full, std::ios::binary | std::ios::trunc) << bytes;
  }
  std::string read(const std::string& name) const {
    std::ifstream in(std::filesystem::path(path_) / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // Every regular file, by relative name.
  std::map<std::string, std::string> tree() const {
    std::map<std::string, std::string> out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path_))
      if (entry.is_regular_file() && !entry.is_symlink()) {
        const std::string name = std::filesystem::relative(entry.path(), path_).string();
        out[name] = read(name);
      }
    return out;
  }

 private:
  std::string path_;
};

}  // namespace wright::test
