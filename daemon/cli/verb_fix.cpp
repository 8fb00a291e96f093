#include "daemon/cli/verbs.h"

namespace wright::cli {

int verb_fix(const std::vector<std::string>&) {
  return fail({ErrorKind::failed, "fix: not built yet", ""});
}

}  // namespace wright::cli
