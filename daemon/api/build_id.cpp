#include "daemon/api/build_id.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdio>

namespace wright::daemon {

std::string BuildId::text() const { return fmt::format("{} {}.{}", version, written_ns, size); }

const BuildId& this_build() {
  static const BuildId build = [] {
    struct stat status{};
    BuildId out;
    out.version = WRIGHT_VERSION;
    if (::stat("/proc/self/exe", &status) == 0) {
      out.written_ns = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
      out.size = static_cast<std::uint64_t>(status.st_size);
    }
    return out;
  }();
  return build;
}

BuildId build_from_text(const std::string& text) {
  BuildId out;
  char version[64] = "";
  long long written = 0;
  unsigned long long size = 0;
  if (std::sscanf(text.c_str(), "%63s %lld.%llu", version, &written, &size) != 3) return {"", -1, 0};
  out.version = version;
  out.written_ns = written;
  out.size = size;
  return out;
}

}  // namespace wright::daemon
