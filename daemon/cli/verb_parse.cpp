#include "daemon/cli/verbs.h"

namespace wright::cli {

int verb_parse(const std::vector<std::string>&) {
  return fail({ErrorKind::failed, "parse: not built yet", ""});
}

}  // namespace wright::cli
