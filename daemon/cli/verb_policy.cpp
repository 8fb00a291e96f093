// wright policy: the decision about a tool call, from its text, the current folder and the flags alone. One JSON object on
// standard input, or one a line with --batch.
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "agent/approval.h"
#include "base/file.h"
#include "base/json.h"
#include "daemon/cli/verbs.h"

namespace wright::cli {

namespace {

Result<Json> judge(const agent::PolicyContext& context, std::string_view line) {
  WRIGHT_TRY(const Json call, parse_json(line, "the call"));
  const JsonView view(call);
  WRIGHT_TRY(const JsonView tool, view.at("tool"));
  WRIGHT_TRY(const std::string name, tool.string());
  WRIGHT_TRY(const JsonView args, view.at("args"));
  agent::Verdict verdict = agent::decide(context, name, args.raw());
  if (!context.trusted && verdict.decision == agent::Decision::ask) {
    agent::PolicyContext trusting = context;
    trusting.trusted = true;
    const agent::Verdict wider = agent::decide(trusting, name, args.raw());
    if (wider.decision == agent::Decision::allow) verdict.reason += "; " + wider.rule + " would allow it: --trusted lets allow rules count";
  }
  return Json{{"decision", agent::to_string(verdict.decision)}, {"reason", verdict.reason}, {"rule", verdict.rule}};
}

int batch(const agent::PolicyContext& context, std::string_view text) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    const auto verdict = judge(context, line);
    // A call that cannot be read is refused, and the line that says so stands in its place.
    puts(dump_json(verdict.ok() ? *verdict : Json{{"decision", "deny"}, {"reason", verdict.error().message}, {"rule", "built-in: arguments"}}).c_str());
  }
  return 0;
}

}  // namespace

int verb_policy(const std::vector<std::string>& args) {
  CLI::App app("Decides a tool call: {\"tool\":\"run_command\",\"args\":{\"command\":\"ls\"}} on standard input gives\n"
               "{\"decision\":\"allow|ask|deny\",\"reason\",\"rule\"}. Nothing runs and nothing but the rules file is read.", "wright policy");
  std::string mode = "ask", sandbox = "A", rules;
  bool trusted = false, many = false;
  app.add_option("--mode", mode, "plan (read only), ask, auto-edit or auto");
  app.add_option("--sandbox", sandbox, "the level that commands would run at: A, B or C");
  app.add_option("--rules", rules, "a JSON file {\"permissions\":{\"allow\":[...],\"ask\":[...],\"deny\":[...]}}, taken as the repository's own:\n"
                 "deny and ask rules count always, allow rules with --trusted");
  app.add_flag("--trusted", trusted, "the repository is trusted: its allow rules count too");
  app.add_flag("--batch", many, "one call a line, one decision a line");
  try {
    app.parse(std::vector<std::string>(args.rbegin(), args.rend()));
  } catch (const CLI::CallForHelp&) {
    fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& e) {
    return fail({ErrorKind::usage, std::string("policy: ") + e.what(), "see `wright policy --help`"});
  }
  agent::PolicyContext context;
  const auto parsed = agent::mode_from_string(mode);
  if (!parsed.ok()) return fail(parsed.error());
  context.mode = *parsed;
  if (sandbox.size() != 1 || sandbox[0] < 'A' || sandbox[0] > 'C')
    return fail({ErrorKind::usage, "policy: unknown sandbox level '" + sandbox + "'", "one of A, B, C"});
  context.sandbox = static_cast<tools::SandboxLevel>(sandbox[0] - 'A');
  context.trusted = trusted;
  char folder[PATH_MAX];
  if (!::getcwd(folder, sizeof folder)) return fail({ErrorKind::io, "policy: the current folder is gone", "change to another"});
  context.workspace = context.cwd = folder;
  const char* home = std::getenv("HOME");
  context.home = home && *home == '/' ? home : "/root";
  if (!rules.empty()) {
    const auto text = read_file(rules, 1 << 20);
    if (!text.ok()) return fail(text.error());
    const auto json = parse_json(*text, rules);
    if (!json.ok()) return fail(json.error());
    auto list = agent::parse_rules(*json, rules);
    if (!list.ok()) return fail(list.error());
    for (auto& rule : *list) rule.from_repository = true;
    context.rules = std::move(*list);
  }
  const auto input = read_stdin();
  if (!input.ok()) return fail(input.error());
  if (many) return batch(context, *input);
  const auto verdict = judge(context, *input);
  if (!verdict.ok()) return fail(verdict.error());
  puts(dump_json(*verdict).c_str());
  return 0;
}

}  // namespace wright::cli
