#include <cstdlib>
#include <cstring>

#include <unistd.h>

#include "tools/exec/sandbox.h"

namespace wright::tools {

namespace {

constexpr std::string_view kNames[] = {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TERM", "TZ", "COLORTERM",
                                       "NO_COLOR", "COLUMNS", "LINES", "CC", "CXX", "CI", "VIRTUAL_ENV", "JAVA_HOME", "GOPATH",
                                       "GOROOT", "CARGO_HOME", "RUSTUP_HOME", "SOURCE_DATE_EPOCH"};

}  // namespace

std::map<std::string, std::string> filtered_environment(const std::map<std::string, std::string>& from,
                                                        const std::vector<std::string>& extra) {
  std::map<std::string, std::string> out;
  const auto take = [&](const std::string& name) {
    if (const auto found = from.find(name); found != from.end()) out.insert(*found);
  };
  for (const auto name : kNames) take(std::string(name));
  for (const auto& name : extra) take(name);
  for (const auto& [name, value] : from)
    if (name.starts_with("LC_")) out.emplace(name, value);
  out.try_emplace("PATH", "/usr/local/bin:/usr/bin:/bin");
  return out;
}

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> out;
  for (char** entry = environ; entry && *entry; ++entry)
    if (const char* equals = std::strchr(*entry, '=')) out.emplace(std::string(*entry, static_cast<std::size_t>(equals - *entry)), equals + 1);
  return out;
}

}  // namespace wright::tools
