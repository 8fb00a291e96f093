#include "daemon/cli/verbs.h"

namespace wright::cli {

int verb_inspect(const std::vector<std::string>&) {
  return fail({ErrorKind::failed, "inspect: not built yet", ""});
}

}  // namespace wright::cli
