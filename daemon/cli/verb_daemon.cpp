#include "daemon/cli/verbs.h"

namespace wright::cli {

int verb_daemon(const std::vector<std::string>&) {
  return fail({ErrorKind::failed, "daemon: not built yet", ""});
}

}  // namespace wright::cli
