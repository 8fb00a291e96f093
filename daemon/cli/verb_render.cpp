#include "daemon/cli/verbs.h"

namespace wright::cli {

int verb_render(const std::vector<std::string>&) {
  return fail({ErrorKind::failed, "render: not built yet", ""});
}

}  // namespace wright::cli
