// Which instruction sets this processor has, and the kernel table for one of them. Detected by CPUID and XGETBV once.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/backends/cpu/kernels.h"

namespace wright::engine::cpu {

// "auto", "scalar", "avx2", "avx512" or "amx"; a usage error for what this machine lacks or nobody knows.
Result<const Kernels*> kernels_for(const std::string& isa);
// Every table that runs here, slowest first; for tests.
std::vector<const Kernels*> supported_kernels();

}  // namespace wright::engine::cpu
