// Doors: byte streams between a client process (`wright lsp` in an editor) and a protocol server in the daemon, over two HTTP calls: one
// streams the server's bytes, others bring the client's. One table a daemon; any thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/context.h"
#include "base/result.h"

namespace wright::daemon {

class Doors {
 public:
  // `conflict` when the name is taken.
  Result<void> open(const std::string& name);
  void close(const std::string& name, int exit_code);
  // From the client; waits a little for a door that is just being opened. Empty bytes: the client's input has ended.
  Result<void> put(const std::string& name, std::string bytes);
  // To the server; nothing once the input has ended or the context is done.
  std::optional<std::string> take(const std::string& name, const Context& context);
  // Of a door that was closed; asked once.
  std::optional<int> exit_code(const std::string& name);

 private:
  struct Door {
    std::deque<std::string> bytes;
    bool ended = false;
  };
  std::mutex mutex_;  // guards the rest
  std::condition_variable changed_;
  std::map<std::string, Door> doors_;
  std::map<std::string, int> codes_;
};

}  // namespace wright::daemon
