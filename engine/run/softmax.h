// Reductions over one row of logits, by the fastest kernels of this processor. Pure functions, any thread.
#pragma once

#include <span>

namespace wright::engine {

// log(sum(exp(x))), taken from the largest x, so that nothing overflows; about 1e-6 relative. NaN in, NaN out.
float log_sum_exp(std::span<const float> x);

}  // namespace wright::engine
