// One conversation: its items in memory, the store behind them, the bus in front. An item is announced when it begins, grows
// by deltas, and is done once it is stored durably. Any thread; one turn runs at a time.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/events.h"
#include "agent/items.h"
#include "agent/store.h"

namespace wright::agent {

class Session {
 public:
  // The store outlives the session.
  static Result<std::unique_ptr<Session>> create(Store& store, SessionRow row);
  static Result<std::unique_ptr<Session>> open(Store& store, const std::string& id);

  const SessionRow& row() const { return row_; }
  const std::string& id() const { return row_.id; }
  std::vector<Item> items() const;  // the finished ones, a copy
  EventBus& bus() { return bus_; }
  Store& store() { return store_; }

  // Announces an item that will grow. Nothing is stored yet.
  Item begin(ItemBody body);
  void delta(const Item& item, std::string_view text) { bus_.delta(item, text); }
  // Stores it, then announces that it is done. On an error nothing is announced.
  Result<void> finish(Item& item);
  // begin and finish in one.
  Result<Item> append(ItemBody body);

  // "always": keys of calls that the user allowed for the rest of this session (agent/gate.h).
  bool granted(const std::string& key) const;
  void grant(const std::string& key);

 private:
  Session(Store& store, SessionRow row, std::vector<Item> items)
      : store_(store), row_(std::move(row)), bus_(row_.id), items_(std::move(items)) {}
  Store& store_;
  SessionRow row_;
  EventBus bus_;
  mutable std::mutex mutex_;  // guards items_ and grants_
  std::vector<Item> items_;
  std::set<std::string> grants_;
};

}  // namespace wright::agent
