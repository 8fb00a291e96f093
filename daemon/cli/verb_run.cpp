// wright run "PROMPT": one task. Answers on stdout; tool calls, questions, diff and how to undo on stderr.
#include <CLI/CLI.hpp>
#include <unistd.h>

#include "daemon/cli/run_args.h"
#include "daemon/cli/verbs.h"

namespace wright::cli {
namespace {

constexpr const char* kHelp =
    "Carries out one task in the current folder: reads, edits, runs commands, as far as --mode lets it.\n\n"
    "  wright run \"add a --verbose option\"                     asks before it edits or runs anything\n"
    "  wright run --mode auto \"make the tests pass\"            commands run in the sandbox without questions\n"
    "  wright run --patch \"fix the typo\" > fix.diff            works on a copy; the diff on stdout\n"
    "  wright run --base-url http://127.0.0.1:8080/v1 --model qwen \"...\"   a server that speaks Chat Completions\n"
    "  OPENAI_API_KEY=... wright run --model openai:NAME \"...\"             OpenAI itself\n\n"
    "`wright undo` takes the whole task back. Without a terminal nobody can be asked: what needs a question is denied.\n"
    "Exit status: 0 done, 1 not achieved (an empty diff with --patch too), 2 usage, 3 refused for want of an approval,\n"
    "4 the model failed, 130 interrupted.";

}  // namespace

int verb_run(const std::vector<std::string>& args) {
  RunArgs options;
  std::string prompt;
  CLI::App app(kHelp, "wright run");
  app.add_option("PROMPT", prompt, "the task, in your words; - reads it from stdin")->required();
  add_run_options(app, options);
  app.add_flag("--json", options.json, "events as JSON lines, ended by {\"type\":\"result\",...}; schema: daemon/doc/run-events.schema.json");
  app.add_flag("--patch", options.patch, "work on a copy: the diff on stdout, the folder untouched");
  if (const auto code = parse_args(app, "run", args)) return *code;
  if (prompt == "-") {
    auto text = read_stdin();
    if (!text.ok()) return fail(text.error());
    prompt = std::move(*text);
  }
  return run_and_show(options, prompt);
}

}  // namespace wright::cli
