#include "tests/support/fake_worker.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "engine/remote/remote_engine.h"
#include "engine/run/local_engine.h"
#include "tests/support/fake_backend.h"

namespace wright::test {
namespace {

constexpr const char* kRole = "fake-engine-worker";

Result<std::shared_ptr<engine::Engine>> open_fake(const engine::EngineOptions& options) {
  if (options.model_path == "broken") return Error{ErrorKind::invalid, "broken: not a model", "give a model"};
  if (options.model_path == "dies") _exit(7);
  auto backend = std::make_unique<FakeBackend>(FakeOptions{});
  if (options.model_path == "slow")
    backend->before_run = [](const Context&, const engine::Pass&) -> Result<void> {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return {};
    };
  engine::LocalEngineParts parts;
  parts.backend = std::move(backend);
  parts.tokenizer = fake_tokenizer();
  parts.info = {options.model_path, "fake", "fake", "fake", 100000, 261, 1};
  parts.cache_bytes = std::size_t{4096} << 20;
  return engine::make_local_engine(std::move(parts));
}

int parent() {
  auto engine = open_fake_remote("fake");
  if (!engine.ok() || worker_pids().size() != 1) return 1;
  std::printf("%d\n", worker_pids()[0]);
  std::fflush(stdout);
  for (;;) pause();
}

}  // namespace

std::optional<int> play_role(int argc, char** argv) {
  const std::string role = argc > 1 ? argv[1] : "";
  if (role == kRole) return engine::run_engine_worker(open_fake);
  if (role == "fake-engine-parent") return parent();
  return std::nullopt;
}

Result<std::shared_ptr<engine::Engine>> open_fake_remote(const std::string& model) {
  engine::RemoteEngineParts parts;
  parts.program = "/proc/self/exe";
  parts.args = {kRole};
  parts.options.model_path = model;
  parts.tokenizer = fake_tokenizer();
  return engine::make_remote_engine(std::move(parts));
}

std::vector<pid_t> worker_pids() {
  std::vector<pid_t> out;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream stat(entry.path() / "stat");
    std::stringstream text;
    text << stat.rdbuf();
    // "pid (name) state ppid": the name may hold anything.
    const std::size_t at = text.str().rfind(')');
    char state = 0;
    int ppid = 0;
    if (at == std::string::npos || std::sscanf(text.str().c_str() + at, ") %c %d", &state, &ppid) != 2) continue;
    if (ppid == getpid() && state != 'Z') out.push_back(std::stoi(name));
  }
  return out;
}

}  // namespace wright::test
