// The jobs "undo" and "checkpoints": restore files, the conversation or both.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/checkpoint.h"
#include "agent/store.h"
#include "base/json.h"
#include "daemon/api/jobs.h"
#include "daemon/api/services.h"

namespace wright::daemon {
namespace {

Json to_json(const agent::Checkpoint& c) {
  return {{"id", c.id}, {"turn", c.turn}, {"session", c.session}, {"label", c.label}, {"time_ms", c.time_ms}, {"files", c.files}, {"undone", c.undone}, {"undoes", c.undoes}};
}

// Moves the head of the session that holds `turn` back to before it. `turn` empty: the newest turn of the workspace's last session.
Result<Json> rewind_conversation(agent::Store& store, const std::string& workspace, const std::string& session, std::string turn) {
  WRIGHT_TRY(const agent::SessionRow row, store.session(session.empty() ? "last" : session, workspace));
  WRIGHT_TRY(const std::vector<agent::Item> items, store.items(row.id));
  const auto is_turn = [&](const agent::Item& item) { return std::holds_alternative<agent::TurnItem>(item.body) && (turn.empty() || item.id == turn); };
  const auto at = std::find_if(items.rbegin(), items.rend(), is_turn);
  if (at == items.rend()) return Error{ErrorKind::not_found, "the conversation holds no such turn", "`wright sessions` lists conversations"};
  const auto index = static_cast<std::size_t>(items.rend() - at) - 1;
  WRIGHT_CHECK(store.rewind(row.id, index == 0 ? "" : items[index - 1].id));
  return Json{{"session", row.id}, {"turn", items[index].id}, {"prompt", std::get<agent::TurnItem>(items[index].body).prompt}};
}

}  // namespace

Result<Json> run_undo(const Context&, Services& services, const JobRequest& job, const JobIo&) {
  const JsonView params(job.params, "undo");
  WRIGHT_TRY(const std::string workspace, params.string_or("workspace", job.client.cwd));
  WRIGHT_TRY(std::string id, params.string_or("id", ""));
  WRIGHT_TRY(const bool files, params.boolean_or("files", true));
  WRIGHT_TRY(const bool conversation, params.boolean_or("conversation", false));
  WRIGHT_TRY(const bool force, params.boolean_or("force", false));
  Json out = {{"type", "result"}, {"restored", Json::array()}, {"removed", Json::array()}};
  std::string turn = id, session;
  WRIGHT_TRY(const auto checkpoints, agent::Checkpoints::open(services.folders().state, workspace));
  // The conversation goes back to before the turn whose files go back.
  WRIGHT_TRY(const auto known, checkpoints->list(100'000));
  for (const agent::Checkpoint& c : known) {
    const bool named = id.empty() ? !c.undone && c.undoes.empty() : c.id == id || c.turn == id;
    if (!named) continue;
    turn = c.turn;
    session = c.session;
    break;
  }
  if (files) {
    WRIGHT_TRY(const auto undone, checkpoints->undo(id, force));
    out["restored"] = undone.restored;
    out["removed"] = undone.removed;
    out["checkpoint"] = undone.checkpoint.id;
    out["label"] = undone.checkpoint.label;
  }
  if (conversation) {
    WRIGHT_TRY(agent::Store* const store, services.store());
    WRIGHT_TRY(out["conversation"], rewind_conversation(*store, workspace, files ? session : "", files ? turn : id));
  }
  return out;
}

Result<Json> run_checkpoints(const Context&, Services& services, const JobRequest& job, const JobIo&) {
  const JsonView params(job.params, "checkpoints");
  WRIGHT_TRY(const std::string workspace, params.string_or("workspace", job.client.cwd));
  WRIGHT_TRY(const std::int64_t limit, params.integer_or("limit", 50));
  WRIGHT_TRY(const auto checkpoints, agent::Checkpoints::open(services.folders().state, workspace));
  WRIGHT_TRY(const auto list, checkpoints->list(static_cast<std::size_t>(std::max<std::int64_t>(limit, 1))));
  Json out = {{"type", "result"}, {"checkpoints", Json::array()}};
  for (const agent::Checkpoint& c : list) out["checkpoints"].push_back(to_json(c));
  return out;
}

}  // namespace wright::daemon
