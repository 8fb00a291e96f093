#include "agent/approval.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/policy_command.h"
#include "agent/policy_patch_names.h"
#include "agent/policy_rules.h"
#include "tools/exec/path_names.h"
#include "tools/fs/workspace.h"

namespace wright::agent {

namespace {

constexpr std::string_view kModes[] = {"plan", "ask", "auto-edit", "auto"};
constexpr std::string_view kDecisions[] = {"allow", "ask", "deny"};
constexpr std::string_view kPathKeys[] = {"path", "file", "file_path", "paths", "files", "folder", "dir", "from", "to", "old_path", "new_path",
                                          "notebook_path", "target"};
constexpr std::string_view kPatchKeys[] = {"patch", "input", "diff"};
// Tools that read facts of the workspace and take no path, or only plan.
constexpr std::string_view kReadsFacts[] = {"git_status", "git_log", "git_show", "repo_map", "symbols", "definition", "references", "update_plan"};
constexpr std::size_t kNameBytes = 255;

struct Target { std::string given, full, below; };

class ToolCheck {
 public:
  ToolCheck(const PolicyContext& context, std::string_view tool, const nlohmann::json& args)
      : context_(context), tool_(tool), family_(rule_family(tool)), args_(args) {}

  Verdict decide() {
    if (auto v = find_targets()) return *v;
    for (const Decision d : {Decision::deny, Decision::ask})
      for (const auto& rule : context_.rules)
        if (rule.decision == d && hits(rule)) return {d, "a rule of " + rule.source + " says so", rule_text(rule)};
    if (family_ == "Edit") return edit();
    if (family_ == "Read" || std::find(std::begin(kReadsFacts), std::end(kReadsFacts), tool_) != std::end(kReadsFacts)) return read();
    if (context_.mode == Mode::plan) return {Decision::deny, "mode plan only reads", "built-in: mode plan"};
    if (const Rule* rule = allowing()) return {Decision::allow, "allowed by a rule of " + rule->source, rule_text(*rule)};
    return {Decision::ask, family_ == "WebFetch" ? "it reaches out" : "what this tool does is not known", "built-in: other tools"};
  }

 private:
  void target(const std::string& given) {
    const std::string full = tools::clean_path(given, context_.workspace, context_.home);
    targets_.push_back({given, full, tools::path_inside(full, context_.workspace) ? tools::path_below(full, context_.workspace) : ""});
  }

  std::optional<Verdict> find_targets() {
    const auto refuse = [](std::string why) { return Verdict{Decision::deny, std::move(why), "built-in: paths"}; };
    for (const auto key : kPathKeys) {
      const auto value = args_.find(key);
      if (value == args_.end()) continue;
      if (value->is_string()) target(value->get<std::string>());
      if (value->is_array())
        for (const auto& v : *value)
          if (v.is_string()) target(v.get<std::string>());
    }
    if (tool_ == "apply_patch")
      for (const auto key : kPatchKeys)
        if (const auto value = args_.find(key); value != args_.end() && value->is_string()) {
          const auto names = patch_names(value->get<std::string>());
          if (!names.refused.empty()) return refuse("the patch is refused: " + names.refused);
          for (const auto& name : names.names) target(name);
        }
    if (family_ != "Read" && family_ != "Edit") return std::nullopt;
    for (const auto& t : targets_) {
      if (t.given.empty()) return refuse("the path is empty");
      if (const auto unsafe = tools::unsafe_text(t.given); !unsafe.empty()) return refuse("the path holds " + unsafe);
      if (t.given.find_first_of("\n\t") != std::string::npos) return refuse("the path holds a line break or a tab");
      if (!tools::path_inside(t.full, context_.workspace)) return refuse(t.given + " lies outside the workspace");
      for (std::size_t at = 0; at < t.full.size();) {
        const auto slash = std::min(t.full.find('/', at), t.full.size());
        if (slash - at > kNameBytes) return refuse("a name in the path is longer than 255 bytes");
        at = slash + 1;
      }
    }
    return std::nullopt;
  }

  bool covers_target(const Rule& rule, const Target& t) const { return path_matches(context_, rule.pattern, t.full); }

  // Deny and ask rules: one target is enough.
  bool hits(const Rule& rule) const {
    const std::string family = rule_family(rule.tool);
    const bool edits_too = family_ == "Edit" && family == "Read" && rule.decision == Decision::deny && !rule.pattern.empty();
    if (!rule_covers(rule, tool_) && !edits_too) return false;
    if (rule.pattern.empty()) return true;
    if (family_ == "WebFetch") return domain_matches(rule.pattern, url());
    return std::any_of(targets_.begin(), targets_.end(), [&](const Target& t) { return covers_target(rule, t); });
  }

  // Allow rules: every target must be covered, by this rule or another.
  const Rule* allowing() const {
    const auto usable = [&](const Rule& r) {
      return r.decision == Decision::allow && (!r.from_repository || context_.trusted) && rule_covers(r, tool_);
    };
    const Rule* last = nullptr;
    if (targets_.empty()) {
      for (const auto& rule : context_.rules)
        if (usable(rule) && (rule.pattern.empty() || (family_ == "WebFetch" && domain_matches(rule.pattern, url())))) return &rule;
      return nullptr;
    }
    for (const auto& t : targets_) {
      const auto found = std::find_if(context_.rules.begin(), context_.rules.end(), [&](const Rule& r) { return usable(r) && covers_target(r, t); });
      if (found == context_.rules.end()) return nullptr;
      last = &*found;
    }
    return last;
  }

