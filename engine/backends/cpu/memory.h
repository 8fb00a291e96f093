// Large zeroed memory straight from the kernel, in huge pages where it grants them. Movable, single owner.
#pragma once

#include <cstddef>

#include "base/result.h"

namespace wright::engine::cpu {

class Region {
 public:
  // `limit` when the system has no such memory left; `what` names it.
  static Result<Region> create(std::size_t bytes, const char* what);
  Region() = default;
  Region(Region&& o) noexcept;
  Region& operator=(Region&& o) noexcept;
  ~Region();

  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::byte* data_ = nullptr;  // 2 MiB aligned
  std::size_t size_ = 0;       // as mapped
};

}  // namespace wright::engine::cpu
