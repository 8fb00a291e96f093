// The job "fix": patch search with progress as events; --apply goes through a checkpoint, so that undo restores.
#include <nlohmann/json.hpp>

#include "agent/checkpoint.h"
#include "agent/search/search.h"
#include "base/json.h"
#include "daemon/api/jobs.h"
#include "daemon/api/services.h"
#include "tools/fs/workspace.h"

namespace wright::daemon {

namespace {

using agent::FixProgress;

constexpr const char* kKinds[] = {"phase", "location", "candidate", "passed", "refused"};

Json to_json(const FixProgress& progress) {
  Json out{{"type", "fix"}, {"kind", kKinds[static_cast<int>(progress.kind)]}, {"text", progress.text}, {"runs", progress.runs}, {"max_runs", progress.max_runs}};
  if (!progress.file.empty()) 
    out.update({{"file", progress.file}, {"line", progress.line}, {"change", progress.change}, {"operator", progress.op}, {"score", progress.score},
                {"model", progress.model}, {"prior", progress.prior}, {"ok", progress.ok}});
  if (!progress.reading.empty()) out["reading"] = progress.reading;
  return out;
}

Json to_json(const agent::FixReport& report) {
  Json out{{"type", "result"},
           {"verified", report.verified},
           {"already_passing", report.already_passing},
           {"diff", report.patch.diff},
           {"description", report.patch.description},
           {"runs", report.runs},
           {"first_pass", report.first_pass},
           {"candidates", report.candidates},
           {"passing", report.passing},
           {"seconds", report.seconds},
           {"seconds_per_test", report.seconds_per_test},
           {"tests_before", report.tests_before},
           {"tests_after", report.already_passing ? report.tests_before : report.patch.tests_after},
           {"refused", Json::array()},
           {"runner_up", nullptr},
           {"looked_at", report.looked_at},
           {"why_none", report.why_none}};
  for (const auto& refusal : report.refused) out["refused"].push_back({{"diff", refusal.diff}, {"reason", refusal.reason}});
  if (!report.runner_up.empty()) out["runner_up"] = {{"diff", report.runner_up[0].diff}, {"description", report.runner_up[0].description}};
  return out;
}

Result<agent::FixRequest> read_request(const JobRequest& job, Services& services, const JobIo& io) {
  const JsonView params(job.params);
  agent::FixRequest request;
  WRIGHT_TRY(request.workspace, params.string_or("workspace", job.client.cwd));
  WRIGHT_TRY(request.cwd, params.string_or("cwd", request.workspace));
  WRIGHT_TRY(request.test, params.string_or("test", ""));
  WRIGHT_TRY(request.description, params.string_or("description", ""));
  WRIGHT_TRY(request.order, params.string_or("order", "model"));
  WRIGHT_TRY(const auto runs, params.integer_or("max_runs", 200));
  WRIGHT_TRY(const double timeout, params.number_or("timeout", 300));
  WRIGHT_TRY(const double test_timeout, params.number_or("test_timeout", 0));
  WRIGHT_TRY(const auto seed, params.integer_or("seed", 0));
  WRIGHT_TRY(request.list_only, params.boolean_or("list", false));
  if (runs < 1 || timeout <= 0 || test_timeout < 0) return params.error("max_runs, timeout and test_timeout must be positive");
  if (request.order != "model" && request.order != "prior" && request.order != "random") return params.error("order is model, prior or random");
  request.max_runs = static_cast<int>(std::min<std::int64_t>(runs, 1'000'000));
  request.timeout = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::min(timeout, 1e6)));
  request.test_timeout = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::min(test_timeout, 1e6)));
  request.seed = static_cast<std::uint64_t>(seed);
  if (params.has("files")) {
    WRIGHT_TRY(const JsonView files, params.at("files"));
    for (std::size_t i = 0; i < files.size(); ++i) {
      WRIGHT_TRY(const JsonView one, files.at(i));
      WRIGHT_TRY(std::string glob, one.string());
      request.files.push_back(std::move(glob));
    }
  }
  request.commands.level = tools::sandbox_status().level;
  request.commands.environment = job.client.variables;
  request.commands.umask = job.client.umask;
  if (request.order == "model") {
    WRIGHT_TRY(const std::string model, params.string_or("model", ""));
    auto engine = services.engine(model);
    if (engine.ok()) request.engine = std::move(*engine);
    else if (!model.empty()) return engine.error();
    else io.emit({{"type", "fix"}, {"kind", "phase"}, {"text", "without a model, in the operators' own order: " + engine.error().text()}, {"runs", 0}, {"max_runs", request.max_runs}});
  }
  return request;
}

// Writes the patch through a checkpoint; the checkpoint's id. A file that changed since the search read it is a conflict.
Result<std::string> apply(Services& services, const agent::FixRequest& request, const agent::FixPatch& patch) {
  WRIGHT_TRY(const auto workspace, tools::Workspace::open(request.workspace));
  WRIGHT_TRY(const auto checkpoints, agent::Checkpoints::open(services.folders().state, request.workspace));
  std::vector<std::string> names;
  for (const auto& [name, bytes] : patch.files) {
    WRIGHT_TRY(const std::string now, workspace->read(name));
    if (const auto before = patch.before.find(name); before == patch.before.end() || before->second != now)
      return Error{ErrorKind::conflict, name + " changed while the search ran", "run it again, or apply the diff by hand"};
    names.push_back(name);
  }
  WRIGHT_TRY(const agent::Checkpoint checkpoint, checkpoints->before_edit("", "fix: " + patch.description, names));
  for (const auto& [name, bytes] : patch.files) WRIGHT_CHECK(workspace->write(name, bytes));
  const auto finished = checkpoints->after_command(checkpoint);
  if (!finished.ok()) return finished.error();
  return checkpoint.id;
}

}  // namespace

Result<Json> run_fix(const Context& context, Services& services, const JobRequest& job, const JobIo& io) {
  WRIGHT_TRY(const agent::FixRequest request, read_request(job, services, io));
  WRIGHT_TRY(const bool wants_apply, JsonView(job.params).boolean_or("apply", false));
  WRIGHT_TRY(const agent::FixReport report, agent::fix(context, request, [&](const FixProgress& progress) { io.emit(to_json(progress)); }));
  Json out = to_json(report);
  WRIGHT_TRY(const bool with_files, JsonView(job.params).boolean_or("with_files", false));  // for editors, which apply it themselves
  if (with_files) {
    out["files"] = Json::object();
    for (const auto& [name, bytes] : report.patch.files) out["files"][name] = bytes;
  }
  if (report.verified && wants_apply) {
    WRIGHT_TRY(const std::string id, apply(services, request, report.patch));
    out["applied"] = true;
    out["checkpoint"] = id;
  }
  return out;
}

}  // namespace wright::daemon
