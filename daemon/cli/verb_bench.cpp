#include "daemon/cli/verbs.h"

namespace wright::cli {

int verb_bench(const std::vector<std::string>&) {
  return fail({ErrorKind::failed, "bench: not built yet", ""});
}

}  // namespace wright::cli
