#include "daemon/cli/verbs.h"

namespace wright::cli {

int verb_stop(const std::vector<std::string>&) {
  return fail({ErrorKind::failed, "stop: not built yet", ""});
}

}  // namespace wright::cli
