// What the process around the language server gives it: completions from the engine, and jobs (fix, run, undo). lsp knows neither
// engine nor daemon. Called from the server's worker threads; blocks.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "base/context.h"
#include "base/result.h"

namespace wright::lsp {

struct CompletionRequest {
  std::string path, language;
  std::string before, after;  // the document up to the cursor, and behind it
};
struct CompletionAnswer {
  std::string text;           // to insert at the cursor; "" when the model is not sure enough
  double confidence = 0;      // mean probability of its tokens
};

struct Host {
  std::function<Result<CompletionAnswer>(const Context&, const CompletionRequest&)> complete;
  // method: "fix", "run", "undo". on_event: as the job streams; ask: a question to the user.
  std::function<Result<nlohmann::json>(const Context&, const std::string& method, const nlohmann::json& params, const std::string& folder,
                                       const std::function<void(const nlohmann::json&)>& on_event,
                                       const std::function<Result<nlohmann::json>(const nlohmann::json&)>& ask)> run_job;
};

}  // namespace wright::lsp
