// Reference data that lies beside a checkout (../shared), used in place where it is there.
#pragma once

#include <optional>
#include <string>

namespace wright::test {

// The path of ../shared/`relative`; nothing (and a warning in the test's output) when it is not there.
std::optional<std::string> shared_path(const std::string& relative);

}  // namespace wright::test
