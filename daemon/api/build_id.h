// Which build this process is: the version, and when its executable was written. A client that is newer asks an older daemon to hand over.
#pragma once

#include <cstdint>
#include <string>

namespace wright::daemon {

struct BuildId {
  std::string version;
  std::int64_t written_ns = 0;  // the executable's modification time
  std::uint64_t size = 0;       // and its size in bytes
  bool operator==(const BuildId&) const = default;
  std::string text() const;     // "0.1.0 1764072000000000000.12345678"
};

const BuildId& this_build();
// A malformed text gives an id that equals none and is older than all.
BuildId build_from_text(const std::string& text);

}  // namespace wright::daemon
