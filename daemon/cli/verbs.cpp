#include "daemon/cli/verbs.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "base/file.h"

namespace wright::cli {

// One file each: verb_NAME.cpp.
int verb_run(const std::vector<std::string>& args);
int verb_fix(const std::vector<std::string>& args);
int verb_undo(const std::vector<std::string>& args);
int verb_apply(const std::vector<std::string>& args);
int verb_map(const std::vector<std::string>& args);
int verb_policy(const std::vector<std::string>& args);
int verb_sandbox(const std::vector<std::string>& args);
int verb_eval(const std::vector<std::string>& args);
int verb_tokenize(const std::vector<std::string>& args);
int verb_render(const std::vector<std::string>& args);
int verb_parse(const std::vector<std::string>& args);
int verb_inspect(const std::vector<std::string>& args);
int verb_bench(const std::vector<std::string>& args);
int verb_models(const std::vector<std::string>& args);
int verb_lsp(const std::vector<std::string>& args);
int verb_sessions(const std::vector<std::string>& args);
int verb_resume(const std::vector<std::string>& args);
int verb_status(const std::vector<std::string>& args);
int verb_stop(const std::vector<std::string>& args);
int verb_doctor(const std::vector<std::string>& args);
int verb_daemon(const std::vector<std::string>& args);

namespace {

constexpr Verb kVerbs[] = {
    {"run", "Work", "one task from plain words", verb_run},
    {"fix", "Work", "verified patch search: make a failing test pass", verb_fix},
    {"undo", "Work", "restore files, the conversation or both", verb_undo},
    {"apply", "Work", "apply a patch or a model's reply to the current folder", verb_apply},
    {"map", "Repository", "the repository map: symbols by rank", verb_map},
    {"policy", "Safety", "what the policy says of a tool call", verb_policy},
    {"sandbox", "Safety", "run a command as a tool call would", verb_sandbox},
    {"eval", "Engine", "logits and greedy ids of a model", verb_eval},
    {"tokenize", "Engine", "text to token ids and back", verb_tokenize},
    {"render", "Engine", "render a chat template", verb_render},
    {"parse", "Engine", "parse a model's replies", verb_parse},
    {"inspect", "Engine", "header, op list and memory plan of a model", verb_inspect},
    {"bench", "Engine", "speed of a model on this machine", verb_bench},
    {"models", "Engine", "models that are here", verb_models},
    {"lsp", "Doors", "Language Server Protocol on stdio", verb_lsp},
    {"sessions", "Daemon", "past sessions", verb_sessions},
    {"resume", "Daemon", "go on with a session", verb_resume},
    {"status", "Daemon", "what the daemon is doing", verb_status},
    {"stop", "Daemon", "end the daemon", verb_stop},
    {"doctor", "Daemon", "check this machine and say what to do", verb_doctor},
    {"daemon", "Daemon", "run the daemon in the foreground", verb_daemon},
};

}  // namespace

std::span<const Verb> verbs() { return kVerbs; }

int fail(const Error& error) {
  fprintf(stderr, "wright: %s\n", error.text().c_str());
  return exit_code(error.kind);
}

std::string_view colour(int fd, std::string_view escape) {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool plain = (no_colour && *no_colour) || !term || std::string_view(term) == "dumb" || !::isatty(fd);
  return plain ? std::string_view() : escape;
}

Result<std::string> read_stdin() { return read_fd(STDIN_FILENO, "standard input"); }

const Context& interrupt_context() {
  static const Context context;
  static const bool started = [] {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);  // before any other thread starts, so that all inherit it
    std::thread([set] {
      for (int seen = 0;; ++seen) {
        int signal = 0;
        sigwait(&set, &signal);
        if (seen > 0) _exit(130);
        context.cancel();
      }
    }).detach();
    return true;
  }();
  (void)started;
  return context;
}

}  // namespace wright::cli
