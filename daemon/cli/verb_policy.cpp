#include "daemon/cli/verbs.h"

namespace wright::cli {

int verb_policy(const std::vector<std::string>&) {
  return fail({ErrorKind::failed, "policy: not built yet", ""});
}

}  // namespace wright::cli
