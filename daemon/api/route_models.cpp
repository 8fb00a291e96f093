#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "daemon/api/route_handlers.h"
#include "daemon/api/services.h"

namespace wright::daemon {
namespace {

Json model_row(const std::string& name) { return {{"id", name}, {"object", "model"}, {"created", 0}, {"owned_by", "local"}}; }

std::string without_suffix(std::string name) {
  if (name.ends_with(".gguf")) name.resize(name.size() - 5);
  return name;
}

}  // namespace

void route_models(DaemonState& state, const HttpRequest&, const Segments&, Responder& responder) {
  Json data = Json::array();
  for (const std::string& name : list_models(state.services.folders())) data.push_back(model_row(without_suffix(name)));
  reply_json(responder, 200, {{"object", "list"}, {"data", data}});
}

void route_model(DaemonState& state, const HttpRequest&, const Segments& segments, Responder& responder) {
  for (const std::string& name : list_models(state.services.folders()))
    if (without_suffix(name) == segments[0] || name == segments[0]) return reply_json(responder, 200, model_row(segments[0]));
  reply_error(responder, 404, fmt::format("the model '{}' does not exist", segments[0]), "model_not_found", "model");
}

}  // namespace wright::daemon
