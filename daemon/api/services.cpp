#include "daemon/api/services.h"

#include <dirent.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "agent/store.h"
#include "base/file.h"

namespace wright::daemon {
namespace {

constexpr const char* kDefaultModel = "SmolLM2-135M-Instruct-Q4_1.gguf";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// XDG: a relative path in the variable is ignored, as the specification says.
std::string xdg(const char* name, const std::string& fallback) {
  const std::string value = variable(name);
  return (!value.empty() && value[0] == '/' ? value : variable("HOME") + fallback) + "/wright";
}

}  // namespace

Folders Folders::from_environment() {
  if (const std::string home = variable("WRIGHT_HOME"); !home.empty())
    return {home + "/config", home + "/state", home + "/cache", home + "/run"};
  Folders folders{xdg("XDG_CONFIG_HOME", "/.config"), xdg("XDG_STATE_HOME", "/.local/state"), xdg("XDG_CACHE_HOME", "/.cache"), ""};
  const std::string runtime = variable("XDG_RUNTIME_DIR");
  folders.runtime = !runtime.empty() && runtime[0] == '/' ? runtime + "/wright" : folders.state + "/run";
  return folders;
}

Services::Services(Folders folders, EnginePlace place) : folders_(std::move(folders)), place_(place) {}
Services::~Services() = default;

std::vector<std::shared_ptr<engine::Engine>> Services::open_engines() {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<engine::Engine>> out;
  for (const auto& [path, engine] : engines_) out.push_back(engine);
  return out;
}

Result<agent::Store*> Services::store() {
  std::lock_guard lock(mutex_);
  if (!store_) {
    WRIGHT_TRY(store_, agent::Store::open(folders_.state + "/sessions.db"));
  }
  return store_.get();
}

std::vector<std::string> list_models(const Folders& folders) {
  std::vector<std::string> names;
  DIR* folder = ::opendir((folders.cache + "/models").c_str());
  if (!folder) return names;
  while (const dirent* entry = ::readdir(folder)) {
    const std::string name = entry->d_name;
    const std::string path = folders.cache + "/models/" + name;
    if (name[0] != '.' && (name.ends_with(".gguf") || exists(path + "/config.json"))) names.push_back(name);
  }
  ::closedir(folder);
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::string> find_model(const Folders& folders, const std::string& model) {
  if (!model.empty() && (model.find('/') != std::string::npos || exists(model)) && exists(model)) return model;
  const std::string name = model.empty() ? kDefaultModel : model;
  for (const std::string& candidate : {name, name + ".gguf"})
    if (const std::string path = folders.cache + "/models/" + candidate; exists(path)) return path;
  // "SmolLM2" stands for the one file that begins so.
  std::vector<std::string> matches;
  for (const std::string& have : list_models(folders))
    if (have.starts_with(name)) matches.push_back(have);
  if (matches.size() == 1) return folders.cache + "/models/" + matches[0];
  if (matches.size() > 1)
    return Error{ErrorKind::conflict, fmt::format("'{}' stands for {} models in {}/models", name, matches.size(), folders.cache),
                 "give more of the name; `wright models` lists them"};
  if (model.empty())
    return Error{ErrorKind::not_found, fmt::format("the default model is not in {}/models", folders.cache),
                 "fetch it with scripts/get-model, or name another with --model"};
  return Error{ErrorKind::not_found, fmt::format("there is no model '{}', as a path or in {}/models", model, folders.cache),
               "`wright models` lists what is here"};
}

}  // namespace wright::daemon
