// wright doctor [--json]: checks this machine; each row says what is wrong and what to do.
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/file.h"
#include "base/json.h"
#include "daemon/api/build_id.h"
#include "daemon/api/daemon.h"
#include "daemon/cli/daemon_start.h"
#include "daemon/cli/verbs.h"
#include "tools/exec/sandbox.h"

namespace wright::cli {
namespace {

struct Finding {
  enum class Grade { good, note, bad } grade = Grade::good;
  std::string text, fix;
};

Finding check_processor(const daemon::Folders&) {
  std::string has;
  if (__builtin_cpu_supports("avx2")) has += " avx2";
  if (__builtin_cpu_supports("avx512f")) has += " avx512";
  if (__builtin_cpu_supports("avx512vnni")) has += " vnni";
  const std::string text = fmt::format("{} threads,{}", std::thread::hardware_concurrency(), has.empty() ? " no vector units known to the engine" : has);
  if (has.empty()) return {Finding::Grade::note, text, "the scalar engine works, slowly"};
  return {Finding::Grade::good, text, ""};
}

Finding check_model(const daemon::Folders& folders) {
  const auto path = daemon::find_model(folders, "");
  if (path.ok()) return {Finding::Grade::good, *path, ""};
  return {Finding::Grade::bad, path.error().message, path.error().next};
}

Finding check_sandbox(const daemon::Folders&) {
  const auto& status = tools::sandbox_status();
  const std::string text = fmt::format("level {}", "ABC"[static_cast<int>(status.level)]);
  if (status.level == tools::SandboxLevel::a) return {Finding::Grade::good, text + (tools::overlay_available() ? ", overlays" : ", copies instead of overlays"), ""};
  return {Finding::Grade::note, text + ": " + status.reason, status.fix};
}

Finding check_folders(const daemon::Folders& folders) {
  for (const std::string& folder : {folders.config, folders.state, folders.cache}) {
    if (const auto made = make_directories(folder, 0700); !made.ok()) return {Finding::Grade::bad, made.error().message, "set WRIGHT_HOME to a folder of yours"};
    if (::access(folder.c_str(), W_OK) != 0) return {Finding::Grade::bad, folder + " cannot be written", "set WRIGHT_HOME to a folder of yours"};
  }
  struct statvfs disk{};
  if (::statvfs(folders.state.c_str(), &disk) == 0) {
    const double free_gib = double(disk.f_bavail) * double(disk.f_frsize) / (1 << 30);
    if (free_gib < 1) return {Finding::Grade::note, fmt::format("{:.1f} GiB free in {}", free_gib, folders.state), "free some space: sessions and checkpoints lie there"};
    return {Finding::Grade::good, fmt::format("{} ({:.0f} GiB free)", folders.state, free_gib), ""};
  }
  return {Finding::Grade::good, folders.state, ""};
}

Finding check_daemon(const daemon::Folders& folders) {
  const auto socket = running_daemon(interrupt_context(), folders);
  if (socket.ok()) return {Finding::Grade::good, "runs, " + *socket, ""};
  return {Finding::Grade::note, socket.error().message, socket.error().next};
}

Finding check_locale(const daemon::Folders&) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (const char* value = std::getenv(name); value && *value) {
      const std::string_view v = value;
      if (v.find("UTF-8") != std::string_view::npos || v.find("utf8") != std::string_view::npos) return {Finding::Grade::good, std::string(v), ""};
      break;
    }
  return {Finding::Grade::note, "the locale is not UTF-8", "set LANG=C.UTF-8"};
}

struct Check {
  std::string_view name;
  Finding (*run)(const daemon::Folders&);
};
constexpr Check kChecks[] = {{"processor", check_processor}, {"default model", check_model}, {"sandbox", check_sandbox},
                             {"folders", check_folders}, {"daemon", check_daemon}, {"locale", check_locale}};

}  // namespace

int verb_doctor(const std::vector<std::string>& args) {
  const bool json = args.size() == 1 && args[0] == "--json";
  if (args.size() == 1 && (args[0] == "--help" || args[0] == "-h")) {
    fmt::print("wright doctor [--json]\n\nChecks this machine and says what to do. Exit 1 when something needed is missing.\n");
    return 0;
  }
  if (!args.empty() && !json) return fail({ErrorKind::usage, "doctor: unknown argument '" + args[0] + "'", "see `wright doctor --help`"});
  const daemon::Folders folders = daemon::Folders::from_environment();
  bool bad = false;
  Json rows = Json::array();
  if (!json) fmt::print("wright {}\n", daemon::this_build().text());
  for (const Check& check : kChecks) {
    const Finding found = check.run(folders);
    bad = bad || found.grade == Finding::Grade::bad;
    static constexpr std::string_view kGrades[] = {"ok", "note", "bad"};
    const auto grade = kGrades[static_cast<int>(found.grade)];
    rows.push_back({{"check", check.name}, {"grade", grade}, {"text", found.text}, {"fix", found.fix}});
    if (json) continue;
    static constexpr std::string_view kColours[] = {"\x1b[32m", "\x1b[33m", "\x1b[31m"};
    const auto on = colour(1, kColours[static_cast<int>(found.grade)]), off = colour(1, "\x1b[0m");
    fmt::print("{}{:<5}{} {:<14} {}{}\n", on, grade, off, check.name, found.text, found.fix.empty() ? "" : "; " + found.fix);
  }
  if (json) fmt::print("{}\n", dump_json(rows));
  return bad ? 1 : 0;
}

}  // namespace wright::cli
