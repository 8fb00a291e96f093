// What the daemon keeps for all its jobs. One a process; methods may be called from any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/run/engine.h"

namespace wright::agent {
class Model;
class Store;
}  // namespace wright::agent

namespace wright::daemon {

// Folders by XDG, or all under WRIGHT_HOME.
struct Folders {
  std::string config, state, cache, runtime;
  static Folders from_environment();
};

// Where engines run: in a supervised worker process (the daemon), or in this one.
enum class EnginePlace { worker, here };

class Services {
 public:
  explicit Services(Folders folders, EnginePlace place = EnginePlace::here);
  ~Services();
  const Folders& folders() const { return folders_; }

  // The engine for a model: a path, a name of the model table, or "" for the default. Opened once, shared.
  Result<std::shared_ptr<engine::Engine>> engine(const std::string& model);
  // Those that are open now.
  std::vector<std::shared_ptr<engine::Engine>> open_engines();
  // The session store, opened at its first use.
  Result<agent::Store*> store();

 private:
  Folders folders_;
  const EnginePlace place_;
  std::mutex mutex_;  // guards engines_ and store_
  std::map<std::string, std::shared_ptr<engine::Engine>> engines_;
  std::unique_ptr<agent::Store> store_;
};

// Where a model lies: an existing path, or a name looked up in the cache's models folder ("" = the default model).
Result<std::string> find_model(const Folders& folders, const std::string& model);

// Names of the models in the cache's models folder, sorted.
std::vector<std::string> list_models(const Folders& folders);

}  // namespace wright::daemon
