#include "agent/search/trial.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "agent/search/copied_tree.h"
#include "base/file.h"

namespace wright::agent::search {

namespace fs = std::filesystem;

namespace {

std::string scratch_prefix() { return fmt::format("wright-fix-{}-", ::getuid()); }

// Overlay work folders are made without permissions: give them back before removing.
void remove_tree(const std::string& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
  if (!fs::exists(fs::symlink_status(path, ignored))) return;
  for (auto it = fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied, ignored); it != fs::recursive_directory_iterator();
       it.increment(ignored))
    if (it->is_directory(ignored) && !it->is_symlink(ignored)) ::chmod(it->path().c_str(), 0700);
  fs::remove_all(path, ignored);
}

// Folders of searches whose process is gone (killed): "wright-fix-UID-PID-xxxxxx".
void remove_stale(const std::string& parent) {
  const std::string prefix = scratch_prefix();
  DIR* folder = ::opendir(parent.c_str());
  if (!folder) return;
  std::vector<std::string> stale;
  while (const dirent* entry = ::readdir(folder)) {
    const std::string name = entry->d_name;
    if (!name.starts_with(prefix)) continue;
    const long pid = std::strtol(name.c_str() + prefix.size(), nullptr, 10);
    if (pid > 0 && ::kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH) stale.push_back(parent + "/" + name);
  }
  ::closedir(folder);
  for (const std::string& path : stale) remove_tree(path);
}

bool below(const std::string& path, const std::string& folder) { return path == folder || path.starts_with(folder + "/"); }

Result<std::string> make_scratch(const std::string& workspace) {
  for (const char* parent : {"/dev/shm", "/tmp", "/var/tmp"}) {
    if (below(parent, workspace)) continue;  // an overlay cannot lie in its own lower layer
    remove_stale(parent);
    std::string name = fmt::format("{}/{}{}-XXXXXX", parent, scratch_prefix(), ::getpid());
    if (::mkdtemp(name.data())) return name;
  }
  return Error{ErrorKind::io, "no scratch folder can be made in /dev/shm, /tmp or /var/tmp", "free space or permissions there"};
}

}  // namespace

Result<std::unique_ptr<Trials>> Trials::open(const FixRequest& request) {
  WRIGHT_TRY(std::string scratch, make_scratch(request.workspace));
  return std::unique_ptr<Trials>(new Trials(request, std::move(scratch), !request.copies && tools::overlay_available()));
}

Trials::~Trials() { remove_tree(scratch_); }

Result<std::size_t> Trials::take_slot() {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < slots_.size(); ++i)
    if (!slots_[i].busy) {
      slots_[i].busy = true;
      return i;
    }
  slots_.push_back({fmt::format("{}/{}", scratch_, slots_.size()), true, false});
  return slots_.size() - 1;
}

Result<void> Trials::put_files(const std::string& base, const TrialRun& trial) {
  const auto put = [&](const std::string& path, const std::string& bytes, const struct stat* like) -> Result<void> {
    WRIGHT_CHECK(make_directories(path.substr(0, path.rfind('/'))));
    ::unlink(path.c_str());
    WRIGHT_CHECK(write_file_atomic(path, bytes, like ? like->st_mode & 07777 : 0644, false));
    if (!like) return {};
    std::int64_t write = 0;
    {
      const std::lock_guard lock(mutex_);
      write = ++writes_;
    }
    const timespec times[2] = {{like->st_mtim.tv_sec + 2 * write, 0}, {like->st_mtim.tv_sec + 2 * write, 0}};
    ::utimensat(AT_FDCWD, path.c_str(), times, 0);
    return {};
  };
  for (const auto& [name, bytes] : trial.files) {
    struct stat like{};
    if (::stat((request_.workspace + "/" + name).c_str(), &like) != 0) return errno_error("read", name, errno);
    WRIGHT_CHECK(put(base + "/" + name, bytes, &like));
  }
  for (const auto& [name, bytes] : trial.trace_files) WRIGHT_CHECK(put(base + "/" + kTraceFolder + "/" + name, bytes, nullptr));
  return {};
}

