#include "agent/approval.h"

#include <nlohmann/json.hpp>

#include "agent/shell_policy.h"

namespace wright::agent {

namespace {

constexpr std::string_view kModes[] = {"plan", "ask", "auto-edit", "auto"};
constexpr std::string_view kDecisions[] = {"allow", "ask", "deny"};

}  // namespace

std::string_view to_string(Mode mode) { return kModes[static_cast<int>(mode)]; }
std::string_view to_string(Decision decision) { return kDecisions[static_cast<int>(decision)]; }

Result<Mode> mode_from_string(std::string_view text) {
  for (int i = 0; i < 4; ++i)
    if (kModes[i] == text) return static_cast<Mode>(i);
  return Error{ErrorKind::usage, "unknown mode '" + std::string(text) + "'", "one of plan, ask, auto-edit, auto"};
}

}  // namespace wright::agent
