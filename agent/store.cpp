#include "agent/store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"

namespace wright::agent {
namespace {

constexpr std::size_t kReserveBytes = 1 << 20;     // freed when the disk is full: DELETE needs room too
constexpr std::size_t kInlineBytes = 256 * 1024;   // larger bodies live in the blob table

constexpr const char* kSchema = R"sql(
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions(id TEXT PRIMARY KEY, parent TEXT NOT NULL, head TEXT NOT NULL, title TEXT NOT NULL,
  workspace TEXT NOT NULL, model TEXT NOT NULL, mode TEXT NOT NULL, created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_updated ON sessions(updated_ms);
CREATE TABLE IF NOT EXISTS items(id TEXT PRIMARY KEY, parent TEXT NOT NULL, session TEXT NOT NULL,
  time_ms INTEGER NOT NULL, body TEXT NOT NULL, check_sum INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS items_session ON items(session);
CREATE TABLE IF NOT EXISTS approvals(id TEXT PRIMARY KEY, session TEXT NOT NULL, call_id TEXT NOT NULL,
  question TEXT NOT NULL, decision TEXT NOT NULL, time_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS usage(session TEXT NOT NULL, time_ms INTEGER NOT NULL, provider TEXT NOT NULL,
  model TEXT NOT NULL, input INTEGER, cached INTEGER, output INTEGER, reasoning INTEGER, cost_usd REAL);
CREATE INDEX IF NOT EXISTS usage_session ON usage(session);
CREATE TABLE IF NOT EXISTS blobs(hash TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;
)sql";

std::int64_t check_sum(std::string_view id, std::string_view parent, std::string_view body) {
  return static_cast<std::int64_t>(hash64(body, hash64(parent, hash64(id))));
}

}  // namespace

std::string random_hex(std::size_t digits) {
  std::string out;
  while (out.size() < digits) {
    std::uint64_t bits = 0;
    if (::getrandom(&bits, sizeof bits, 0) != sizeof bits) bits = static_cast<std::uint64_t>(::rand());
    out += fmt::format("{:016x}", bits);
  }
  return out.substr(0, digits);
}

// A prepared statement, bound left to right. Borrowed text stays alive until the step.
class Store::Statement {
 public:
  Statement(sqlite3* db, const char* sql) { code_ = sqlite3_prepare_v2(db, sql, -1, &statement_, nullptr); }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(std::string_view text) {
    if (code_ == SQLITE_OK)
      code_ = sqlite3_bind_text64(statement_, ++index_, text.data() ? text.data() : "", text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    return *this;
  }
  Statement& bind_blob(std::string_view bytes) {
    if (code_ == SQLITE_OK)
      code_ = sqlite3_bind_blob64(statement_, ++index_, bytes.data() ? bytes.data() : "", bytes.size(), SQLITE_STATIC);
    return *this;
  }
  Statement& bind(std::int64_t number) {
    if (code_ == SQLITE_OK) code_ = sqlite3_bind_int64(statement_, ++index_, number);
    return *this;
  }
  Statement& bind(double number) {
    if (code_ == SQLITE_OK) code_ = sqlite3_bind_double(statement_, ++index_, number);
    return *this;
  }
  bool row() {
    if (code_ != SQLITE_OK && code_ != SQLITE_ROW) return false;
    code_ = sqlite3_step(statement_);
    return code_ == SQLITE_ROW;
  }
  // True when it ran to its end.
  bool finish() {
    while (row()) {
    }
    return code_ == SQLITE_DONE;
  }
  bool done() const { return code_ == SQLITE_DONE; }
  std::string text(int column) const {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    return bytes ? std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))) : std::string();
  }
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  double number(int column) const { return sqlite3_column_double(statement_, column); }

 private:
  sqlite3_stmt* statement_ = nullptr;
  int index_ = 0;
  int code_ = SQLITE_OK;
};

Error Store::error(std::string_view what) const {
  const int code = sqlite3_errcode(db_) & 0xff;
  const std::string message = fmt::format("cannot {} in the session store {}: {}", what, path_, sqlite3_errmsg(db_));
  if (code == SQLITE_FULL) return {ErrorKind::limit, message, "free some disk space, then go on"};
  if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT)
    return {ErrorKind::invalid, message, fmt::format("move it away ({0}{{,-wal,-shm}}); a new one is made at the next start", path_)};
  return {ErrorKind::io, message, ""};
}

Result<void> Store::execute(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return error("work");
  return {};
}

template <class F>
Result<void> Store::write(F work) {
  std::lock_guard lock(mutex_);
  for (int attempt = 0;; ++attempt) {
    Result<void> result = execute("BEGIN IMMEDIATE");
    if (result.ok()) result = work();
    if (result.ok()) result = execute("COMMIT");
    if (result.ok()) return {};
    if (!sqlite3_get_autocommit(db_)) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
    if (result.error().kind != ErrorKind::limit || attempt > 0) return result;
    low_space_ = true;
    if (::unlink((path_ + ".reserve").c_str()) != 0) return result;
  }
}

void Store::make_reserve() {
  const std::string name = path_ + ".reserve";
  const UniqueFd fd(::open(name.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  if (fd.valid() && ::posix_fallocate(fd.get(), 0, kReserveBytes) != 0) {
    ::unlink(name.c_str());
    low_space_ = true;
  }
}

Result<std::unique_ptr<Store>> Store::open(const std::string& path, const Clock& clock) {
  if (const auto slash = path.rfind('/'); slash != std::string::npos) WRIGHT_CHECK(make_directories(path.substr(0, slash), 0700));
  sqlite3* db = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, nullptr);
  std::unique_ptr<Store> store(new Store(db, path, clock));
  if (code != SQLITE_OK) return store->error("open a file");
  ::chmod(path.c_str(), 0600);
  sqlite3_busy_timeout(db, 10'000);
  WRIGHT_CHECK(store->execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=OFF"));
  WRIGHT_CHECK(store->migrate());
  store->make_reserve();
  return store;
}

Store::~Store() { sqlite3_close_v2(db_); }

void Store::limit_pages_for_test(int pages) {
  std::lock_guard lock(mutex_);
  sqlite3_exec(db_, fmt::format("PRAGMA max_page_count={}", pages).c_str(), nullptr, nullptr, nullptr);
}

Result<void> Store::migrate() {
  std::string version;
  {
    Statement found(db_, "SELECT value FROM meta WHERE key='schema'");
    if (found.row()) version = found.text(0);
  }
  if (version == std::to_string(kSchemaVersion)) return {};
  if (std::atoi(version.c_str()) > kSchemaVersion)
    return Error{ErrorKind::conflict, fmt::format("{} was written by a newer wright (schema {})", path_, version), "update wright"};
  return write([&]() -> Result<void> {
    WRIGHT_CHECK(execute(kSchema));
    Statement set(db_, "INSERT OR REPLACE INTO meta VALUES('schema', ?)");
    if (!set.bind(std::to_string(kSchemaVersion)).finish()) return error("set the schema version");
    return {};
  });
}

namespace {
template <class S>
SessionRow session_row(S& s) {
  return {s.text(0), s.text(1), s.text(2), s.text(3), s.text(4), s.text(5), s.text(6), s.integer(7), s.integer(8)};
}
constexpr const char* kById =
    "SELECT id,parent,head,title,workspace,model,mode,created_ms,updated_ms FROM sessions WHERE id=?";
}  // namespace

Result<SessionRow> Store::create_session(SessionRow row) {
  row.id = "s_" + random_hex(16);
  row.created_ms = row.updated_ms = clock_.unix_ms();
  WRIGHT_CHECK(write([&]() -> Result<void> {
    Statement insert(db_, "INSERT INTO sessions VALUES(?,?,?,?,?,?,?,?,?)");
    insert.bind(row.id).bind(row.parent).bind(row.head).bind(row.title).bind(row.workspace).bind(row.model).bind(row.mode);
    if (!insert.bind(row.created_ms).bind(row.updated_ms).finish()) return error("add a session");
    return {};
  }));
  return row;
}

Result<SessionRow> Store::row_by_id(const std::string& id) {
  Statement select(db_, kById);
  select.bind(id);
  if (select.row()) return session_row(select);
  if (!select.done()) return error("read a session");
  return Error{ErrorKind::not_found, fmt::format("there is no session '{}'", id), "`wright sessions` lists them"};
}

Result<SessionRow> Store::session(std::string_view id, const std::string& workspace) {
  std::lock_guard lock(mutex_);
  if (id == "last") {
    Statement select(db_, "SELECT id,parent,head,title,workspace,model,mode,created_ms,updated_ms FROM sessions "
                          "WHERE ?1='' OR workspace=?1 ORDER BY updated_ms DESC, created_ms DESC LIMIT 1");
    select.bind(workspace);
    if (select.row()) return session_row(select);
    if (!select.done()) return error("read a session");
    return Error{ErrorKind::not_found, "there is no earlier session here", "start one with `wright`"};
  }
  const std::string prefix = id.starts_with("s_") ? std::string(id) : "s_" + std::string(id);
  Statement select(db_, "SELECT id,parent,head,title,workspace,model,mode,created_ms,updated_ms FROM sessions "
                        "WHERE substr(id,1,length(?1))=?1 LIMIT 2");
  select.bind(prefix);
  std::vector<SessionRow> found;
  while (select.row()) found.push_back(session_row(select));
  if (!select.done()) return error("read a session");
  if (found.size() == 1) return found[0];
  if (found.empty()) return Error{ErrorKind::not_found, fmt::format("there is no session '{}'", id), "`wright sessions` lists them"};
  return Error{ErrorKind::conflict, fmt::format("'{}' begins several sessions' ids", id), "give more of it"};
}

Result<std::vector<SessionRow>> Store::sessions(std::size_t limit, const std::string& workspace) {
  std::lock_guard lock(mutex_);
  Statement select(db_, "SELECT id,parent,head,title,workspace,model,mode,created_ms,updated_ms FROM sessions "
                        "WHERE ?1='' OR workspace=?1 ORDER BY updated_ms DESC, created_ms DESC LIMIT ?2");
  select.bind(workspace).bind(static_cast<std::int64_t>(limit));
  std::vector<SessionRow> out;
  while (select.row()) out.push_back(session_row(select));
  if (!select.done()) return error("list sessions");
  return out;
}

Result<void> Store::set_title(const std::string& session, std::string_view title) {
  return write([&]() -> Result<void> {
    Statement update(db_, "UPDATE sessions SET title=? WHERE id=?");
    if (!update.bind(title).bind(session).finish()) return error("name a session");
    return {};
  });
}

Result<SessionRow> Store::fork(const std::string& session, const std::string& item) {
  SessionRow row;
  {
    std::lock_guard lock(mutex_);
    WRIGHT_TRY(row, row_by_id(session));
  }
  if (!item.empty()) {
    WRIGHT_TRY(const std::vector<Item> history, items(session));
    const auto at = std::find_if(history.begin(), history.end(), [&](const Item& i) { return i.id == item; });
    if (at == history.end())
      return Error{ErrorKind::not_found, fmt::format("session {} has no item '{}'", session, item), ""};
    row.head = item;
  }
  row.parent = session;
  return create_session(std::move(row));
}

Result<void> Store::rewind(const std::string& session, const std::string& item) {
  if (!item.empty()) {
    WRIGHT_TRY(const std::vector<Item> history, items(session));
    const auto at = std::find_if(history.begin(), history.end(), [&](const Item& i) { return i.id == item; });
    if (at == history.end())
      return Error{ErrorKind::not_found, fmt::format("session {} has no item '{}'", session, item), ""};
  }
  return write([&]() -> Result<void> {
    Statement update(db_, "UPDATE sessions SET head=?, updated_ms=? WHERE id=?");
    if (!update.bind(item).bind(clock_.unix_ms()).bind(session).finish()) return error("rewind a session");
    return {};
  });
}

Result<void> Store::remove(const std::string& session) {
  return write([&]() -> Result<void> {
    for (const char* sql : {"DELETE FROM sessions WHERE id=?", "DELETE FROM usage WHERE session=?",
                            "DELETE FROM approvals WHERE session=?"}) {
      Statement erase(db_, sql);
      if (!erase.bind(session).finish()) return error("delete a session");
    }
    // Items that some other head still reaches stay.
    Statement erase(db_, "WITH RECURSIVE live(id) AS (SELECT head FROM sessions UNION "
                         "SELECT items.parent FROM items JOIN live ON items.id=live.id) "
                         "DELETE FROM items WHERE session=? AND id NOT IN (SELECT id FROM live)");
    if (!erase.bind(session).finish()) return error("delete a session's items");
    return {};
  });
}

Result<void> Store::append(const std::string& session, Item& item) {
  if (item.id.empty()) item.id = "i_" + random_hex(16);
  if (item.time_ms == 0) item.time_ms = clock_.unix_ms();
  return write([&]() -> Result<void> {
    WRIGHT_TRY(const SessionRow row, row_by_id(session));
    item.parent = row.head;
    nlohmann::json fields = to_json(item);
    for (const char* column : {"id", "parent", "time_ms"}) fields.erase(column);
    std::string body = dump_json(fields);
    if (body.size() > kInlineBytes) {
      const std::string hash = sha256_hex(body);
      Statement blob(db_, "INSERT OR IGNORE INTO blobs VALUES(?,?)");
      if (!blob.bind(hash).bind_blob(body).finish()) return error("store a large item");
      body = dump_json({{"blob", hash}});
    }
    Statement insert(db_, "INSERT INTO items VALUES(?,?,?,?,?,?)");
    insert.bind(item.id).bind(item.parent).bind(session).bind(item.time_ms).bind(body);
    if (!insert.bind(check_sum(item.id, item.parent, body)).finish()) return error("store an item");
    Statement update(db_, "UPDATE sessions SET head=?, updated_ms=? WHERE id=?");
    if (!update.bind(item.id).bind(item.time_ms).bind(session).finish()) return error("move a session on");
    return {};
  });
}

Result<std::vector<Item>> Store::items(const std::string& session) {
  std::vector<Item> out;
  struct Stored { std::string id, parent, body; std::int64_t time_ms, sum, order; };
  std::vector<Stored> stored;  // from the head back
  {
    std::lock_guard lock(mutex_);
    WRIGHT_TRY(const SessionRow row, row_by_id(session));
    for (std::string from = row.head; !from.empty();) {
      Statement chain(db_, "WITH RECURSIVE chain(id,parent,time_ms,body,check_sum,row,n) AS ("
                           "SELECT id,parent,time_ms,body,check_sum,rowid,0 FROM items WHERE id=? UNION ALL "
                           "SELECT i.id,i.parent,i.time_ms,i.body,i.check_sum,i.rowid,n+1 FROM items i JOIN chain c "
                           "ON i.id=c.parent WHERE n<1000000) SELECT id,parent,time_ms,body,check_sum,row FROM chain ORDER BY n");
      chain.bind(from);
      while (chain.row())
        stored.push_back({chain.text(0), chain.text(1), chain.text(3), chain.integer(2), chain.integer(4), chain.integer(5)});
      if (!chain.done()) return error("read a session's items");
      from.clear();
      if (stored.empty() || stored.back().parent.empty()) break;
      // The parent is named but missing: that link is damaged. The item stored before it in this session goes on.
      Statement before(db_, "SELECT id FROM items WHERE session=? AND rowid<? ORDER BY rowid DESC LIMIT 1");
      before.bind(session).bind(stored.back().order);
      if (before.row()) from = before.text(0);
    }
  }
  std::reverse(stored.begin(), stored.end());
  out.reserve(stored.size());
  for (const Stored& s : stored) {
    Item item{s.id, s.parent, s.time_ms, {}};
    const auto decode = [&]() -> Result<ItemBody> {
      if (s.sum != check_sum(s.id, s.parent, s.body)) return Error{ErrorKind::invalid, "its checksum does not match", ""};
      WRIGHT_TRY(Json fields, parse_json(s.body, "item"));
      if (fields.is_object() && fields.contains("blob")) {
        WRIGHT_TRY(const std::string hash, JsonView(fields).string_or("blob", ""));
        WRIGHT_TRY(const std::string bytes, blob(hash));
        WRIGHT_TRY(fields, parse_json(bytes, "item"));
      }
      WRIGHT_TRY(Item decoded, item_from_json(fields));
      return std::move(decoded.body);
    };
    Result<ItemBody> body = decode();
    if (body.ok()) item.body = std::move(*body);
    else item.body = ErrorItem{"invalid", fmt::format("item {} of session {} is damaged: {}", s.id, session, body.error().message), ""};
    out.push_back(std::move(item));
  }
  return out;
}

Result<void> Store::add_usage(const std::string& session, const UsageRow& u) {
  return write([&]() -> Result<void> {
    Statement insert(db_, "INSERT INTO usage VALUES(?,?,?,?,?,?,?,?,?)");
    insert.bind(session).bind(clock_.unix_ms()).bind(u.provider).bind(u.model).bind(u.input).bind(u.cached);
    if (!insert.bind(u.output).bind(u.reasoning).bind(u.cost_usd).finish()) return error("count usage");
    return {};
  });
}

Result<UsageRow> Store::usage(const std::string& session) {
  std::lock_guard lock(mutex_);
  Statement sum(db_, "SELECT sum(input),sum(cached),sum(output),sum(reasoning),sum(cost_usd) FROM usage WHERE session=?");
  sum.bind(session);
  if (!sum.row()) return error("count usage");
  return UsageRow{"", "", sum.integer(0), sum.integer(1), sum.integer(2), sum.integer(3), sum.number(4)};
}

Result<std::string> Store::ask_approval(ApprovalRow row) {
  if (row.id.empty()) row.id = "a_" + random_hex(16);
  WRIGHT_CHECK(write([&]() -> Result<void> {
    Statement insert(db_, "INSERT INTO approvals VALUES(?,?,?,?,'',?)");
    insert.bind(row.id).bind(row.session).bind(row.call_id).bind(dump_json(row.question));
    if (!insert.bind(clock_.unix_ms()).finish()) return error("store a question");
    return {};
  }));
  return row.id;
}

Result<void> Store::answer_approval(const std::string& id, std::string_view decision) {
  return write([&]() -> Result<void> {
    Statement update(db_, "UPDATE approvals SET decision=? WHERE id=? AND decision=''");
    if (!update.bind(decision).bind(id).finish()) return error("store an answer");
    if (sqlite3_changes(db_) == 0) return Error{ErrorKind::conflict, fmt::format("question {} is not open", id), ""};
    return {};
  });
}

Result<std::vector<ApprovalRow>> Store::pending_approvals(const std::string& session) {
  std::lock_guard lock(mutex_);
  Statement select(db_, "SELECT id,session,call_id,question FROM approvals WHERE session=? AND decision='' ORDER BY time_ms");
  select.bind(session);
  std::vector<ApprovalRow> out;
  while (select.row()) {
    Result<Json> question = parse_json(select.text(3), "approval");
    if (question.ok()) out.push_back({select.text(0), select.text(1), select.text(2), std::move(*question), ""});
  }
  if (!select.done()) return error("read open questions");
  return out;
}

Result<std::string> Store::put_blob(std::string_view bytes) {
  const std::string hash = sha256_hex(bytes);
  WRIGHT_CHECK(write([&]() -> Result<void> {
    Statement insert(db_, "INSERT OR IGNORE INTO blobs VALUES(?,?)");
    if (!insert.bind(hash).bind_blob(bytes).finish()) return error("store bytes");
    return {};
  }));
  return hash;
}

Result<std::string> Store::blob(const std::string& hash) {
  std::lock_guard lock(mutex_);
  Statement select(db_, "SELECT bytes FROM blobs WHERE hash=?");
  select.bind(hash);
  if (!select.row()) return select.done() ? Error{ErrorKind::not_found, "stored bytes " + hash + " are missing", ""} : error("read bytes");
  std::string bytes = select.text(0);
  if (sha256_hex(bytes) != hash) return Error{ErrorKind::invalid, "stored bytes " + hash + " are damaged", ""};
  return bytes;
}

}  // namespace wright::agent
