#include "daemon/api/services.h"
#include "engine/remote/remote_engine.h"

namespace wright::daemon {

Result<std::shared_ptr<engine::Engine>> Services::engine(const std::string& model) {
  WRIGHT_TRY(const std::string path, find_model(folders_, model));
  std::lock_guard lock(mutex_);  // also keeps two callers from loading one model twice
  if (const auto found = engines_.find(path); found != engines_.end()) return found->second;
  engine::EngineOptions options;
  options.model_path = path;
  WRIGHT_TRY(std::shared_ptr<engine::Engine> opened,
             place_ == EnginePlace::worker ? engine::open_remote_engine(options) : engine::open_local_engine(options));
  engines_.emplace(path, opened);
  return opened;
}

}  // namespace wright::daemon
