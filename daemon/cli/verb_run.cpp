#include "daemon/cli/verbs.h"

namespace wright::cli {

int verb_run(const std::vector<std::string>&) {
  return fail({ErrorKind::failed, "run: not built yet", ""});
}

}  // namespace wright::cli
