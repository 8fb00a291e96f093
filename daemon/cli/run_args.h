// The options that run, resume and the interactive session share, and the parameters of the job "run" made from them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/api/jobs.h"

namespace CLI {
class App;
}

namespace wright::cli {

struct RunArgs {
  std::string folder, model, base_url, api_key_env = "OPENAI_API_KEY", effort, mode = "ask", session;
  std::vector<std::string> allow;
  int max_steps = 0;
  std::int64_t max_tokens = 0;
  double timeout = 0, max_cost = 0;
  bool json = false, patch = false;
};

// --model, --base-url, --effort, --mode, --allow, -C and the limits.
void add_run_options(CLI::App& app, RunArgs& args);
// Parses; nothing when the verb should go on, else its exit code (help was printed, or the arguments are bad).
std::optional<int> parse_args(CLI::App& app, const char* verb, const std::vector<std::string>& args);

// `folder` resolved (a usable error when it does not exist), the key taken from the environment variable.
Result<daemon::Json> run_parameters(const RunArgs& args, const std::string& prompt);

// Runs the job with a terminal view or JSON lines; returns the exit code of the contract.
int run_and_show(const RunArgs& args, const std::string& prompt);

}  // namespace wright::cli
