#include "agent/checkpoint_journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/json.h"

namespace wright::agent {
namespace {

std::string text_at(const Json& line, const char* key) {
  const auto it = line.find(key);
  return it != line.end() && it->is_string() ? it->get<std::string>() : "";
}

// A file's entry: {"name", "before", "after"?}; nothing when malformed.
std::optional<std::pair<std::string, CheckpointRecord::Sides>> sides_of(const Json& entry) {
  if (!entry.is_object() || !entry.contains("name")) return std::nullopt;
  const auto name = bytes_from_json(entry["name"]);
  if (!name.ok()) return std::nullopt;
  CheckpointRecord::Sides sides;
  if (entry.contains("before")) {
    auto before = file_state_from_json(entry["before"]);
    if (!before.ok()) return std::nullopt;
    sides.before = std::move(*before);
  }
  if (entry.contains("after")) {
    auto after = file_state_from_json(entry["after"]);
    if (!after.ok()) return std::nullopt;
    sides.after = std::move(*after);
  }
  return std::pair(*name, std::move(sides));
}

}  // namespace

CheckpointJournal::Lock::Lock(int fd) : fd_(fd) {
  while (::flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
  }
}
CheckpointJournal::Lock::~Lock() { ::flock(fd_, LOCK_UN); }

Result<std::unique_ptr<CheckpointJournal>> CheckpointJournal::open(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!fd.valid()) return errno_error("open the list of checkpoints", path, errno);
  std::unique_ptr<CheckpointJournal> journal(new CheckpointJournal(std::move(fd)));
  WRIGHT_CHECK(journal->refresh());
  return journal;
}

Result<void> CheckpointJournal::refresh() {
  struct stat st{};
  if (::fstat(fd_.get(), &st) != 0) return errno_error("read", "the list of checkpoints", errno);
  const auto size = static_cast<std::size_t>(st.st_size);
  if (size <= read_) return {};
  std::string text(size - read_, '\0');
  const ssize_t n = ::pread(fd_.get(), text.data(), text.size(), static_cast<off_t>(read_));
  if (n < 0) return errno_error("read", "the list of checkpoints", errno);
  text.resize(static_cast<std::size_t>(n));
  std::size_t at = 0;
  // A last line without its end is still being written, or was cut.
  for (std::size_t end; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
    if (const auto line = parse_json(std::string_view(text).substr(at, end - at), "checkpoints"); line.ok() && line->is_object()) apply(*line);
  read_ += at;
  return {};
}

Result<void> CheckpointJournal::add(const Json& line, bool sync) {
  std::string text = dump_json(line) + "\n";
  // After a crash the last line may be cut: begin on a fresh one.
  struct stat st{};
  if (::fstat(fd_.get(), &st) == 0 && st.st_size > 0) {
    char last = '\n';
    if (::pread(fd_.get(), &last, 1, st.st_size - 1) == 1 && last != '\n') text.insert(0, "\n");
  }
  const ssize_t n = ::write(fd_.get(), text.data(), text.size());
  if (n != static_cast<ssize_t>(text.size())) return errno_error("write", "the list of checkpoints", n < 0 ? errno : ENOSPC);
  if (sync && ::fdatasync(fd_.get()) != 0) return errno_error("sync", "the list of checkpoints", errno);
  return refresh();
}

const CheckpointRecord* CheckpointJournal::find(const std::string& id) const {
  for (auto it = records_.rbegin(); it != records_.rend(); ++it)
    if (it->head.id == id) return &*it;
  return nullptr;
}
CheckpointRecord* CheckpointJournal::find_mutable(const std::string& id) { return const_cast<CheckpointRecord*>(find(id)); }

void CheckpointJournal::apply(const Json& line) {
  const std::string event = text_at(line, "event"), id = text_at(line, "id");
  if (event == "opened") {
    CheckpointRecord record;
    record.head.id = id;
    record.head.session = text_at(line, "session");
    record.head.turn = text_at(line, "turn");
    record.head.label = text_at(line, "label");
    record.head.undoes = text_at(line, "undoes");
    record.command = line.value("command", false);
    record.head.time_ms = line.value("time_ms", std::int64_t{0});
    records_.push_back(std::move(record));
    return;
  }
  if (event == "undone" || event == "redone") {
    for (const Json& each : line.value("ids", Json::array()))
      if (CheckpointRecord* record = each.is_string() ? find_mutable(each.get<std::string>()) : nullptr) record->head.undone = event == "undone";
    return;
  }
  CheckpointRecord* record = find_mutable(id);
  if (!record) return;
  if (event == "dropped") record->dropped = true;
  if (event != "before" && event != "after") return;
  if (event == "after") record->closed = true, record->files.clear();
  for (const Json& entry : line.value("files", Json::array()))
    if (auto sides = sides_of(entry)) record->files.insert(std::move(*sides));
  record->head.files.clear();
  for (const auto& [name, sides] : record->files) record->head.files.push_back(name);
}

Json opened_line(const CheckpointRecord& r) {
  return {{"event", "opened"},       {"id", r.head.id},           {"session", r.head.session}, {"turn", r.head.turn}, {"label", r.head.label},
          {"time_ms", r.head.time_ms}, {"undoes", r.head.undoes}, {"command", r.command}};
}

Json before_line(const std::string& id, const std::map<std::string, FileState>& files) {
  Json list = Json::array();
  for (const auto& [name, state] : files) list.push_back({{"name", bytes_to_json(name)}, {"before", to_json(state)}});
  return {{"event", "before"}, {"id", id}, {"files", std::move(list)}};
}

Json after_line(const std::string& id, const std::map<std::string, CheckpointRecord::Sides>& files) {
  Json list = Json::array();
  for (const auto& [name, sides] : files) {
    Json entry = {{"name", bytes_to_json(name)}, {"before", to_json(sides.before)}};
    if (sides.after) entry["after"] = to_json(*sides.after);
    list.push_back(std::move(entry));
  }
  return {{"event", "after"}, {"id", id}, {"files", std::move(list)}};
}

Json dropped_line(const std::string& id) { return {{"event", "dropped"}, {"id", id}}; }
Json undone_line(const std::vector<std::string>& ids, bool undone) { return {{"event", undone ? "undone" : "redone"}, {"ids", ids}}; }

}  // namespace wright::agent
