#include "daemon/api/job_wire.h"

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace wright::daemon {
namespace {

constexpr std::string_view kKinds[] = {"usage", "not_found", "invalid", "io", "conflict", "refused", "limit", "timeout", "cancelled", "model", "failed"};

}  // namespace

Json job_request_to_json(const JobRequest& request) {
  return {{"method", request.method}, {"params", request.params},
          {"client", {{"cwd", request.client.cwd}, {"umask", request.client.umask}, {"variables", request.client.variables}, {"terminal", request.client.terminal}}}};
}

Result<JobRequest> job_request_from_json(const Json& json) {
  const JsonView view(json);
  JobRequest out;
  WRIGHT_TRY(const auto method, view.at("method"));
  WRIGHT_TRY(out.method, method.string());
  out.params = json.value("params", Json::object());
  WRIGHT_TRY(const auto client, view.at("client"));
  WRIGHT_TRY(const auto cwd, client.at("cwd"));
  WRIGHT_TRY(out.client.cwd, cwd.string());
  if (out.client.cwd.empty() || out.client.cwd[0] != '/') return cwd.error("must be an absolute path");
  WRIGHT_TRY(const auto umask, client.integer_or("umask", 022));
  out.client.umask = static_cast<unsigned>(umask) & 0777;
  WRIGHT_TRY(out.client.terminal, client.boolean_or("terminal", false));
  if (client.has("variables")) {
    WRIGHT_TRY(const auto variables, client.at("variables"));
    if (!variables.raw().is_object()) return variables.error("must be an object");
    for (const auto& [name, value] : variables.raw().items()) {
      if (!value.is_string()) return variables.error("must hold texts");
      out.client.variables[name] = value.get<std::string>();
    }
  }
  return out;
}

Json error_to_json(const Error& error) {
  return {{"kind", kKinds[static_cast<std::size_t>(error.kind)]}, {"message", error.message}, {"next", error.next}};
}

Error error_from_json(const Json& json) {
  Error out{ErrorKind::failed, json.value("message", "the daemon gave no reason"), json.value("next", "")};
  const std::string kind = json.value("kind", "failed");
  for (std::size_t i = 0; i < std::size(kKinds); ++i)
    if (kKinds[i] == kind) out.kind = static_cast<ErrorKind>(i);
  return out;
}

}  // namespace wright::daemon
