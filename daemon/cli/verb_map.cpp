#include "daemon/cli/verbs.h"

namespace wright::cli {

int verb_map(const std::vector<std::string>&) {
  return fail({ErrorKind::failed, "map: not built yet", ""});
}

}  // namespace wright::cli
