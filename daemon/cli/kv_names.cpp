#include "daemon/cli/kv_names.h"

#include <string>

namespace wright::cli {
namespace {

struct Row { std::string_view name; engine::KvType type; double bytes; };
constexpr Row kRows[] = {{"f32", engine::KvType::f32, 4}, {"f16", engine::KvType::f16, 2}, {"bf16", engine::KvType::bf16, 2},
                         {"q8_0", engine::KvType::q8_0, 34.0 / 32.0}};

}  // namespace

Result<void> set_kv(std::string_view name, engine::KvType& type) {
  for (const Row& row : kRows)
    if (row.name == name) {
      type = row.type;
      return {};
    }
  return Error{ErrorKind::usage, "KV type " + std::string(name) + " is not known", "one of f32, f16, bf16, q8_0"};
}

double kv_bytes(engine::KvType type) {
  for (const Row& row : kRows)
    if (row.type == type) return row.bytes;
  return 4;
}

}  // namespace wright::cli
