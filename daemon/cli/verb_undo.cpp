#include "daemon/cli/verbs.h"

namespace wright::cli {

int verb_undo(const std::vector<std::string>&) {
  return fail({ErrorKind::failed, "undo: not built yet", ""});
}

}  // namespace wright::cli
