// The job "run": one turn of a session, from words to evidence. Events are the session's own (agent/events.h); questions go through
// io.ask: {"type":"approval",…} -> {"answer":"once|always|deny"}, {"type":"choice",…} -> {"index":n}.
#include <fmt/format.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "agent/evidence.h"
#include "agent/guided/guided.h"
#include "agent/session.h"
#include "base/json.h"
#include "base/utf8.h"
#include "daemon/api/event_pump.h"
#include "daemon/api/jobs.h"
#include "daemon/api/run_options.h"
#include "daemon/api/services.h"
#include "tools/exec/sandbox.h"
#include "tools/fs/workspace.h"

extern char** environ;

namespace wright::daemon {
namespace {

// A copy of the workspace for --patch, removed with the object. Times, modes and links are kept; blocks are shared where the file
// system can.
class WorkingCopy {
 public:
  static Result<std::unique_ptr<WorkingCopy>> make(const std::string& of) {
    std::string folder = (std::filesystem::temp_directory_path() / "wright-patch-XXXXXX").string();
    if (!::mkdtemp(folder.data())) return errno_error("make a folder for the copy", folder, errno);
    std::unique_ptr<WorkingCopy> copy(new WorkingCopy(folder));
    std::string from = of + "/.", to = copy->path();
    WRIGHT_CHECK(make_directories(to, 0700));
    char cp[] = "cp", all[] = "-a", shared[] = "--reflink=auto", end[] = "--";
    char* const argv[] = {cp, all, shared, end, from.data(), to.data(), nullptr};
    pid_t child = 0;
    int status = 0;
    if (const int code = ::posix_spawnp(&child, "cp", nullptr, nullptr, argv, environ); code != 0) return errno_error("run", "cp", code);
    if (::waitpid(child, &status, 0) != child || status != 0) return Error{ErrorKind::io, "cannot copy " + of + " for --patch", "is there room in " + folder + "?"};
    return copy;
  }
  ~WorkingCopy() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::string path() const { return folder_ + "/work"; }
  std::string state() const { return folder_ + "/state"; }

 private:
  explicit WorkingCopy(std::string folder) : folder_(std::move(folder)) {}
  const std::string folder_;
};

Result<std::unique_ptr<agent::Session>> open_session(agent::Store& store, const RunOptions& options, const std::string& model) {
  if (options.session.empty()) {
    agent::SessionRow row;
    row.workspace = options.workspace;
    row.model = model;
    row.mode = std::string(to_string(options.policy.mode));
    return agent::Session::create(store, std::move(row));
  }
  WRIGHT_TRY(const agent::SessionRow row, store.session(options.session, options.workspace));
  return agent::Session::open(store, row.id);
}

agent::AskUser approval_through(const JobIo& io, EventPump& pump, bool answers) {
  if (!answers || !io.ask) return {};
  return [&io, &pump](const agent::ApprovalQuestion& q) -> Result<agent::ApprovalAnswer> {
    pump.drain();
    WRIGHT_TRY(const Json reply, io.ask({{"type", "approval"}, {"tool", q.tool}, {"summary", q.summary}, {"detail", q.detail}, {"reason", q.reason}, {"always", q.key}}));
    WRIGHT_TRY(const std::string answer, JsonView(reply, "answer").string_or("answer", "deny"));
    return answer == "always" ? agent::ApprovalAnswer::always : answer == "once" ? agent::ApprovalAnswer::once : agent::ApprovalAnswer::deny;
  };
}

// A question of guided work: one of a few choices.
std::function<Result<std::size_t>(const std::string&, const std::vector<std::string>&)> choice_through(const JobIo& io, EventPump& pump, bool answers) {
  if (!answers || !io.ask) return {};
  return [&io, &pump](const std::string& question, const std::vector<std::string>& choices) -> Result<std::size_t> {
    pump.drain();
    WRIGHT_TRY(const Json reply, io.ask({{"type", "choice"}, {"question", question}, {"choices", choices}}));
    WRIGHT_TRY(const auto index, JsonView(reply, "answer").integer_or("index", -1));
    if (index < 0 || static_cast<std::size_t>(index) >= choices.size()) return Error{ErrorKind::refused, "no choice was made", ""};
    return static_cast<std::size_t>(index);
  };
}

Json usage_json(const agent::ModelUsage& u) {
  return {{"input_tokens", u.input}, {"cached_input_tokens", u.cached}, {"output_tokens", u.output}, {"reasoning_output_tokens", u.reasoning}, {"cost_usd", u.cost_usd}};
}

// The contract: 0 done, 1 not achieved, 3 it failed for want of an approval.
const char* status_of(const agent::LoopOutcome& outcome, bool patch) {
  if (!outcome.stopped_by.empty()) return "stopped";
  if (outcome.failed_for_denial) return "refused";
  if (!outcome.achieved || (patch && outcome.diff.empty())) return "not_achieved";
  return "done";
}

// Each byte as the code point of its value: JSON carries no other bytes, and a patch of a Latin-1 file must stay exact.
std::string bytes_as_text(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) utf8::append(out, static_cast<unsigned char>(c));
  return out;
}

Json result_json(const agent::Session& session, const agent::LoopOutcome& outcome, bool patch) {
  const std::string status = status_of(outcome, patch);
  Json out = {{"type", "result"}, {"status", status}, {"exit_code", status == "done" ? 0 : status == "refused" ? 3 : 1}, {"session", session.id()},
              {"turn", outcome.turn}, {"answer", outcome.answer}, {"diff", outcome.diff}, {"test_files", outcome.test_files}, {"steps", outcome.steps},
              {"stopped_by", outcome.stopped_by}, {"denied", outcome.denied}, {"denied_for", outcome.denied_for}, {"usage", usage_json(outcome.usage)}};
  if (!utf8::valid(outcome.diff)) out["diff_bytes"] = bytes_as_text(outcome.diff);
  out["undo"] = outcome.diff.empty() || patch ? "" : "wright undo " + outcome.turn;
  return out;
}

}  // namespace

