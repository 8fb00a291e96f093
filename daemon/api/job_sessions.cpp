// The jobs "sessions" (the list) and "session" (one, with its items).
#include <nlohmann/json.hpp>

#include "agent/store.h"
#include "base/json.h"
#include "daemon/api/jobs.h"
#include "daemon/api/services.h"

namespace wright::daemon {
namespace {

Json to_json(const agent::SessionRow& row) {
  return {{"id", row.id}, {"parent", row.parent}, {"title", row.title}, {"workspace", row.workspace}, {"model", row.model}, {"mode", row.mode},
          {"created_ms", row.created_ms}, {"updated_ms", row.updated_ms}};
}

}  // namespace

Result<Json> run_sessions(const Context&, Services& services, const JobRequest& job, const JobIo&) {
  const JsonView params(job.params, "sessions");
  WRIGHT_TRY(const std::string workspace, params.string_or("workspace", ""));
  WRIGHT_TRY(const std::int64_t limit, params.integer_or("limit", 50));
  WRIGHT_TRY(agent::Store* const store, services.store());
  WRIGHT_TRY(const auto rows, store->sessions(static_cast<std::size_t>(std::max<std::int64_t>(limit, 1)), workspace));
  Json out = {{"type", "result"}, {"sessions", Json::array()}};
  for (const agent::SessionRow& row : rows) out["sessions"].push_back(to_json(row));
  return out;
}

Result<Json> run_session(const Context&, Services& services, const JobRequest& job, const JobIo&) {
  const JsonView params(job.params, "session");
  WRIGHT_TRY(const std::string id, params.string_or("id", "last"));
  WRIGHT_TRY(const std::string workspace, params.string_or("workspace", ""));
  WRIGHT_TRY(agent::Store* const store, services.store());
  WRIGHT_TRY(const agent::SessionRow row, store->session(id, workspace));
  WRIGHT_TRY(const auto items, store->items(row.id));
  Json out = to_json(row);
  out["type"] = "result";
  out["items"] = Json::array();
  for (const agent::Item& item : items) out["items"].push_back(agent::to_json(item));
  return out;
}

}  // namespace wright::daemon
