// Names of KV cache types on the command line.
#pragma once

#include <string_view>

#include "base/result.h"
#include "engine/backends/backend.h"

namespace wright::cli {

// A usage error names what is allowed.
Result<void> set_kv(std::string_view name, engine::KvType& type);
// Bytes of one cached value.
double kv_bytes(engine::KvType type);

}  // namespace wright::cli
