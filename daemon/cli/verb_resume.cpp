// wright resume ID PROMPT: goes on with a session.
#include <CLI/CLI.hpp>
#include <unistd.h>

#include "daemon/cli/interactive.h"
#include "daemon/cli/run_args.h"
#include "daemon/cli/verbs.h"

namespace wright::cli {
namespace {

constexpr const char* kHelp =
    "Goes on with an earlier session: its whole conversation is there.\n\n"
    "  wright resume last \"now add a test\"     one more task\n"
    "  wright resume 3f2a                       interactively; the beginning of an id is enough\n\n"
    "  wright resume 3f2a --mode auto \"run the tests\" --json\n\n"
    "`wright sessions` lists them.\n"
    "Exit status: as of `wright run`: 0 done, 1 not achieved, 2 usage or no such session, 3 refused for want of an approval,\n"
    "4 the model failed, 130 interrupted.";

}  // namespace

int verb_resume(const std::vector<std::string>& args) {
  RunArgs options;
  std::string prompt;
  options.session = "last";
  CLI::App app(kHelp, "wright resume");
  app.add_option("ID", options.session, "id of a session, the beginning of one, or last")->capture_default_str();
  app.add_option("PROMPT", prompt, "the next task; none: interactive");
  add_run_options(app, options);
  app.add_flag("--json", options.json, "events as JSON lines, ended by {\"type\":\"result\",...}");
  if (const auto code = parse_args(app, "resume", args)) return *code;
  if (!prompt.empty()) return run_and_show(options, prompt);
  if (!::isatty(STDIN_FILENO)) return fail({ErrorKind::usage, "resume: no task is given and stdin is no terminal", "say what to do: wright resume last \"...\""});
  return interactive(options);
}

}  // namespace wright::cli
