// One request being answered: the handler's thread puts bytes in, the I/O thread takes them out. Internal to daemon/http.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>

#include "daemon/http/message.h"

namespace wright::daemon {

// The head of a response with the security headers that every answer carries.
std::string response_head(int status, std::string_view content_type, const std::vector<std::pair<std::string, std::string>>& headers,
                          bool keep_alive, const std::string& framing);

class Exchange final : public Responder {
 public:
  // `wake` tells the I/O thread that there is something to take; any thread may call it.
  Exchange(Context context, bool keep_alive, bool head_only, std::function<void()> wake)
      : context_(std::move(context)), keep_alive_(keep_alive), head_only_(head_only), wake_(std::move(wake)) {}

  // Handler's thread.
  const Context& context() const override { return context_; }
  void reply(int status, std::string_view content_type, std::string body,
             std::vector<std::pair<std::string, std::string>> headers) override;
  void begin(int status, std::string_view content_type) override;
  bool write(std::string bytes) override;
  void end() override;
  void finish_handler();  // the handler returned: an answer that it left open is closed, one that it forgot is a 500

  // I/O thread. Empty with `ended` set once everything has been taken.
  std::string take(bool& ended);
  void client_left();
  bool keep_alive() const { return keep_alive_; }

 private:
  void push(std::string bytes, bool last);
  const Context context_;
  bool keep_alive_;
  const bool head_only_;
  const std::function<void()> wake_;
  std::mutex mutex_;  // guards the rest
  std::condition_variable taken_;
  std::string out_;
  bool begun_ = false, ended_ = false, gone_ = false;
};

}  // namespace wright::daemon
