// Roles that the test program plays for tests of the engine's wall, chosen by its first argument: "fake-engine-worker" serves
// the fake backend (engine/remote/worker.h), "fake-engine-parent" holds such a worker and prints its process id.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/run/engine.h"

namespace wright::test {

// The exit status when argv names a role; else nothing.
std::optional<int> play_role(int argc, char** argv);

// A remote engine whose worker is this program over the fake backend. `model`: "fake", "slow" (a millisecond a pass),
// "broken" (cannot be opened), "dies" (ends while loading).
Result<std::shared_ptr<engine::Engine>> open_fake_remote(const std::string& model);

// Workers of this process that live.
std::vector<pid_t> worker_pids();

}  // namespace wright::test
