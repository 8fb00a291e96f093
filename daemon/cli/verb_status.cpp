#include "daemon/cli/verbs.h"

namespace wright::cli {

int verb_status(const std::vector<std::string>&) {
  return fail({ErrorKind::failed, "status: not built yet", ""});
}

}  // namespace wright::cli
