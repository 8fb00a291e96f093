// The one policy layer: may this call run? Deny, then ask, then allow rules, first match; what no rule covers is decided by
// mode and by what the call does. Decided from text, cwd and flags alone. Pure functions, any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tools/exec/sandbox.h"

namespace wright::agent {

enum class Mode { plan, ask, auto_edit, automatic };
enum class Decision { allow, ask, deny };

std::string_view to_string(Mode mode);          // "plan", "ask", "auto-edit", "auto"
Result<Mode> mode_from_string(std::string_view text);
std::string_view to_string(Decision decision);  // "allow", "ask", "deny"

struct Rule {
  Decision decision = Decision::ask;
  std::string tool;     // "Bash" (run_command), "Read", "Edit", "WebFetch", "mcp__server__tool"; empty: any
  std::string pattern;  // Claude's syntax; empty: any arguments
  std::string source;   // where it stands, for messages
  bool from_repository = false;  // an allow rule of the workspace's own settings counts only when trusted
};
// "Bash(git diff:*)"; {"permissions":{"allow":[…],"ask":[…],"deny":[…]}}.
Result<Rule> parse_rule(Decision decision, std::string_view text, std::string source);
Result<std::vector<Rule>> parse_rules(const nlohmann::json& settings, std::string source);

struct PolicyContext {
  Mode mode = Mode::ask;
  tools::SandboxLevel sandbox = tools::SandboxLevel::a;
  std::vector<Rule> rules;
  bool trusted = false;  // the rules of the repository may widen
  bool guard_tests = false;  // edits of tests and test configuration ask: the user did not ask for them
  std::string workspace, cwd, home;  // absolute
};

struct Verdict {
  Decision decision = Decision::ask;
  std::string reason;  // for the user and the model
  std::string rule;    // the rule or built-in row that decided
};

Verdict decide(const PolicyContext& context, std::string_view tool, const nlohmann::json& args);
// The rule to store when the user answers "always": exactly this call, never a prefix; "" where none can be stored safely (a
// compound command, an expansion, a control file).
std::string rule_for_always(const PolicyContext& context, std::string_view tool, const nlohmann::json& args);

}  // namespace wright::agent
