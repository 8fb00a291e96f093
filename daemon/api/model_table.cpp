#include "daemon/api/model_table.h"

#include <cctype>
#include <string>

namespace wright::daemon {
namespace {

constexpr ModelRow kModels[] = {
    {"smollm2-135m", true, "the default model: scores and fills, guided"},
    {"smollm2-360m", true, "guided"},
    {"smollm2-1.7b", true, "guided: it calls no tools reliably"},
    {"smollm-", true, "guided"},
    {"qwen2.5-0.5b", true, "guided"},
    {"gemma-3-270m", true, "guided"},
    {"tinyllama", true, "guided"},
};

}  // namespace

std::span<const ModelRow> model_table() { return kModels; }

bool is_guided(std::string_view name) {
  std::string low(name.substr(name.rfind('/') + 1));
  for (char& c : low) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const ModelRow& row : kModels)
    if (low.find(row.part) != std::string::npos) return row.guided;
  return false;
}

}  // namespace wright::daemon
