// Finding the daemon, starting it when it is absent, and asking an older one to hand over.
#pragma once

#include <string>

#include "base/context.h"
#include "daemon/api/services.h"

namespace wright::cli {

// The socket of a daemon of this build (or a newer one) that answers. Starts one in the background when there is none.
Result<std::string> ensure_daemon(const Context& context, const daemon::Folders& folders);

// The socket of a daemon that answers now; not_found when there is none.
Result<std::string> running_daemon(const Context& context, const daemon::Folders& folders);

}  // namespace wright::cli
