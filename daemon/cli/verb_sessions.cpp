// wright sessions: past conversations, newest first.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <time.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/utf8.h"
#include "daemon/cli/job_client.h"
#include "daemon/cli/run_args.h"
#include "daemon/cli/positive.h"
#include "daemon/cli/verbs.h"

namespace wright::cli {
namespace {

constexpr const char* kHelp =
    "Lists past sessions of this folder, newest first: id, time, first task.\n\n"
    "  wright sessions                  the last 20 of this folder\n"
    "  wright sessions --all -n 100     of every folder\n"
    "  wright sessions --show last      everything that was said and done in the last one, as JSON\n\n"
    "`wright resume ID` goes on with one; the beginning of an id is enough.\n"
    "Exit status: 0 done, 1 they cannot be read, 2 usage or no such session.";

}  // namespace

int verb_sessions(const std::vector<std::string>& args) {
  bool json = false, all = false;
  std::string show;
  int limit = 20;
  RunArgs here;
  CLI::App app(kHelp, "wright sessions");
  app.add_flag("--json", json, "as JSON");
  app.add_flag("--all", all, "of every folder");
  app.add_option("--show", show, "one session with all its items, as JSON: its id, the beginning of it, or last");
  app.add_option("-C", here.folder, "the folder");
  app.add_option("-n", limit, "how many")->capture_default_str()->check(positive());
  if (const auto code = parse_args(app, "sessions", args)) return *code;
  auto parameters = run_parameters(here, "");
  if (!parameters.ok()) return fail(parameters.error());
  daemon::Json ask = {{"limit", limit}, {"workspace", all ? "" : (*parameters)["workspace"].get<std::string>()}};
  if (!show.empty()) ask["id"] = show;
  const auto result = run_client_job(interrupt_context(), show.empty() ? "sessions" : "session", ask, {});
  if (!result.ok()) return fail(result.error());
  if (json || !show.empty()) {
    fmt::print("{}\n", dump_json(*result, 2));
    return 0;
  }
  const daemon::Json& rows = (*result)["sessions"];
  if (rows.empty()) fmt::print(stderr, "No sessions{} yet.\n", all ? "" : " in this folder");
  for (const daemon::Json& row : rows) {
    const time_t at = row.value("updated_ms", std::int64_t{0}) / 1000;
    tm local{};
    char when[32];
    ::localtime_r(&at, &local);
    ::strftime(when, sizeof when, "%Y-%m-%d %H:%M", &local);
    fmt::print("{}  {}  {}{}\n", row.value("id", ""), when, utf8::escape_for_terminal(row.value("title", ""), false), all ? "  (" + utf8::escape_for_terminal(row.value("workspace", ""), false) + ")" : "");
  }
  return 0;
}

}  // namespace wright::cli