  std::string url() const {
    for (const char* key : {"url", "uri"})
      if (const auto value = args_.find(key); value != args_.end() && value->is_string()) return value->get<std::string>();
    return "";
  }

  Verdict read() const {
    const Rule* rule = allowing();
    for (const auto& t : targets_)
      if (tools::likely_secret(t.below) && !(rule && !rule->pattern.empty()))
        return {Decision::ask, t.given + " may hold secrets", "built-in: secrets"};
    const bool searches = tool_ == "grep" || tool_ == "Grep" || tool_ == "git_diff";
    if (searches)
      for (const auto& r : context_.rules)
        if (r.decision != Decision::allow && rule_family(r.tool) == "Read" && !r.pattern.empty())
          return {Decision::ask, "it may show files that the rule " + rule_text(r) + " names", rule_text(r)};
    return {Decision::allow, "it only reads inside the workspace", "built-in: reading"};
  }

  Verdict edit() const {
    if (targets_.empty()) return {Decision::deny, "the call names no file", "built-in: arguments"};
    for (const auto& t : targets_) {
      if (tools::Workspace::in_git_folder(t.below)) return {Decision::deny, t.given + " belongs to git", "built-in: git's own files"};
      if (tools::control_name_in(t.below) == ".gitmodules") return {Decision::deny, t.given + " configures git", "built-in: git's own files"};
    }
    if (context_.mode == Mode::plan) return {Decision::deny, "mode plan only reads", "built-in: mode plan"};
    const Rule* rule = allowing();
    for (const auto& t : targets_) {
      const auto name = tools::control_name_in(t.below);
      const bool secret = tools::likely_secret(t.below);
      // A rule must name a control file to cover it: `Edit` or `Edit(**)` does not.
      if (!name.empty() && !(rule && rule->pattern.find(name) != std::string::npos))
        return {Decision::ask, t.given + " is a control file: it changes what programs run or agents obey", "built-in: control files"};
      if (secret && !(rule && !rule->pattern.empty())) return {Decision::ask, t.given + " may hold secrets", "built-in: secrets"};
    }
    if (rule) return {Decision::allow, "allowed by a rule of " + rule->source, rule_text(*rule)};
    if (context_.guard_tests)
      for (const auto& t : targets_)
        if (tools::test_file(t.below)) return {Decision::ask, t.given + " belongs to the tests, whose change was not asked for", "built-in: tests"};
    const std::string mode = "built-in: mode " + std::string(to_string(context_.mode));
    if (context_.mode == Mode::ask) return {Decision::ask, "it changes " + targets_.front().given, mode};
    return {Decision::allow, "edits inside the workspace need no question", mode};
  }

  const PolicyContext& context_;
  const std::string_view tool_;
  const std::string family_;
  const nlohmann::json& args_;
  std::vector<Target> targets_;
};

}  // namespace

std::string_view to_string(Mode mode) { return kModes[static_cast<int>(mode)]; }
std::string_view to_string(Decision decision) { return kDecisions[static_cast<int>(decision)]; }

Result<Mode> mode_from_string(std::string_view text) {
  for (int i = 0; i < 4; ++i)
    if (kModes[i] == text) return static_cast<Mode>(i);
  return Error{ErrorKind::usage, "unknown mode '" + std::string(text) + "'", "one of plan, ask, auto-edit, auto"};
}

Verdict decide(const PolicyContext& context, std::string_view tool, const nlohmann::json& args) {
  if (!args.is_object()) return {Decision::deny, "the arguments are no object", "built-in: arguments"};
  if (rule_family(tool) == "Bash") return decide_command(context, args);
  return ToolCheck(context, tool, args).decide();
}

std::string rule_for_always(const PolicyContext& context, std::string_view tool, const nlohmann::json& args) {
  if (!args.is_object()) return "";
  const std::string family = rule_family(tool);
  const auto text = [&](const char* key) { return args.contains(key) && args[key].is_string() ? args[key].get<std::string>() : std::string(); };
  if (family == "Bash") {
    const std::string command = text("command");
    const auto read = tools::read_shell(command);
    if (read.oddities || read.commands.size() != 1 || command.find('*') != command.npos || command.ends_with(")") ||
        !tools::unsafe_text(command).empty() || !why_destructive(context, read.commands[0], context.cwd).empty())
      return "";
    return "Bash(" + read.commands[0].source + ")";
  }
  const std::string path = text("path");
  if (family == "Edit" && !path.empty() && tool != "apply_patch" && tools::unsafe_text(path).empty() && path.find_first_of("*?[]\\()\n") == path.npos) {
    const std::string full = tools::clean_path(path, context.workspace, context.home);
    if (tools::path_inside(full, context.workspace) && tools::control_name_in(tools::path_below(full, context.workspace)).empty())
      return "Edit(/" + tools::path_below(full, context.workspace) + ")";
  }
  return tool.starts_with("mcp__") ? std::string(tool) : "";
}

}  // namespace wright::agent
