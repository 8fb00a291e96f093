#include "engine/backends/cpu/isa.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace wright::engine::cpu {
namespace {

struct Row {
  const char* isa;
  bool (*supported)();
  const Kernels& (*kernels)();
};

bool always() { return true; }
// Clang 14 does not answer for F16C: CPUID leaf 1, ECX bit 29. (AVX2 says that the system keeps the registers.)
bool has_f16c() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) && (c & 1u << 29);
}
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c(); }
bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}
bool has_vnni() { return has_avx512() && __builtin_cpu_supports("avx512vnni"); }
// GCC 12 does not answer for AMX: CPUID leaf 7, EDX bits 24 (tile), 25 (int8).
bool has_amx() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned kTileAndInt8 = 1u << 24 | 1u << 25;
  return has_vnni() && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & kTileAndInt8) == kTileAndInt8;
}
// Tile registers are a process's only after it asked for them; a kernel without AMX, or a sandbox, may refuse.
bool may_use_amx() {
  static const bool kGranted = [] {
    constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
    return has_amx() && syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  }();
  return kGranted;
}

// Slowest first; of rows with one name the last that is supported is taken.
constexpr Row kRows[] = {
    {"scalar", always, kernels_scalar},
    {"avx2", has_avx2, kernels_avx2},
    {"avx512", has_avx512, kernels_avx512},
    {"avx512", has_vnni, kernels_vnni},
    {"amx", may_use_amx, kernels_amx},
};

}  // namespace

Result<const Kernels*> kernels_for(const std::string& isa) {
  const Kernels* found = nullptr;
  bool known = isa == "auto";
  for (const Row& row : kRows) {
    if (isa != "auto" && isa != row.isa) continue;
    known = true;
    if (row.supported()) found = &row.kernels();
  }
  if (found) return found;
  if (!known) return Error{ErrorKind::usage, "unknown instruction set '" + isa + "'", "one of auto, scalar, avx2, avx512, amx"};
  return Error{ErrorKind::usage, "this processor has no " + isa, "leave --isa out, or use --isa scalar"};
}

std::vector<const Kernels*> supported_kernels() {
  std::vector<const Kernels*> all;
  for (const Row& row : kRows)
    if (row.supported() && (all.empty() || all.back() != &row.kernels())) all.push_back(&row.kernels());
  return all;
}

}  // namespace wright::engine::cpu
