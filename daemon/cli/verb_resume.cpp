#include "daemon/cli/verbs.h"

namespace wright::cli {

int verb_resume(const std::vector<std::string>&) {
  return fail({ErrorKind::failed, "resume: not built yet", ""});
}

}  // namespace wright::cli
