#include "daemon/cli/verbs.h"

namespace wright::cli {

int verb_sessions(const std::vector<std::string>&) {
  return fail({ErrorKind::failed, "sessions: not built yet", ""});
}

}  // namespace wright::cli
