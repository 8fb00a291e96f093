#include "base/trace.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>

namespace wright::trace {
namespace {

std::atomic<bool> g_on{false};
std::mutex g_mutex;           // guards g_file and g_first
std::FILE* g_file = nullptr;
bool g_first = true;

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Result<void> start(const std::string& path) {
  std::lock_guard lock(g_mutex);
  if (g_file) return Error{ErrorKind::conflict, "a trace is already being written", ""};
  g_file = std::fopen(path.c_str(), "we");
  if (!g_file) return Error{ErrorKind::io, "cannot write the trace file " + path, "choose another --trace path"};
  std::fputs("[", g_file);
  g_first = true;
  g_on = true;
  return {};
}

void stop() {
  std::lock_guard lock(g_mutex);
  g_on = false;
  if (!g_file) return;
  std::fputs("\n]\n", g_file);
  std::fclose(g_file);
  g_file = nullptr;
}

bool on() { return g_on.load(std::memory_order_relaxed); }

Span::Span(const char* name) : name_(on() ? name : nullptr), start_us_(name_ ? now_us() : 0) {}

Span::~Span() {
  if (!name_) return;
  const std::int64_t end = now_us();
  std::lock_guard lock(g_mutex);
  if (!g_file) return;
  std::fprintf(g_file, "%s\n{\"name\":\"%s\",\"ph\":\"X\",\"ts\":%lld,\"dur\":%lld,\"pid\":%d,\"tid\":%ld}",
               g_first ? "" : ",", name_, static_cast<long long>(start_us_), static_cast<long long>(end - start_us_),
               static_cast<int>(::getpid()), ::syscall(SYS_gettid));
  g_first = false;
}

}  // namespace wright::trace
