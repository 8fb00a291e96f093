#include <nlohmann/json.hpp>

#include "agent/store.h"
#include "daemon/api/route_handlers.h"
#include "daemon/api/services.h"

namespace wright::daemon {

void route_sessions(DaemonState& state, const HttpRequest&, const Segments&, Responder& responder) {
  auto store = state.services.store();
  if (!store.ok()) return reply_error(responder, store.error());
  auto rows = (*store)->sessions(200);
  if (!rows.ok()) return reply_error(responder, rows.error());
  Json data = Json::array();
  for (const auto& row : *rows)
    data.push_back({{"id", row.id}, {"title", row.title}, {"workspace", row.workspace}, {"model", row.model}, {"mode", row.mode},
                    {"created_ms", row.created_ms}, {"updated_ms", row.updated_ms}});
  reply_json(responder, 200, {{"data", data}});
}

void route_session(DaemonState& state, const HttpRequest&, const Segments& segments, Responder& responder) {
  auto store = state.services.store();
  if (!store.ok()) return reply_error(responder, store.error());
  auto row = (*store)->session(segments[0]);
  if (!row.ok()) return reply_error(responder, row.error());
  auto items = (*store)->items(row->id);
  if (!items.ok()) return reply_error(responder, items.error());
  Json list = Json::array();
  for (const auto& item : *items) list.push_back(agent::to_json(item));
  reply_json(responder, 200, {{"id", row->id}, {"title", row->title}, {"workspace", row->workspace}, {"items", list}});
}

}  // namespace wright::daemon
