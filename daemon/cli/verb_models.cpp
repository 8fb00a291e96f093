#include "daemon/cli/verbs.h"

namespace wright::cli {

int verb_models(const std::vector<std::string>&) {
  return fail({ErrorKind::failed, "models: not built yet", ""});
}

}  // namespace wright::cli
