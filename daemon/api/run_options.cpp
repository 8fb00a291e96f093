#include "daemon/api/run_options.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "tools/exec/sandbox.h"

namespace wright::daemon {
namespace {

Result<engine::Effort> effort_from(const std::string& text) {
  constexpr const char* kEfforts[] = {"", "low", "medium", "high"};
  for (int i = 0; i < 4; ++i)
    if (text == kEfforts[i]) return static_cast<engine::Effort>(i);
  return Error{ErrorKind::usage, "unknown effort '" + text + "'", "one of low, medium, high"};
}

Duration seconds(double s) { return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::min(s, 1e7))); }

}  // namespace

Result<RunOptions> read_run_options(const JobRequest& request) {
  const JsonView params(request.params, "run");
  RunOptions out;
  WRIGHT_TRY(out.prompt, params.string_or("prompt", ""));
  if (out.prompt.find_first_not_of(" \t\r\n") == std::string::npos) return Error{ErrorKind::usage, "the task is empty", "say what to do: wright run \"fix the failing test\""};
  WRIGHT_TRY(out.workspace, params.string_or("workspace", request.client.cwd));
  WRIGHT_TRY(out.session, params.string_or("session", ""));
  WRIGHT_TRY(out.model.model, params.string_or("model", ""));
  WRIGHT_TRY(out.model.base_url, params.string_or("base_url", ""));
  WRIGHT_TRY(out.model.api_key, params.string_or("api_key", ""));
  WRIGHT_TRY(const std::string effort, params.string_or("effort", ""));
  WRIGHT_TRY(out.effort, effort_from(effort));
  WRIGHT_TRY(const std::string mode, params.string_or("mode", "ask"));
  WRIGHT_TRY(out.policy.mode, agent::mode_from_string(mode));
  WRIGHT_TRY(const std::int64_t steps, params.integer_or("max_steps", limits::kAgentSteps));
  WRIGHT_TRY(out.limits.tokens, params.integer_or("max_tokens", 0));
  WRIGHT_TRY(const double timeout, params.number_or("timeout", 0));
  WRIGHT_TRY(out.limits.cost_usd, params.number_or("max_cost", 0));
  if (steps < 1 || out.limits.tokens < 0 || timeout < 0 || out.limits.cost_usd < 0) return params.error("limits must be positive");
  out.limits.steps = static_cast<int>(std::min<std::int64_t>(steps, 100'000));
  out.limits.time = seconds(timeout);
  WRIGHT_TRY(out.patch, params.boolean_or("patch", false));
  WRIGHT_TRY(out.answers, params.boolean_or("answers", false));
  if (params.has("allow")) {
    WRIGHT_TRY(const JsonView rules, params.at("allow"));
    for (std::size_t i = 0; i < rules.size(); ++i) {
      WRIGHT_TRY(const JsonView rule, rules.at(i));
      WRIGHT_TRY(const std::string text, rule.string());
      WRIGHT_TRY(agent::Rule parsed, agent::parse_rule(agent::Decision::allow, text, "--allow"));
      out.policy.rules.push_back(std::move(parsed));
    }
  }
  out.policy.sandbox = tools::sandbox_status().level;
  if (const auto home = request.client.variables.find("HOME"); home != request.client.variables.end()) out.policy.home = home->second;
  return out;
}

}  // namespace wright::daemon
