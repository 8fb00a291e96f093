// The session store: SQLite in WAL mode, every commit synced, so that what append() acknowledged survives kill -9 and power
// loss. A session is a head that points at an item; items point at their parents; a fork is a second head, a rewind moves
// the head. A damaged record (checksum) becomes an error item in the list and costs nothing else. Several processes may
// share one store. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/items.h"
#include "base/clock.h"
#include "base/result.h"

struct sqlite3;

namespace wright::agent {

struct SessionRow {
  std::string id;              // "s_" + 16 hex
  std::string parent;          // the session it was forked from
  std::string head;            // its last item
  std::string title;           // first words of the first prompt
  std::string workspace;       // absolute
  std::string model, mode;
  std::int64_t created_ms = 0, updated_ms = 0;
};

struct UsageRow {
  std::string provider, model;
  std::int64_t input = 0, cached = 0, output = 0, reasoning = 0;
  double cost_usd = 0;
};

// A question that waits for the user. It survives a restart and is never granted by one.
struct ApprovalRow {
  std::string id, session, call_id;
  nlohmann::json question;
  std::string decision;        // "" while pending, then allow or deny
};

class Store {
 public:
  // Creates file and folder (0700) when missing. An older schema is brought up to date; a newer one is an error.
  static Result<std::unique_ptr<Store>> open(const std::string& path, const Clock& clock = Clock::system());
  ~Store();

  // Fills id and times.
  Result<SessionRow> create_session(SessionRow row);
  // By id or unique prefix of one ("s_12" or "12"); "last": the latest of `workspace` ("" = any).
  Result<SessionRow> session(std::string_view id, const std::string& workspace = "");
  Result<std::vector<SessionRow>> sessions(std::size_t limit, const std::string& workspace = "");
  Result<void> set_title(const std::string& session, std::string_view title);
  // A new session whose history is the parent's up to and with `item` ("" = its head).
  Result<SessionRow> fork(const std::string& session, const std::string& item);
  // Moves the head back to `item` of its history; later items stay stored. "" = before the first.
  Result<void> rewind(const std::string& session, const std::string& item);
  // Items that no other session shares go with it.
  Result<void> remove(const std::string& session);

  // Gives the item id, parent and time where unset, stores it durably, moves the head.
  Result<void> append(const std::string& session, Item& item);
  // From the first to the head.
  Result<std::vector<Item>> items(const std::string& session);

  Result<void> add_usage(const std::string& session, const UsageRow& usage);
  Result<UsageRow> usage(const std::string& session);  // the sum

  Result<std::string> ask_approval(ApprovalRow row);   // returns its id
  Result<void> answer_approval(const std::string& id, std::string_view decision);
  Result<std::vector<ApprovalRow>> pending_approvals(const std::string& session);

  Result<std::string> put_blob(std::string_view bytes);  // returns its sha256
  Result<std::string> blob(const std::string& hash);

  // The disk was full: the reserve was given back so that this and deletions still worked. New work should stop.
  bool low_space() const { return low_space_; }
  // Makes the database as small a disk as `pages` of 4 KiB.
  void limit_pages_for_test(int pages);

 private:
  class Statement;
  class Transaction;
  Store(sqlite3* db, std::string path, const Clock& clock) : db_(db), path_(std::move(path)), clock_(clock) {}
  Result<void> execute(const char* sql);
  Result<void> migrate();
  void make_reserve();
  // Runs `work` in a transaction; on a full disk frees the reserve and runs it once more.
  template <class F>
  Result<void> write(F work);
  Result<SessionRow> row_by_id(const std::string& id);
  Error error(std::string_view what) const;

  sqlite3* db_;
  std::string path_;
  const Clock& clock_;
  mutable std::mutex mutex_;  // guards db_
  std::atomic<bool> low_space_{false};
};

// Random lower-case hex.
std::string random_hex(std::size_t digits);

}  // namespace wright::agent
