#include "engine/backends/cpu/bandwidth.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

#include "engine/backends/cpu/isa.h"
#include "engine/backends/cpu/memory.h"
#include "engine/backends/cpu/team.h"

namespace wright::engine::cpu {

Result<double> read_bandwidth(std::size_t bytes, int threads, const char* isa, int repeats) {
  constexpr std::size_t kUnit = 64 * 1024;
  WRIGHT_TRY(const Kernels* kernels, kernels_for(isa));
  const std::size_t size = std::max(bytes / kUnit, std::size_t{1}) * kUnit;
  WRIGHT_TRY(const Region set, Region::create(size + 8192, "the bandwidth measurement"));
  std::memset(set.data(), 1, size);
  Team team(threads > 0 ? threads : available_cores());
  std::vector<float> kept(static_cast<std::size_t>(team.threads()) * 16);
  std::vector<double> rates;
  for (int i = 0; i <= repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    team.run(static_cast<int>(size / kUnit), [&](int unit, int thread) {
      kept[static_cast<std::size_t>(thread) * 16] += kernels->read(set.data() + static_cast<std::size_t>(unit) * kUnit, kUnit);
    });
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    if (i > 0) rates.push_back(static_cast<double>(size) / took.count() * 1e-9);  // the first sweep warms up
  }
  std::ranges::sort(rates);
  return rates[rates.size() / 2];
}

}  // namespace wright::engine::cpu
