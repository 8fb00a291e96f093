// Jobs that run now: their questions to the client and their answers, and their cancelling. One a daemon; any thread.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/result.h"

namespace wright::daemon {

using Json = nlohmann::json;

class LiveJobs {
 public:
  struct Row {
    std::string id, method, cwd;
    std::int64_t started_ms = 0;
    std::vector<Json> questions;  // {"question": N, …} that wait for an answer
  };

  // `context` is the job's; cancel(id) cancels it.
  std::string add(std::string method, std::string cwd, const Context& context);
  void remove(const std::string& id);
  std::vector<Row> list() const;
  std::size_t size() const;

  // Waits for the answer to a question of job `id`; `publish` sends it to the client, with its number. Ends with the context.
  Result<Json> ask(const std::string& id, const Context& context, Json question, const std::function<void(const Json&)>& publish);
  // not_found when no such question waits.
  Result<void> answer(const std::string& id, std::int64_t question, Json answer);
  bool cancel(const std::string& id);

 private:
  struct Job {
    Row row;
    Context context;
    std::map<std::int64_t, Json> answers;
  };
  mutable std::mutex mutex_;  // guards the rest
  std::condition_variable answered_;
  std::map<std::string, Job> jobs_;
  std::int64_t next_job_ = 1, next_question_ = 1;
};

}  // namespace wright::daemon
