#include "engine/backends/cpu/bandwidth.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

#include "engine/backends/cpu/isa.h"

namespace wright::engine::cpu {
namespace {
constexpr std::size_t kUnit = 64 * 1024;
}

Result<ReadBandwidth> ReadBandwidth::create(std::size_t bytes, int threads, const char* isa) {
  ReadBandwidth r;
  r.bytes_ = std::max(bytes / kUnit, std::size_t{1}) * kUnit;
  WRIGHT_TRY(r.kernels_, kernels_for(isa));
  WRIGHT_TRY(r.set_, Region::create(r.bytes_ + 8192, "the bandwidth measurement"));
  std::memset(r.set_.data(), 1, r.bytes_);
  r.team_ = std::make_unique<Team>(threads > 0 ? threads : available_cores());
  return r;
}

double ReadBandwidth::measure(int sweeps) {
  std::vector<float> kept(static_cast<std::size_t>(team_->threads()) * 16);
  std::vector<double> rates;
  for (int i = 0; i <= sweeps; ++i) {
    const auto start = std::chrono::steady_clock::now();
    team_->run(static_cast<int>(bytes_ / kUnit), [&](int unit, int thread) {
      kept[static_cast<std::size_t>(thread) * 16] += kernels_->read(set_.data() + static_cast<std::size_t>(unit) * kUnit, kUnit);
    });
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    if (i > 0) rates.push_back(static_cast<double>(bytes_) / took.count() * 1e-9);  // the first sweep warms up
  }
  std::ranges::sort(rates);
  return rates.empty() ? 0 : rates[rates.size() / 2];
}

}  // namespace wright::engine::cpu
