#include "daemon/api/doors.h"

#include <chrono>

namespace wright::daemon {

Result<void> Doors::open(const std::string& name) {
  std::lock_guard lock(mutex_);
  if (!doors_.emplace(name, Door{}).second) return Error{ErrorKind::conflict, "the door is taken", "choose another name"};
  changed_.notify_all();
  return {};
}

void Doors::close(const std::string& name, int exit_code) {
  constexpr std::size_t kCodes = 256;  // of clients that never came back for theirs
  std::lock_guard lock(mutex_);
  doors_.erase(name);
  if (codes_.size() >= kCodes) codes_.erase(codes_.begin());
  codes_[name] = exit_code;
  changed_.notify_all();
}

Result<void> Doors::put(const std::string& name, std::string bytes) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, std::chrono::seconds(2), [&] { return doors_.contains(name) || codes_.contains(name); }) || !doors_.contains(name))
    return Error{ErrorKind::not_found, "there is no such door", "it may have ended"};
  Door& door = doors_[name];
  if (bytes.empty()) door.ended = true;
  else door.bytes.push_back(std::move(bytes));
  changed_.notify_all();
  return {};
}

std::optional<std::string> Doors::take(const std::string& name, const Context& context) {
  const auto hook = context.on_cancel([this] { changed_.notify_all(); });
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto found = doors_.find(name);
    if (found == doors_.end() || context.done()) return std::nullopt;
    if (!found->second.bytes.empty()) {
      std::string bytes = std::move(found->second.bytes.front());
      found->second.bytes.pop_front();
      return bytes;
    }
    if (found->second.ended) return std::nullopt;
    changed_.wait_for(lock, std::chrono::seconds(1));  // a cancel between the check and the wait is found by then
  }
}

std::optional<int> Doors::exit_code(const std::string& name) {
  std::lock_guard lock(mutex_);
  const auto found = codes_.find(name);
  if (found == codes_.end()) return std::nullopt;
  const int code = found->second;
  codes_.erase(found);
  return code;
}

}  // namespace wright::daemon
