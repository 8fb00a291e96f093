#include "base/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <string>

namespace wright::log {
namespace {

Level level_from_environment() {
  const char* name = std::getenv("WRIGHT_LOG");
  const std::string_view v = name ? name : "";
  if (v == "debug") return Level::debug;
  if (v == "info") return Level::info;
  if (v == "error") return Level::error;
  return Level::warn;
}

std::atomic<Level> g_level{level_from_environment()};
std::atomic<int> g_file{-1};

}  // namespace

void set_level(Level level) { g_level = level; }
Level level() { return g_level.load(std::memory_order_relaxed); }

bool set_file(const char* path) {
  const int fd = *path ? ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
  if (*path && fd < 0) return false;
  const int old = g_file.exchange(fd);
  if (old >= 0) ::close(old);
  return true;
}

void write(Level level, std::string_view message) {
  static constexpr const char* kNames[] = {"debug", "info", "warn", "error"};
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm tm{};
  ::gmtime_r(&seconds, &tm);
  const std::string line = fmt::format("{:02}:{:02}:{:02}.{:03} {} {}\n", tm.tm_hour, tm.tm_min, tm.tm_sec, ms,
                                       kNames[static_cast<int>(level)], message);
  const int file = g_file;
  const int fd = file >= 0 ? file : STDERR_FILENO;
  [[maybe_unused]] const auto written = ::write(fd, line.data(), line.size());
}

}  // namespace wright::log
