#include "daemon/cli/verbs.h"

namespace wright::cli {

int verb_apply(const std::vector<std::string>&) {
  return fail({ErrorKind::failed, "apply: not built yet", ""});
}

}  // namespace wright::cli
