#include "daemon/api/model_choice.h"

#include <fmt/format.h>

#include "agent/providers/providers.h"
#include "daemon/api/model_table.h"

namespace wright::daemon {
namespace {

constexpr std::string_view kPrefix = "openai:";
constexpr const char* kOpenAiUrl = "https://api.openai.com/v1";

bool on_this_machine(const std::string& url) {
  const auto host = url.substr(url.find("://") + 3);
  return host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]");
}

}  // namespace

Result<ChosenModel> choose_model(Services& services, const ModelWish& wish) {
  ChosenModel out;
  const bool prefixed = wish.model.starts_with(kPrefix);
  if (!prefixed && wish.base_url.empty()) {
    WRIGHT_TRY(out.engine, services.engine(wish.model));
    out.model = agent::make_local_model(out.engine, is_guided(out.engine->info().model_path));
    return out;
  }
  agent::ProviderConfig config;
  config.model = prefixed ? wish.model.substr(kPrefix.size()) : wish.model;
  config.base_url = wish.base_url.empty() ? kOpenAiUrl : wish.base_url;
  config.api_key = wish.api_key;
  if (config.base_url == kOpenAiUrl && config.api_key.empty())
    return Error{ErrorKind::model, "no API key for " + config.base_url, "set OPENAI_API_KEY, or name another server with --base-url"};
  WRIGHT_TRY(out.model, agent::make_provider(config));
  if (!on_this_machine(config.base_url))
    out.notice = fmt::format("Your words, project instructions and whatever tools read go to {} (model {}).", config.base_url, config.model);
  return out;
}

}  // namespace wright::daemon
