// A worker process and our end of its socket pair. Killed and reaped when destroyed. Single owner; the thread that spawns it
// must outlive it, because the worker asks the kernel to be killed when that thread ends.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/remote/channel.h"

namespace wright::engine {

class WorkerProcess {
 public:
  static Result<std::unique_ptr<WorkerProcess>> spawn(const std::string& program, const std::vector<std::string>& args);
  ~WorkerProcess();
  const std::shared_ptr<Channel>& channel() const { return channel_; }
  // Waits for its end (kills it if it does not end by itself) and says how it ended: "killed by signal 9", "exit status 1".
  std::string reap();

 private:
  WorkerProcess(pid_t pid, UniqueFd fd) : pid_(pid), channel_(std::make_shared<Channel>(std::move(fd))) {}
  pid_t pid_;
  std::shared_ptr<Channel> channel_;
};

}  // namespace wright::engine
