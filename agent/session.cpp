#include "agent/session.h"

namespace wright::agent {

Result<std::unique_ptr<Session>> Session::create(Store& store, SessionRow row) {
  WRIGHT_TRY(SessionRow made, store.create_session(std::move(row)));
  return std::unique_ptr<Session>(new Session(store, std::move(made), {}));
}

Result<std::unique_ptr<Session>> Session::open(Store& store, const std::string& id) {
  WRIGHT_TRY(SessionRow row, store.session(id));
  WRIGHT_TRY(std::vector<Item> items, store.items(row.id));
  return std::unique_ptr<Session>(new Session(store, std::move(row), std::move(items)));
}

std::vector<Item> Session::items() const {
  std::lock_guard lock(mutex_);
  return items_;
}

Item Session::begin(ItemBody body) {
  Item item{"i_" + random_hex(16), "", Clock::system().unix_ms(), std::move(body)};
  bus_.added(item);
  return item;
}

Result<void> Session::finish(Item& item) {
  std::lock_guard lock(mutex_);  // the order of items_ is the order of the store
  WRIGHT_CHECK(store_.append(row_.id, item));
  row_.head = item.id;
  items_.push_back(item);
  bus_.done(item);
  return {};
}

Result<Item> Session::append(ItemBody body) {
  Item item = begin(std::move(body));
  WRIGHT_CHECK(finish(item));
  return item;
}

bool Session::granted(const std::string& key) const {
  std::lock_guard lock(mutex_);
  return grants_.contains(key);
}

void Session::grant(const std::string& key) {
  std::lock_guard lock(mutex_);
  grants_.insert(key);
}

}  // namespace wright::agent
