// wright fix --test "CMD": patch search from the command line. Evidence on stderr, the unified diff (or JSON lines) on stdout.
#include <CLI/CLI.hpp>
#include <limits.h>
#include <nlohmann/json.hpp>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/utf8.h"
#include "daemon/cli/job_client.h"
#include "daemon/cli/positive.h"
#include "daemon/cli/verbs.h"

namespace wright::cli {

namespace {

constexpr const char* kHelp =
    "Searches for a patch that makes a failing test command pass, and verifies it by running the command.\n"
    "Candidates run in a sandboxed overlay of the folder: your files change only with --apply.\n\n"
    "  wright fix --test \"python3 -m unittest\"\n"
    "  wright fix --test \"node --test\" --files 'src/*.js' --apply     then: wright undo\n\n"
    "stdout: a unified diff (git apply takes it); stderr: where it looked, what was tried, the evidence.\n"
    "Exit status: 0 verified or already passing, 1 none found, 2 the command cannot be run, 130 interrupted.";

std::string shown(const std::string& text) { return utf8::escape_for_terminal(text, true); }

// A candidate on one line: "- a  + b".
std::string one_line(std::string text) {
  for (char& c : text)
    if (c == '\n') c = ' ';
  if (text.size() > 160) text = text.substr(0, utf8::complete_prefix(text.substr(0, 157))) + "...";
  return shown(text);
}

void show_progress(const daemon::Json& event) {
  const std::string kind = event.value("kind", ""), text = event.value("text", "");
  const auto red = colour(2, "\033[31m"), green = colour(2, "\033[32m"), dim = colour(2, "\033[2m"), off = colour(2, "\033[0m");
  const std::string runs = fmt::format("{:>4}/{}", event.value("runs", 0), event.value("max_runs", 0));
  if (kind == "phase") fmt::print(stderr, "{}  {}\n", runs, shown(text));
  else if (kind == "location") fmt::print(stderr, "          {}{}{}\n", dim, shown(text), off);
  else
    fmt::print(stderr, "{}  {}{:7}{} {}:{}  {}\n", runs, kind == "passed" ? green : red, kind == "passed" ? "passes" : kind == "refused" ? "refused" : "fails", off,
               shown(event.value("file", "")), event.value("line", 0), one_line(event.value("change", "")));
}

void show_evidence(const daemon::Json& result) {
  if (result.value("already_passing", false)) {
    fmt::print(stderr, "The tests pass already ({}).\n", shown(result.value("tests_before", "")));
    return;
  }
  for (const auto& refusal : result["refused"]) fmt::print(stderr, "Refused: {}\n", shown(refusal.value("reason", "")));
  if (!result.value("verified", false)) {
    fmt::print(stderr, "No patch was found: {} ({} of the runs tried a candidate, {:.1f} s).\n", shown(result.value("why_none", "")), result.value("candidates", 0),
               result.value("seconds", 0.0));
    return;
  }
  fmt::print(stderr, "\nThe patch passes the tests: {}. Before: {}. {} runs in {:.1f} s; {} of {} candidates passed.\n", shown(result.value("tests_after", "")),
             shown(result.value("tests_before", "")), result.value("runs", 0), result.value("seconds", 0.0), result.value("passing", 0), result.value("candidates", 0));
  fmt::print(stderr, "What changed: {}\n", shown(result.value("description", "")));
  if (result["runner_up"].is_object()) fmt::print(stderr, "Another that passes: {}\n{}", shown(result["runner_up"].value("description", "")), shown(result["runner_up"].value("diff", "")));
  if (result.value("applied", false)) fmt::print(stderr, "Applied. To take it back: wright undo {}\n", result.value("checkpoint", ""));
  else fmt::print(stderr, "Your files are unchanged. To apply: wright fix ... --apply, or pipe the diff into `git apply`; then `wright undo` takes it back.\n");
}

struct Options {
  std::string test, folder, model, order = "model", describe;
  std::vector<std::string> files;
  int max_runs = 200;
  double timeout = 300, test_timeout = 0;
  std::uint64_t seed = 0;
  bool json = false, apply = false, list = false;
};

daemon::Json parameters(const Options& options, const std::string& workspace) {
  return {{"workspace", workspace}, {"test", options.test}, {"files", options.files}, {"max_runs", options.max_runs}, {"timeout", options.timeout},
          {"test_timeout", options.test_timeout}, {"order", options.order}, {"seed", options.seed}, {"model", options.model}, {"description", options.describe},
          {"apply", options.apply}, {"list", options.list}};
}

}  // namespace

int verb_fix(const std::vector<std::string>& args) {
  Options options;
  CLI::App app(kHelp, "wright fix");
  app.add_option("--test", options.test, "shell command whose exit status 0 means that the tests pass")->required();
  app.add_option("--files", options.files, "glob of files that may change (repeatable); default: what the failing tests reach");
  app.add_option("--max-runs", options.max_runs, "executions of the command, all counted")->capture_default_str()->check(CLI::Range(1, 1'000'000));
  app.add_option("--timeout", options.timeout, "seconds for everything")->capture_default_str()->check(positive());
  app.add_option("--test-timeout", options.test_timeout, "seconds for one run; default: from the unpatched run")->check(positive());
  app.add_option("-C", options.folder, "the folder to work in");
  app.add_option("--model", options.model, "the model that ranks; default: the default model");
  app.add_option("--order", options.order, "model, prior or random (for measurements)")->check(CLI::IsMember({"model", "prior", "random"}));
  app.add_option("--seed", options.seed, "of --order random");
  app.add_option("--describe", options.describe, "what is wrong, in your words");
  app.add_flag("--json", options.json, "events as JSON lines on stdout, the result last");
  app.add_flag("--apply", options.apply, "write the verified patch; `wright undo` takes it back");
  app.add_flag("--list", options.list, "order the candidates and stop before trying them");
  std::vector<std::string> reversed(args.rbegin(), args.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return 0;
  } catch (const CLI::ParseError& error) {
    return fail({ErrorKind::usage, std::string("fix: ") + error.what(), "see `wright fix --help`"});
  }
  char folder[PATH_MAX];
  if (!::realpath(options.folder.empty() ? "." : options.folder.c_str(), folder))
    return fail({ErrorKind::not_found, "fix: there is no folder " + options.folder, "check -C"});
  const Context& context = interrupt_context();
  daemon::JobIo io;
  io.emit = [&](const daemon::Json& event) {
    if (options.json) fmt::print("{}\n", event.dump(-1, ' ', false, daemon::Json::error_handler_t::replace));
    else show_progress(event);
    fflush(options.json ? stdout : stderr);
  };
  io.ask = [](const daemon::Json&) -> Result<daemon::Json> { return Error{ErrorKind::refused, "fix asks nothing", ""}; };
  const auto result = run_client_job(context, "fix", parameters(options, folder), io);
  if (!result.ok()) return context.cancelled() ? 130 : fail(result.error());
  if (options.json) {
    fmt::print("{}\n", result->dump(-1, ' ', false, daemon::Json::error_handler_t::replace));
  } else {
    show_evidence(*result);
    fmt::print("{}", result->value("diff", ""));
  }
  return result->value("verified", false) || result->value("already_passing", false) || options.list ? 0 : 1;
}

}  // namespace wright::cli
