#include "daemon/cli/verbs.h"

namespace wright::cli {

int verb_tokenize(const std::vector<std::string>&) {
  return fail({ErrorKind::failed, "tokenize: not built yet", ""});
}

}  // namespace wright::cli
