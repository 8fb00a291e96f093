#include "agent/gate.h"

#include <fmt/format.h>

#include "agent/prompts.h"
#include "agent/test_files.h"
#include "base/json.h"
#include "tools/tool.h"

namespace wright::agent {
namespace {

// The argument that says best what a call does.
constexpr const char* kTelling[] = {"command", "path", "file", "pattern", "query", "symbol", "name", "url"};

std::string telling_argument(const ToolCallItem& call) {
  if (!call.arguments.is_object()) return "";
  for (const char* key : kTelling)
    if (const auto it = call.arguments.find(key); it != call.arguments.end() && it->is_string()) return it->get<std::string>();
  return "";
}

// The change as a unified diff, for a call that edits files and would succeed now.
std::string diff_of(const Context& context, const LoopRequest& request, const ToolCallItem& call) {
  const tools::Tool* tool = tools::find_tool(call.name);
  if (!tool || tool->info.effect != tools::Effect::write || !tools::validate_arguments(tool->info, call.arguments).ok()) return "";
  tools::ToolCall preview{context.child(), request.workspace, call.arguments, {}, true};
  const tools::ToolResult result = tool->run(preview);
  return result.is_error || !result.data.is_object() ? "" : result.data.value("diff", "");
}

// Full text of what will happen: the command, the change or the arguments.
std::string detail_of(const Context& context, const LoopRequest& request, const ToolCallItem& call) {
  if (std::string diff = diff_of(context, request, call); !diff.empty()) return diff;
  if (!call.arguments.is_object()) return dump_json(call.arguments);
  if (const auto it = call.arguments.find("command"); it != call.arguments.end() && it->is_string()) return it->get<std::string>();
  std::string out;
  for (const auto& [key, value] : call.arguments.items())
    out += fmt::format("{}{}: {}", out.empty() ? "" : "\n", key, value.is_string() ? value.get<std::string>() : dump_json(value));
  return out;
}

Result<void> record(const LoopRequest& request, const ToolCallItem& call, std::string_view decision, const Verdict& verdict, const char* by) {
  WRIGHT_CHECK(request.session.append(ApprovalItem{call.call_id, std::string(decision), verdict.reason, verdict.rule, by}));
  return {};
}

constexpr const char* kTestRule = "built-in: test files";

// Edits of tests are asked for even where edits pass, unless the user asked for them or a rule names them.
Verdict with_test_guard(const LoopRequest& request, const ToolCallItem& call, Verdict verdict) {
  if (verdict.decision != Decision::allow || !verdict.rule.starts_with("built-in") || mentions_tests(request.prompt)) return verdict;
  for (const std::string& name : named_files(call))
    if (is_test_file(name)) return {Decision::ask, name + " is a test, CI or test configuration, and the task does not speak of tests", kTestRule};
  return verdict;
}

}  // namespace

std::string call_summary(const ToolCallItem& call) {
  const std::string telling = telling_argument(call);
  return telling.empty() ? call.name : call.name + " " + telling;
}

std::string flag_that_allows(const PolicyContext& policy, const ToolCallItem& call) {
  PolicyContext wider = policy;
  for (const Mode mode : {Mode::ask, Mode::auto_edit, Mode::automatic}) {
    wider.mode = mode;
    if (static_cast<int>(mode) > static_cast<int>(policy.mode) && decide(wider, call.name, call.arguments).decision == Decision::allow)
      return "--mode " + std::string(to_string(mode));
  }
  const std::string rule = rule_for_always(policy, call.name, call.arguments);
  if (rule.empty()) return "";
  auto parsed = parse_rule(Decision::allow, rule, "--allow");
  if (!parsed.ok()) return "";
  wider = policy;
  wider.rules.push_back(std::move(*parsed));
  return decide(wider, call.name, call.arguments).decision == Decision::allow ? "--allow '" + rule + "'" : "";
}

Result<Passage> pass_gate(const Context& context, const LoopRequest& request, const ToolCallItem& call) {
  const Verdict verdict = with_test_guard(request, call, decide(request.policy, call.name, call.arguments));
  if (verdict.decision == Decision::allow) return Passage{true, "", ""};
  if (verdict.decision == Decision::deny) {
    WRIGHT_CHECK(record(request, call, "deny", verdict, "policy"));
    return Passage{false, fmt::format("Refused by policy: {}. Take another way, or end and say what you could not do.", verdict.reason),
                   flag_that_allows(request.policy, call)};
  }
  // "always" holds for exactly this call, where policy can say what that is.
  const std::string key = rule_for_always(request.policy, call.name, call.arguments);
  if (!key.empty() && request.session.granted(key)) return Passage{true, "", ""};
  const ApprovalQuestion question{call.name, call_summary(call), detail_of(context, request, call), verdict.reason, key};
  Store& store = request.session.store();
  WRIGHT_TRY(const std::string id, store.ask_approval({"", request.session.id(), call.call_id,
                                                       {{"tool", question.tool}, {"summary", question.summary}, {"reason", question.reason}}, ""}));
  const Result<ApprovalAnswer> answer = request.ask ? request.ask(question) : Error{ErrorKind::refused, "no one can answer", ""};
  const bool yes = answer.ok() && *answer != ApprovalAnswer::deny;
  WRIGHT_CHECK(store.answer_approval(id, yes ? "allow" : "deny"));
  if (!answer.ok() && answer.error().kind != ErrorKind::refused) return answer.error();
  WRIGHT_CHECK(context.check());
  WRIGHT_CHECK(record(request, call, yes ? "allow" : "deny", verdict, answer.ok() ? "user" : "policy"));
  if (yes && *answer == ApprovalAnswer::always && !key.empty()) request.session.grant(key);
  if (yes) return Passage{true, "", ""};
  const std::string told = answer.ok() ? "The user refused this call. Do not repeat it; take another way, or end and ask what they want."
                                       : fmt::format("{} ({})", prompt_text("no_one"), verdict.reason);
  if (answer.ok()) return Passage{false, told, ""};
  return Passage{false, told, verdict.rule == kTestRule && !key.empty() ? "--allow '" + key + "'" : flag_that_allows(request.policy, call), true};
}

}  // namespace wright::agent
