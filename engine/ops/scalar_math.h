// Scalar kernels of the interpreter: plain functions over rows, the reference of each op's arithmetic. Any thread.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/ops/interpret.h"
#include "engine/ops/op_list.h"

namespace wright::engine::scalar {

float dot(const float* a, const float* b, std::size_t n);
void norm(const NormParams& p, const float* x, const float* weight, const float* bias, float* out, std::size_t width);
void rope(const RopeParams& p, const float* factors, int position, const float* x, float* out);
// `sinks` may be null; `scores` is scratch.
void attend(const AttendParams& p, const float* q, const std::vector<KvRow>& seen, const float* sinks, float* out,
            std::vector<float>& scores);
void delta_rule(const RecurrentParams& p, const float* q, const float* k, const float* v, const float* beta, const float* decay,
                float* state, float* out);
void activate(const ActivateParams& p, const float* gate, const float* up, float* out, std::size_t width);
void route(const RouteParams& p, const float* logits, const float* bias, float* out);

}  // namespace wright::engine::scalar
