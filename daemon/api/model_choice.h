// Which model answers a job: a server that speaks Chat Completions when a base URL or "openai:NAME" is given, else the engine of this
// process. A local model never falls to a hosted one. Keys come with the request and are kept in memory only.
#pragma once

#include <memory>
#include <string>

#include "agent/model.h"
#include "daemon/api/services.h"

namespace wright::daemon {

struct ModelWish {
  std::string model;     // a path or name; "openai:NAME"; "" : the default
  std::string base_url;  // "http://127.0.0.1:8080/v1"
  std::string api_key;
};

struct ChosenModel {
  std::shared_ptr<agent::Model> model;
  std::shared_ptr<engine::Engine> engine;  // null for a server
  std::string notice;                      // who gets what, when it leaves this machine
};

Result<ChosenModel> choose_model(Services& services, const ModelWish& wish);

}  // namespace wright::daemon
