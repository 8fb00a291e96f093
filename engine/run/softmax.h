// Reductions over one row of logits. Pure functions, any thread.
#pragma once

#include <span>

namespace wright::engine {

// log(sum(exp(x))), taken from the largest x, so that nothing overflows; about 1e-6 relative. NaN in, NaN out.
float log_sum_exp(std::span<const float> x);

// exp(x) for x <= 0, within 2 ulp or so; 0 below -87.
float exp_negative(float x);

}  // namespace wright::engine
