// A model's reply as it grows: deltas become items of the session that began, and are finished with the model's final words. What
// came before a failure or a cancel is kept. One a model call; take() runs on the thread that generate() calls it from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/model.h"
#include "agent/session.h"

namespace wright::agent {

class ReplyStream {
 public:
  explicit ReplyStream(Session& session) : session_(session) {}
  void take(const ModelDelta& delta);
  // Stores the reply's items, those that began under the id they were announced with.
  Result<void> settle(const std::vector<Item>& items);
  // The call failed: stores the words that came.
  Result<void> abandon();

 private:
  struct Growing { Item item; std::string text; std::size_t told = 0; };  // told: bytes announced, whole characters only
  Result<void> finish(std::optional<Growing>& growing, ItemBody body);
  Session& session_;
  std::optional<Growing> text_, reasoning_;
};

}  // namespace wright::agent
