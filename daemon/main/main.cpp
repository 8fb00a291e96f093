// wright and wrightd: the same binary. The verb table (daemon/cli/verbs.cpp) says what each word does.
#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/cli/interactive.h"
#include "daemon/cli/verbs.h"
#include "engine/remote/worker.h"

namespace {

void print_help() {
  std::puts("wright: a coding assistant that lives on your machine\n\n"
            "  wright                      an interactive session in the current folder; takes --model, --mode, -C ... as run does\n"
            "  wright run \"fix the bug\"    one task\n"
            "  wright VERB --help          what a verb takes\n");
  std::string_view group;
  for (const auto& verb : wright::cli::verbs()) {
    if (verb.group != group) std::printf("%s%.*s\n", group.empty() ? "" : "\n", int(verb.group.size()), verb.group.data());
    group = verb.group;
    std::printf("  %-10.*s %.*s\n", int(verb.name.size()), verb.name.data(), int(verb.doc.size()), verb.doc.data());
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> args(argv + 1, argv + argc);
  const std::string_view program = argc > 0 ? argv[0] : "wright";
  if (program.ends_with("wrightd")) args.insert(args.begin(), "daemon");
  if (!args.empty() && (args[0] == "--version" || args[0] == "-V")) return std::puts("wright " WRIGHT_VERSION), 0;
  const bool terminal = ::isatty(STDIN_FILENO) && ::isatty(STDOUT_FILENO);
  if ((args.empty() && !terminal) || (!args.empty() && (args[0] == "--help" || args[0] == "-h" || args[0] == "help"))) return print_help(), 0;
  if (args.empty() || args[0].starts_with("-")) return wright::cli::verb_interactive(args);
  const std::string name = args[0];
  if (name == wright::engine::kWorkerVerb) return wright::engine::run_engine_worker();  // how a remote engine starts its worker
  for (const auto& verb : wright::cli::verbs())
    if (verb.name == name) return verb.run({args.begin() + 1, args.end()});
  return wright::cli::fail({wright::ErrorKind::usage, "unknown verb '" + name + "'", "see `wright --help`"});
}
