// Models of a named shape with random weights, made in memory for `wright bench --random`: speed without a download.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "engine/format/weights.h"

namespace wright::cli {

// SHAPE or SHAPE:TYPE, e.g. "llama-3.2-1b:q4_k"; a usage error lists what there is.
Result<std::shared_ptr<const engine::Weights>> random_model(const std::string& name);
// "smollm2-135m, llama-3.2-1b, ...".
std::string random_shapes();

}  // namespace wright::cli
