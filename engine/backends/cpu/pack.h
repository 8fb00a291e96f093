// Repacks a checkpoint's matrices into the tiles of kernels.h, once at load. Pure over caller-owned memory; tiles are
// independent, so that threads may pack ranges of them.
#pragma once

#include <cstddef>

#include "base/result.h"
#include "engine/backends/cpu/kernels.h"
#include "engine/tensor/view.h"

namespace wright::engine::cpu {

// The pack a tensor gets. Quantised ones keep their codes; scales are kept as f16 (Q4_K's and Q6_K's products with their
// 6- and 8-bit sub-scales are rounded to f16, 2^-11 relative). Types without a kernel of their own become f32.
// `invalid` for a type that cannot be read at all.
Result<Pack> pack_for(DType type, const std::string& name);
// Geometry of a packed matrix, without data; `columns` outputs of `inner` elements.
PackedMatrix packed_shape(Pack pack, int columns, int inner);
std::size_t packed_bytes(const PackedMatrix& m);
// Packs tiles [begin, end) of `from` (row-major, columns x inner, `row_bytes` apart) to `to`, which holds the whole matrix.
void pack_tiles(const PackedMatrix& m, DType type, const std::byte* from, std::size_t row_bytes, int begin, int end,
                std::byte* to);

}  // namespace wright::engine::cpu
