#include "daemon/cli/verbs.h"

namespace wright::cli {

int verb_sandbox(const std::vector<std::string>&) {
  return fail({ErrorKind::failed, "sandbox: not built yet", ""});
}

}  // namespace wright::cli
