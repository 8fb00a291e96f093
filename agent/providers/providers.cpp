#include "agent/providers/providers.h"

#include <fmt/format.h>

#include "agent/providers/openai.h"

namespace wright::agent {
namespace {

struct Row {
  std::string_view wire;
  Result<std::shared_ptr<Model>> (*make)(const ProviderConfig&);
};
constexpr Row kWires[] = {
    {"openai", make_openai_chat},
};

}  // namespace

Result<std::shared_ptr<Model>> make_provider(const ProviderConfig& config) {
  std::string known;
  for (const Row& row : kWires) {
    if (row.wire == config.wire) return row.make(config);
    known += (known.empty() ? "" : ", ") + std::string(row.wire);
  }
  return Error{ErrorKind::usage, fmt::format("unknown provider wire '{}'", config.wire), "one of: " + known};
}

}  // namespace wright::agent
