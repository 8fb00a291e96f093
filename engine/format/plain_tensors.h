// The tensors of a checkpoint as f32 values, in the shape that the model computes with: block types decoded, scaled 8-bit
// floats multiplied out, packed pairs joined under the weight's name. For `inspect` and for tests; needs no known
// architecture. Any thread.
//
// Pairs that are known (X stands for the name that the joined tensor gets):
//   X F8_E4M3 + X_scale_inv          per 128 x 128 block, or one value: value * scale
//   X F8_E4M3 + X_scale              compressed-tensors: one value, or one a row: value * scale
//   X F8_E4M3 + scale (for .weight)  F8_E8M0 per 128 x 128 block (DeepSeek-V4)
//   X I8 + scale (for .weight)       two E2M1 a byte, F8_E8M0 per 32 columns (DeepSeek-V4 experts)
//   X_blocks U8 + X_scales U8        MXFP4 of gpt-oss: (..., columns / 32, 16) and (..., columns / 32)
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/format/weights.h"

namespace wright::engine {

struct PlainTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::string stored;                              // "q4_1", "f8_e4m3 * f32"
  std::size_t rows = 1, cols = 1;                  // shape as rows of the innermost dimension
  std::function<void(std::size_t row, float* to)> read_row;  // borrows the Weights
};

// Every tensor; scales stand with their weight. An error names a weight whose scale is missing or of a wrong shape.
Result<std::vector<PlainTensor>> plain_tensors(const Weights& weights);
// One of them.
Result<PlainTensor> plain_tensor(const Weights& weights, const std::string& name);

}  // namespace wright::engine