void Trials::clean(Slot& slot) {
  if (overlay_) remove_tree(slot.folder);
  else if (slot.copied && !restore_copy(request_.workspace, slot.folder + "/copy").ok()) slot.copied = false;
}

Result<TrialResult> Trials::run(const Context& context, const TrialRun& trial) {
  WRIGHT_TRY(const std::size_t index, take_slot());
  Slot slot;
  {
    const std::lock_guard lock(mutex_);
    slot = slots_[index];
  }
  const auto finish = [&] {
    clean(slot);
    const std::lock_guard lock(mutex_);
    slots_[index] = slot;
    slots_[index].busy = false;
  };
  tools::Command command;
  TrialResult out;
  out.root = overlay_ ? request_.workspace : slot.folder + "/copy";
  const std::string layer = overlay_ ? slot.folder + "/upper" : out.root;
  const auto prepare = [&]() -> Result<void> {
    WRIGHT_CHECK(make_directories(slot.folder + "/work", 0700));
    if (overlay_) WRIGHT_CHECK(make_directories(layer, 0755));
    if (!overlay_ && !slot.copied) {
      remove_tree(layer);
      tools::Command copy;
      copy.argv = {"cp", "-a", "--reflink=auto", "--", request_.workspace, layer};
      copy.cwd = copy.root = slot.folder;
      copy.timeout = std::chrono::minutes(10);
      tools::CommandPolicy plain = request_.commands;
      plain.level = tools::SandboxLevel::c;  // cp with our own arguments, nothing of the repository's
      WRIGHT_TRY(const auto copied, tools::run_command(context, plain, copy));
      WRIGHT_CHECK(context.check());
      if (copied.exit_status != 0)
        return Error{ErrorKind::io, fmt::format("the workspace cannot be copied to {}: {}", slot.folder, copied.output.substr(0, 200)), "free space there"};
      slot.copied = true;
    }
    return put_files(layer, trial);
  };
  if (auto ready = prepare(); !ready.ok()) {
    finish();
    return ready.error();
  }
  command.shell = trial.shell.empty() ? request_.test : trial.shell;
  command.root = out.root;
  const std::string cwd = request_.cwd.empty() ? request_.workspace : request_.cwd;
  command.cwd = out.root + cwd.substr(request_.workspace.size());
  if (overlay_) {
    command.overlay_upper = layer;
    command.overlay_work = slot.folder + "/work";
  }
  command.disposable = !overlay_;
  command.timeout = trial.timeout;
  tools::CommandPolicy policy = request_.commands;
  for (const auto& [name, value] : trial.environment) {
    std::string text = value;
    if (const std::size_t at = text.find("{trace}"); at != std::string::npos) text.replace(at, 7, out.root + "/" + kTraceFolder);
    if (text == "{root}") text = out.root;
    policy.environment[name] = text;
  }
  auto result = tools::run_command(context, policy, command);
  if (result.ok() && !trial.environment.empty()) {
    std::error_code ignored;
    for (auto it = fs::recursive_directory_iterator(layer + "/" + kTraceFolder, ignored); it != fs::recursive_directory_iterator(); it.increment(ignored))
      if (it->is_regular_file(ignored))
        if (auto bytes = read_file(it->path().string(), std::size_t(64) << 20); bytes.ok())
          out.traces.emplace_back(it->path().filename().string(), std::move(*bytes));
  }
  finish();
  if (!result.ok()) return result.error();
  if (result->cancelled) return context.cancelled() ? Error{ErrorKind::cancelled, "cancelled", ""} : Error{ErrorKind::timeout, "the time is over", ""};
  out.command = std::move(*result);
  return out;
}

}  // namespace wright::agent::search
