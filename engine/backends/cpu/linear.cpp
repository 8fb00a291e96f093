// Linear steps: units are ranges of weight tiles over up to kUnitRows rows, sized by their cost, so that any awake thread takes
// the next.
#include <algorithm>

#include "engine/backends/cpu/pass.h"

namespace wright::engine::cpu {
namespace {

constexpr double kUnitNanos = 30'000;       // work of one unit
constexpr double kBytesPerNano = 12;        // a core's weight reading
constexpr double kProductsPerNano = 350;    // a core's multiply-adds
constexpr int kUnitsPerThread = 4;
constexpr int kUnitRows = 128;              // enough to pay for unpacking weights, few enough for a unit to have several tiles

int tiles_per_unit(const PackedMatrix& w, int rows, int tiles, int threads) {
  const double products = static_cast<double>(rows) * w.inner * kTile;
  const double nanos = std::max(static_cast<double>(w.tile_bytes) / kBytesPerNano, products / kProductsPerNano);
  const int by_cost = static_cast<int>(kUnitNanos / nanos), by_share = tiles / (threads * kUnitsPerThread);
  return std::max(1, std::min(by_cost, by_share));
}

}  // namespace

void run_linear(PassState& state, const Step& step) {
  const bool logits = step.parts[0].logits;
  if (logits && !state.pass->asked.empty()) run_asked(state, step);
  const int rows = logits ? static_cast<int>(state.pass->outputs.size()) : state.rows_of(step.outputs);
  if (rows == 0) return;
  int tiles = 0;
  for (const LinearPart& p : step.parts) tiles += p.w.tiles();
  const int row_units = (rows + kUnitRows - 1) / kUnitRows, unit_rows = round_up((rows + row_units - 1) / row_units, kTile);
  const int per_unit = tiles_per_unit(step.parts[0].w, std::min(rows, unit_rows), tiles, state.team->threads());
  state.team->run((tiles + per_unit - 1) / per_unit * row_units, [&](int unit, int) {
    if (state.context->done()) return;
    const int row = unit % row_units * unit_rows, n = std::min(unit_rows, rows - row);
    if (n <= 0) return;
    const Activations in = state.activations(step.in, row);
    int begin = unit / row_units * per_unit;
    const int end = std::min(tiles, begin + per_unit);
    int first = 0;  // tile of the step at which a part starts
    for (const LinearPart& p : step.parts) {
      const int last = first + p.w.tiles();
      if (begin < last && begin < end) {
        const int stop = std::min(end, last);
        LinearCall call{&p.w, begin - first, stop - first, in, n, nullptr, 0, p.bias};
        call.out = p.logits ? state.pass->logits + static_cast<std::ptrdiff_t>(row) * p.w.columns : state.value(p.out, row, 0);
        call.out_stride = p.logits ? static_cast<std::size_t>(p.w.columns) : state.stride(p.out);
        state.kernels->linear[static_cast<int>(p.w.pack)](call);
        begin = stop;
      }
      first = last;
    }
  });
}

// One row and chosen expert at a time: right for every shape, fast only for few rows.
void run_grouped(PassState& state, const Step& step) {
  const int rows = state.rows_of(step.outputs);
  const PackedMatrix& shape = step.parts[0].w;
  const int top_k = state.width(step.op->in[1]) / 2, tiles = shape.tiles();
  const bool own_input = state.width(step.in) != shape.inner;  // an input row for each chosen expert
  const int per_unit = tiles_per_unit(shape, 1, tiles * rows * top_k, state.team->threads());
  const int units = (tiles + per_unit - 1) / per_unit;
  state.team->run(rows * top_k * units, [&](int i, int) {
    if (state.context->done()) return;
    const int unit = i % units, k = i / units % top_k, row = i / units / top_k;
    const auto expert = static_cast<std::size_t>(state.value(step.op->in[1], row, 0)[k]);
    const LinearPart& part = step.parts[expert];
    Activations in = state.activations(step.in, row);
    if (own_input) {
      if (in.x) in.x += k * shape.inner;
      if (in.q) {
        in.q += k * shape.inner;
        in.d += k * (shape.inner / 32);
        in.s += k * (shape.inner / 32);
        in.h += k * (shape.inner / 16);
      }
    }
    state.kernels->linear[static_cast<int>(part.w.pack)]({&part.w, unit * per_unit, std::min(tiles, (unit + 1) * per_unit), in, 1,
                                                          state.value(part.out, row, 0) + k * shape.columns,
                                                          state.stride(part.out), part.bias});
  });
}

}  // namespace wright::engine::cpu
