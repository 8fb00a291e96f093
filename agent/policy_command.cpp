#include "agent/policy_command.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/policy_rules.h"
#include "tools/exec/path_names.h"
#include "tools/exec/plain_read.h"

namespace wright::agent {

namespace {

using tools::ShellCommand;

std::string normal_source(const std::string& source) {
  std::string out;
  for (const char c : source)
    if (!(c == ' ' || c == '\t') || (!out.empty() && out.back() != ' ')) out += c == '\t' ? ' ' : c;
  return out;
}

class CommandPolicyCheck {
 public:
  CommandPolicyCheck(const PolicyContext& context, std::string command, std::string cwd)
      : context_(context), command_(std::move(command)), cwd_(std::move(cwd)), read_(tools::read_shell(command_)), all_(candidates(command_)) {
    for (const auto& c : all_.commands) {
      if (c.words.size() < 2 || (c.words[0].text != "cd" && c.words[0].text != "pushd")) continue;
      if (folders_.size() < 16) folders_.push_back(tools::clean_path(c.words[1].text, cwd_, context_.home));
    }
  }

  Verdict decide() {
    for (const Decision d : {Decision::deny, Decision::ask})
      for (const auto& rule : context_.rules)
        if (rule.decision == d && hits(rule)) return {d, "a rule of " + rule.source + " says so", rule_text(rule)};
    const std::string unsafe = tools::unsafe_text(command_);
    if (unsafe == "a NUL byte") return {Decision::deny, "the command holds a NUL byte", "built-in: unsafe text"};
    const bool guarded = std::any_of(context_.rules.begin(), context_.rules.end(), [](const Rule& r) {
      return r.decision != Decision::allow && !r.pattern.empty() && rule_family(r.tool) == "Read";
    });
    const auto plain = tools::plain_read(command_, {context_.workspace, cwd_, context_.home, !guarded});
    std::string why = !unsafe.empty() ? "the command holds " + unsafe : plain.why;
    if (why.empty() && guarded && globs()) why = "a pattern may match a file that a rule names";
    if (why.empty() && context_.sandbox == tools::SandboxLevel::c) why = "no sandbox works here, so every command asks";
    if (why.empty()) return {Decision::allow, "it only reads inside the workspace", "built-in: plain read"};
    if (context_.mode == Mode::plan) return {Decision::deny, "mode plan only reads: " + why, "built-in: mode plan"};
    if (!unsafe.empty()) return {Decision::ask, why, "built-in: unsafe text"};
    if (!all_.complete) return {Decision::ask, "the command is over a limit of size, parts or nesting", "built-in: limits"};
    if (context_.sandbox == tools::SandboxLevel::c) return {Decision::ask, why, "built-in: sandbox C"};
    if (auto verdict = by_allow_rules(guarded)) return *verdict;
    if (context_.mode != Mode::automatic) return {Decision::ask, why, "built-in: mode " + std::string(to_string(context_.mode))};
    return automatic();
  }

 private:
  bool globs() const {
    return std::any_of(all_.commands.begin(), all_.commands.end(), [](const ShellCommand& c) {
      return std::any_of(c.words.begin(), c.words.end(), [](const tools::ShellWord& w) { return w.glob || !w.literal; });
    });
  }

  bool hits(const Rule& rule) const {
    const std::string family = rule_family(rule.tool);
    if (rule_covers(rule, "run_command")) {
      if (rule.pattern.empty() || command_matches(rule.pattern, command_)) return true;
      for (const auto& c : all_.commands) {
        std::string words = joined_words(c, true);
        if (command_matches(rule.pattern, words) || command_matches(rule.pattern, normal_source(c.source))) return true;
        const auto blank = std::min(words.find(' '), words.size());
        if (const auto slash = words.rfind('/', blank ? blank - 1 : 0); slash != words.npos && slash < blank)
          if (command_matches(rule.pattern, words.substr(slash + 1))) return true;
      }
      return false;
    }
    if ((family != "Read" && family != "Edit") || rule.pattern.empty()) return false;
    for (const auto& path : all_.paths) {
      if (path_matches(context_, rule.pattern, tools::clean_path(path, cwd_, context_.home))) return true;
      for (const auto& folder : folders_)
        if (path_matches(context_, rule.pattern, tools::clean_path(path, folder, context_.home))) return true;
    }
    return false;
  }

