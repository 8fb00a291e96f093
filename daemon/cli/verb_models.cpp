// wright models [--json]: the models that are here. Reads file headers; nothing is fetched and nothing leaves the machine.
#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "daemon/api/services.h"
#include "daemon/cli/verbs.h"
#include "engine/format/weights.h"
#include "engine/model/architecture.h"

namespace wright::cli {
namespace {

std::uintmax_t size_of(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return std::filesystem::file_size(path, error);
  std::uintmax_t sum = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path, error))
    if (entry.is_regular_file(error)) sum += entry.file_size(error);
  return sum;
}

Json row_of(const daemon::Folders& folders, const std::string& name, bool is_default) {
  const std::string path = folders.cache + "/models/" + name;
  Json row = {{"name", name}, {"path", path}, {"bytes", size_of(path)}, {"default", is_default}, {"architecture", ""}, {"context", 0}, {"error", nullptr}};
  const auto weights = engine::open_weights(path);
  const auto ops = weights.ok() ? engine::build_op_list(**weights) : Result<std::shared_ptr<const engine::OpList>>(weights.error());
  if (ops.ok()) row.update({{"architecture", (*ops)->architecture}, {"context", (*ops)->context_length}});
  else row["error"] = ops.error().text();
  return row;
}

}  // namespace

int verb_models(const std::vector<std::string>& args) {
  const bool json = args.size() == 1 && args[0] == "--json";
  if (args.size() == 1 && (args[0] == "--help" || args[0] == "-h")) {
    fmt::print("wright models [--json]\n\nThe models in Wright's cache, and whether they can run. Any other file or folder is named by its path: --model PATH.\n"
               "scripts/get-model fetches the default one.\n");
    return 0;
  }
  if (!args.empty() && !json) return fail({ErrorKind::usage, "models: unknown argument '" + args[0] + "'", "see `wright models --help`"});
  const daemon::Folders folders = daemon::Folders::from_environment();
  const auto preferred = daemon::find_model(folders, "");
  Json rows = Json::array();
  for (const std::string& name : daemon::list_models(folders)) rows.push_back(row_of(folders, name, preferred.ok() && preferred->ends_with("/" + name)));
  if (json) {
    fmt::print("{}\n", dump_json(rows));
    return 0;
  }
  for (const Json& row : rows) {
    const std::string state = row["error"].is_string() ? "cannot run: " + row["error"].get<std::string>()
                                                       : fmt::format("{}, context {}", row["architecture"].get<std::string>(), row["context"].get<int>());
    fmt::print("{} {:<44} {:>7.0f} MiB  {}\n", row["default"] == true ? "*" : " ", row["name"].get<std::string>(), row["bytes"].get<double>() / (1 << 20), state);
  }
  if (rows.empty()) fmt::print(stderr, "wright: there are no models in {}/models; scripts/get-model fetches the default one\n", folders.cache);
  return 0;
}

}  // namespace wright::cli