Result<Json> run_run(const Context& context, Services& services, const JobRequest& job, const JobIo& io) {
  WRIGHT_TRY(RunOptions options, read_run_options(job));
  WRIGHT_TRY(const ChosenModel chosen, choose_model(services, options.model));
  std::unique_ptr<WorkingCopy> copy;
  if (options.patch) {
    WRIGHT_TRY(copy, WorkingCopy::make(options.workspace));
  }
  WRIGHT_TRY(auto workspace, tools::Workspace::open(copy ? copy->path() : options.workspace));
  options.policy.workspace = options.policy.cwd = workspace->path();
  auto commands = std::make_shared<tools::CommandPolicy>();
  commands->level = options.policy.sandbox;
  commands->environment = job.client.variables;
  commands->umask = job.client.umask;
  commands->hidden = {services.folders().state};
  workspace->commands = commands;
  WRIGHT_TRY(const auto checkpoints, agent::Checkpoints::open(copy ? copy->state() : services.folders().state, workspace->path()));
  WRIGHT_TRY(agent::Store* const store, services.store());
  WRIGHT_TRY(const auto session, open_session(*store, options, chosen.model->info().name));
  if (io.emit) io.emit({{"type", "session"}, {"id", session->id()}, {"workspace", options.workspace}, {"model", chosen.model->info().name}, {"mode", to_string(options.policy.mode)}});
  EventPump pump(session->bus(), io);
  if (!chosen.notice.empty()) WRIGHT_CHECK(session->append(agent::NoticeItem{chosen.notice}));
  agent::LoopRequest request{*session, *chosen.model, *workspace, checkpoints.get(), options.policy, approval_through(io, pump, options.answers), options.prompt};
  request.effort = options.effort;
  request.limits = options.limits;
  request.instructions_home = services.folders().config;
  const bool guided = chosen.model->info().guided;
  const auto outcome = guided ? agent::run_guided(context, {request, chosen.engine, choice_through(io, pump, options.answers)}) : agent::run_loop(context, request);
  pump.drain();
  if (!outcome.ok()) {
    Error error = outcome.error();
    if (error.next.empty() && error.kind == ErrorKind::cancelled) error.next = "`wright resume " + session->id() + "` goes on";
    return error;
  }
  if (!options.patch) return result_json(*session, *outcome, false);
  agent::LoopOutcome whole = *outcome;  // the events name binary files; the patch has their bytes
  WRIGHT_TRY(const auto changes, checkpoints->changes(outcome->turn));
  WRIGHT_TRY(whole.diff, agent::whole_diff_of(changes));
  return result_json(*session, whole, true);
}

}  // namespace wright::daemon
