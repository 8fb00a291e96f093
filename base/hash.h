// SHA-256 (FIPS 180-4) for identities that must not collide, and a fast 64-bit hash for tables. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace wright {

class Sha256 {
 public:
  Sha256();
  void update(std::string_view bytes);
  std::array<std::uint8_t, 32> finish();

 private:
  void block(const std::uint8_t* data);
  std::uint32_t h_[8];
  std::uint8_t buffer_[64];
  std::uint64_t length_ = 0;
};

// Lower-case hex, 64 characters.
std::string sha256_hex(std::string_view bytes);
// FNV-1a with a final mix; not for hostile keys.
std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0);

}  // namespace wright
