// A non-owning view of a row-major tensor. Its bytes belong to a mapped file or a buffer that must outlive it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/tensor/dtype.h"

namespace wright::engine {

// Outermost dimension first: a linear weight is {out_features, in_features}. Unused trailing entries are 1.
// (GGUF lists dimensions innermost first; the reader turns them around.)
struct TensorView {
  const std::byte* data = nullptr;
  DType type = DType::f32;
  int rank = 0;
  std::array<std::int64_t, 4> shape{1, 1, 1, 1};

  std::int64_t elements() const { return shape[0] * shape[1] * shape[2] * shape[3]; }
  // Innermost length, that is elements of one row.
  std::int64_t cols() const { return rank == 0 ? 1 : shape[static_cast<std::size_t>(rank - 1)]; }
  std::int64_t rows() const { return cols() == 0 ? 0 : elements() / cols(); }
  std::size_t row_bytes() const { return bytes_of(type, static_cast<std::size_t>(cols())); }
  std::size_t bytes() const { return row_bytes() * static_cast<std::size_t>(rows()); }
};

}  // namespace wright::engine
