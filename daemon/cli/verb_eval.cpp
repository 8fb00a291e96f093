#include "daemon/cli/verbs.h"

namespace wright::cli {

int verb_eval(const std::vector<std::string>&) {
  return fail({ErrorKind::failed, "eval: not built yet", ""});
}

}  // namespace wright::cli
