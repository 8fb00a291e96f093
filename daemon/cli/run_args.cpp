#include "daemon/cli/run_args.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/utf8.h"
#include "daemon/cli/job_client.h"
#include "daemon/cli/run_json.h"
#include "daemon/cli/run_view.h"
#include "daemon/cli/positive.h"
#include "daemon/cli/verbs.h"

namespace wright::cli {
namespace {

void print_lines(const std::vector<daemon::Json>& lines) {
  for (const daemon::Json& line : lines) fmt::print("{}\n", dump_json(line));
  fflush(stdout);
}

// The diff as the bytes it has: "diff" is repaired for JSON, "diff_bytes" holds the rest.
std::string exact_diff(const daemon::Json& result) {
  const std::string text = result.value("diff_bytes", "");
  if (text.empty()) return result.value("diff", "");
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const utf8::Decoded one = utf8::decode(text, at);
    out += static_cast<char>(one.code);
    at += one.length;
  }
  return out;
}

void print_bytes(const std::string& bytes) {
  fwrite(bytes.data(), 1, bytes.size(), stdout);
  fflush(stdout);
}

// What a run's end says to whoever called it.
int end_of_run(const RunArgs& args, RunView& view, const Result<daemon::Json>& result) {
  if (!result.ok()) {
    if (args.json) print_lines(RunJson::last_lines(result.error()));
    return fail(result.error());
  }
  if (args.json) print_lines(RunJson::last_lines(*result));
  else view.finish(*result);
  if (args.patch && !args.json) print_bytes(exact_diff(*result));
  const int code = result->value("exit_code", 1);
  const std::string flag = result->value("denied_for", "");
  if (code == 3) fail({ErrorKind::refused, "the task needed an approval and no one could answer", flag.empty() ? "run it on a terminal" : "allow it with " + flag});
  if (args.patch && code == 1 && result->value("diff", "").empty()) fail({ErrorKind::failed, "no change was made", ""});
  return code;
}

}  // namespace

void add_run_options(CLI::App& app, RunArgs& args) {
  app.add_option("--model", args.model, "a model's path or name, or openai:NAME for a server; default: the default model");
  app.add_option("--base-url,--provider-url", args.base_url, "a server that speaks Chat Completions, e.g. http://127.0.0.1:8080/v1");
  app.add_option("--api-key-env", args.api_key_env, "the variable that holds its key")->capture_default_str();
  app.add_option("--effort", args.effort, "how long to think")->check(CLI::IsMember({"low", "medium", "high"}));
  app.add_option("--mode", args.mode, "what passes without a question: plan (reads only), ask, auto-edit, auto")->check(CLI::IsMember({"plan", "ask", "auto-edit", "auto"}))->capture_default_str();
  app.add_option("--allow", args.allow, "a rule, e.g. 'Bash(make:*)' or 'Edit(/tests/**)' (repeatable)");
  app.add_option("-C", args.folder, "the folder to work in");
  app.add_option("--max-steps", args.max_steps, "model calls at most")->check(positive());
  app.add_option("--max-tokens", args.max_tokens, "tokens read and written at most")->check(positive());
  app.add_option("--timeout", args.timeout, "seconds at most")->check(positive());
  app.add_option("--max-cost", args.max_cost, "US dollars at most, where the provider tells prices")->check(positive());
}

std::optional<int> parse_args(CLI::App& app, const char* verb, const std::vector<std::string>& args) {
  std::vector<std::string> reversed(args.rbegin(), args.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return 0;
  } catch (const CLI::ParseError& error) {
    return fail({ErrorKind::usage, fmt::format("{}: {}", verb, error.what()), app.get_name() == verb ? "see `wright --help`" : fmt::format("see `wright {} --help`", verb)});
  }
  return std::nullopt;
}

Result<daemon::Json> run_parameters(const RunArgs& args, const std::string& prompt) {
  char folder[PATH_MAX];
  if (!::realpath(args.folder.empty() ? "." : args.folder.c_str(), folder)) return Error{ErrorKind::not_found, "there is no folder " + args.folder, "check -C"};
  const char* key = ::getenv(args.api_key_env.c_str());
  const bool server = !args.base_url.empty() || args.model.starts_with("openai:");
  daemon::Json out = {{"prompt", prompt}, {"workspace", folder}, {"model", args.model}, {"base_url", args.base_url}, {"effort", args.effort}, {"mode", args.mode},
                      {"allow", args.allow}, {"patch", args.patch}, {"session", args.session}};
  if (server && key) out["api_key"] = key;
  if (args.max_steps) out["max_steps"] = args.max_steps;
  if (args.max_tokens) out["max_tokens"] = args.max_tokens;
  if (args.timeout > 0) out["timeout"] = args.timeout;
  if (args.max_cost > 0) out["max_cost"] = args.max_cost;
  out["answers"] = !args.json && ::isatty(STDIN_FILENO) && ::isatty(STDERR_FILENO);
  return out;
}

int run_and_show(const RunArgs& args, const std::string& prompt) {
  auto parameters = run_parameters(args, prompt);
  if (!parameters.ok()) return fail(parameters.error());
  RunView view(args.patch);
  view.show_diff = !args.patch;
  view.context = &interrupt_context();
  RunJson lines;
  daemon::JobIo io;
  io.emit = [&](const daemon::Json& event) {
    if (!args.json) return view.show(event);
    if (const auto line = lines.line(event)) print_lines({*line});
  };
  io.ask = [&](const daemon::Json& question) { return view.ask(question); };
  return end_of_run(args, view, run_client_job(interrupt_context(), "run", std::move(*parameters), io));
}

}  // namespace wright::cli
