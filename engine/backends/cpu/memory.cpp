#include "engine/backends/cpu/memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <string>
#include <utility>

namespace wright::engine::cpu {
namespace {
constexpr std::size_t kHuge = std::size_t{2} << 20;
}

Result<Region> Region::create(std::size_t bytes, const char* what) {
  Region r;
  if (bytes == 0) return r;
  const std::size_t size = (bytes + kHuge - 1) / kHuge * kHuge;
  // Mapped with room to align, then cut.
  void* p = mmap(nullptr, size + kHuge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED)
    return Error{ErrorKind::limit, "no memory for " + std::string(what) + " (" + std::to_string(bytes >> 20) + " MiB)",
                 "use a smaller model, context or cache"};
  auto* base = static_cast<std::byte*>(p);
  const std::size_t head = (kHuge - reinterpret_cast<std::uintptr_t>(base) % kHuge) % kHuge;
  if (head) munmap(base, head);
  if (head != kHuge) munmap(base + head + size, kHuge - head);
  r.data_ = base + head;
  r.size_ = size;
  madvise(r.data_, size, MADV_HUGEPAGE);
  return r;
}

Region::Region(Region&& o) noexcept : data_(std::exchange(o.data_, nullptr)), size_(std::exchange(o.size_, 0)) {}
Region& Region::operator=(Region&& o) noexcept {
  std::swap(data_, o.data_);
  std::swap(size_, o.size_);
  return *this;
}
Region::~Region() {
  if (data_) munmap(data_, size_);
}

}  // namespace wright::engine::cpu