  std::optional<Verdict> by_allow_rules(bool guarded) const {
    if (read_.commands.empty() || (read_.oddities & ~(tools::kNewline | tools::kBackground))) return std::nullopt;
    const Rule* last = nullptr;
    for (const auto& c : read_.commands) {
      const Rule* rule = allowing(c);
      if (!rule && !tools::plain_read(c.source, {context_.workspace, cwd_, context_.home, !guarded}).why.empty()) return std::nullopt;
      if (rule) last = rule;
    }
    if (!last || (guarded && globs())) return std::nullopt;
    return Verdict{Decision::allow, "every part is allowed by a rule of " + last->source, rule_text(*last)};
  }

  const Rule* allowing(const ShellCommand& c) const {
    if (c.words.empty() || c.depth != 0) return nullptr;
    for (const auto& w : c.words)
      if (!w.literal) return nullptr;
    for (const auto& rule : context_.rules) {
      if (rule.decision != Decision::allow || (rule.from_repository && !context_.trusted) || !rule_covers(rule, "run_command")) continue;
      const std::string words = joined_words(c, false), source = normal_source(c.source);
      if (!command_matches(rule.pattern, source) && (words.empty() || !command_matches(rule.pattern, words))) continue;
      // What destroys work needs a rule that names it: `Bash(git:*)` does not cover `git reset`.
      const std::string why = why_destructive(context_, c, cwd_);
      const bool named = rule.pattern == source || (c.words.size() > 1 && rule.pattern.find(" " + c.words[1].text) != std::string::npos && why.starts_with("git "));
      if (why.empty() || named) return &rule;
    }
    return nullptr;
  }

  Verdict automatic() const {
    if (context_.sandbox != tools::SandboxLevel::a)
      return {Decision::ask, "mode auto runs commands only at sandbox level A", "built-in: mode auto"};
    for (const auto& c : all_.commands) {
      if (auto why = why_destructive(context_, c, cwd_); !why.empty()) return {Decision::ask, why, "built-in: destroys work"};
      if (!c.words.empty() && !c.words[0].literal) return {Decision::ask, "the program's name is not known yet", "built-in: mode auto"};
      for (const auto& r : c.redirects)
        if (const auto name = tools::control_name_in(r.target.text); !name.empty())
          return {Decision::ask, "it names the control file " + std::string(name), "built-in: control files"};
    }
    if (tools::unsafe_text(command_) != "") return {Decision::ask, "unsafe text", "built-in: unsafe text"};
    return {Decision::allow, "the sandbox contains it", "built-in: mode auto"};
  }

  const PolicyContext& context_;
  const std::string command_, cwd_;
  const tools::ShellText read_;
  const Candidates all_;
  std::vector<std::string> folders_;
};

}  // namespace

Verdict decide_command(const PolicyContext& context, const nlohmann::json& args) {
  const auto command = args.find("command");
  if (command == args.end() || !command->is_string())
    return {Decision::deny, "the call holds no command text", "built-in: arguments"};
  for (const auto& [name, unused] : args.items())
    if (name != "command" && name != "cwd" && name != "timeout_ms" && name != "description")
      return {Decision::deny, "the call holds an unknown argument: " + name.substr(0, 100), "built-in: arguments"};
  std::string cwd = context.workspace;  // where the tool runs a command that names no folder
  if (const auto given = args.find("cwd"); given != args.end() && !given->is_null()) {
    if (!given->is_string()) return {Decision::deny, "cwd is no text", "built-in: arguments"};
    cwd = tools::clean_path(given->get<std::string>(), context.workspace, context.home);
    if (!tools::path_inside(cwd, context.workspace) || !tools::unsafe_text(cwd).empty())
      return {Decision::deny, "the folder " + cwd + " lies outside the workspace", "built-in: folder of a command"};
  }
  std::string text = command->get<std::string>();
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return CommandPolicyCheck(context, std::move(text), std::move(cwd)).decide();
}

}  // namespace wright::agent
