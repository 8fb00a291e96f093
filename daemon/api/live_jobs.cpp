#include "daemon/api/live_jobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace wright::daemon {

std::string LiveJobs::add(std::string method, std::string cwd, const Context& context) {
  std::lock_guard lock(mutex_);
  const std::string id = fmt::format("j_{}", next_job_++);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  Row row{id, std::move(method), std::move(cwd), std::chrono::duration_cast<std::chrono::milliseconds>(now).count(), {}};
  jobs_.emplace(id, Job{std::move(row), context, {}});
  return id;
}

void LiveJobs::remove(const std::string& id) {
  std::lock_guard lock(mutex_);
  jobs_.erase(id);
}

std::vector<LiveJobs::Row> LiveJobs::list() const {
  std::lock_guard lock(mutex_);
  std::vector<Row> rows;
  for (const auto& [id, job] : jobs_) rows.push_back(job.row);
  return rows;
}

std::size_t LiveJobs::size() const {
  std::lock_guard lock(mutex_);
  return jobs_.size();
}

Result<Json> LiveJobs::ask(const std::string& id, const Context& context, Json question,
                           const std::function<void(const Json&)>& publish) {
  std::unique_lock lock(mutex_);
  const std::int64_t number = next_question_++;
  question["question"] = number;
  const auto job = jobs_.find(id);
  if (job == jobs_.end()) return Error{ErrorKind::cancelled, "the job is gone", ""};
  job->second.row.questions.push_back(question);
  lock.unlock();
  publish(question);
  lock.lock();
  const auto hook = context.on_cancel([this] { answered_.notify_all(); });
  Json answer;
  for (;;) {
    const auto found = jobs_.find(id);
    if (found == jobs_.end()) return Error{ErrorKind::cancelled, "the job is gone", ""};
    auto& answers = found->second.answers;
    if (const auto a = answers.find(number); a != answers.end()) {
      answer = std::move(a->second);
      answers.erase(a);
      break;
    }
    if (context.done()) break;
    answered_.wait_for(lock, std::chrono::milliseconds(200));
  }
  auto& questions = jobs_.at(id).row.questions;
  std::erase_if(questions, [&](const Json& q) { return q.at("question") == number; });
  WRIGHT_CHECK(context.check());
  return answer;
}

Result<void> LiveJobs::answer(const std::string& id, std::int64_t question, Json answer) {
  std::lock_guard lock(mutex_);
  const auto job = jobs_.find(id);
  if (job != jobs_.end())
    for (const Json& q : job->second.row.questions)
      if (q.at("question") == question) {
        job->second.answers[question] = std::move(answer);
        answered_.notify_all();
        return {};
      }
  return Error{ErrorKind::not_found, fmt::format("job {} asks no question {}", id, question), "it may have ended"};
}

bool LiveJobs::cancel(const std::string& id) {
  std::lock_guard lock(mutex_);
  const auto job = jobs_.find(id);
  if (job == jobs_.end()) return false;
  job->second.context.cancel();
  answered_.notify_all();
  return true;
}

}  // namespace wright::daemon
