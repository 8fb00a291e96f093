// The last step: logits of the output rows, and for rows that are only scored the log-probabilities of the tokens asked for.
// Of those no logits are stored: a unit computes a chunk of the vocabulary for a few rows at a time into the thread's memory
// and keeps the largest, the sum of exponentials and what was asked.
#include "engine/backends/cpu/logprobs.h"

#include <algorithm>

#include "engine/backends/cpu/pass.h"

namespace wright::engine::cpu {
namespace {

constexpr int kTiles = kSumChunk / kTile;

// Tiles [begin, end) of a matrix as one of its own.
PackedMatrix slice(const PackedMatrix& m, int begin, int end) {
  PackedMatrix part = m;
  part.data += static_cast<std::size_t>(begin) * m.tile_bytes;
  part.columns = std::min(m.columns, end * kTile) - begin * kTile;
  return part;
}

}  // namespace

std::size_t asked_floats(int n_vocab, int max_rows) {
  return static_cast<std::size_t>((n_vocab + kSumChunk - 1) / kSumChunk) * static_cast<std::size_t>(max_rows) * 2;
}

void run_asked(PassState& state, const Step& step) {
  const LinearPart& part = step.parts[0];
  const auto& asked = state.pass->asked;
  const int rows = static_cast<int>(asked.size()), first = static_cast<int>(state.pass->outputs.size());
  const int chunks = (part.w.columns + kSumChunk - 1) / kSumChunk;
  float* const logprobs = state.pass->logprobs;
  state.team->run(chunks, [&](int chunk, int thread) {
    const int column = chunk * kSumChunk;
    const PackedMatrix w = slice(part.w, chunk * kTiles, std::min(part.w.tiles(), (chunk + 1) * kTiles));
    float* block = state.asked_scratch[static_cast<std::size_t>(thread)].data();
    for (int at = 0; at < rows; at += kAskedRows) {
      if (state.context->done()) return;
      const int n = std::min(kAskedRows, rows - at);
      state.kernels->linear[static_cast<int>(w.pack)]({&w, 0, w.tiles(), state.activations(step.in, first + at), n, block, kSumChunk,
                                                       part.bias ? part.bias + column : nullptr});
      for (int r = at; r < at + n; ++r) {
        const float* logits = block + static_cast<std::ptrdiff_t>(r - at) * kSumChunk;
        float* sum = state.asked_sums.data() + 2 * (static_cast<std::ptrdiff_t>(r) * chunks + chunk);
        state.kernels->exp_sum(logits, w.columns, sum, sum + 1);
        const auto from = state.asked_from[static_cast<std::size_t>(r)];
        for (std::size_t i = from; i < from + static_cast<std::size_t>(asked[static_cast<std::size_t>(r)].n); ++i)
          if (const int id = state.pass->asked_ids[i] - column; id >= 0 && id < w.columns) logprobs[i] = logits[id];
      }
    }
  });
  state.team->run(rows, [&](int r, int) {
    ExpSum sum;
    const float* sums = state.asked_sums.data() + 2 * static_cast<std::ptrdiff_t>(r) * chunks;
    for (int c = 0; c < chunks; ++c) sum.add(sums[2 * c], sums[2 * c + 1]);
    const float total = sum.log();
    const auto from = state.asked_from[static_cast<std::size_t>(r)];
    for (std::size_t i = from; i < from + static_cast<std::size_t>(asked[static_cast<std::size_t>(r)].n); ++i) logprobs[i] -= total;
  });
}

}  // namespace wright::engine::cpu
