#include "daemon/api/lsp_door.h"

#include <nlohmann/json.hpp>

#include "daemon/api/doors.h"
#include "daemon/api/line_completion.h"
#include "daemon/api/live_jobs.h"
#include "daemon/api/services.h"
#include "lsp/server.h"

namespace wright::daemon {
namespace {

lsp::Host make_host(DaemonState& state, const ClientEnvironment& client) {
  lsp::Host host;
  host.complete = [&state](const Context& context, const lsp::CompletionRequest& request) -> Result<lsp::CompletionAnswer> {
    WRIGHT_TRY(const auto engine, state.services.engine(""));
    WRIGHT_TRY(const LineCompletion completion, complete_line(*engine, context, request.before, request.after));
    return lsp::CompletionAnswer{completion.text, completion.confidence};
  };
  host.run_job = [&state, client](const Context& context, const std::string& method, const Json& params, const std::string& folder,
                                  const std::function<void(const Json&)>& on_event, const std::function<Result<Json>(const Json&)>& ask) -> Result<Json> {
    JobRequest request{method, params, client};
    request.client.cwd = folder;
    const std::string id = state.jobs.add(method, folder, context);
    auto result = run_job(context, state.services, request, {on_event, ask});
    state.jobs.remove(id);
    return result;
  };
  return host;
}

}  // namespace

int run_lsp_door(DaemonState& state, const std::string& name, const ClientEnvironment& client, Responder& responder) {
  lsp::Server server(make_host(state, client), [&responder](std::string bytes) { responder.write(std::move(bytes)); });
  while (const auto bytes = state.doors.take(name, responder.context()))
    if (!server.feed(*bytes)) break;
  return server.exit_code();
}

}  // namespace wright::daemon
