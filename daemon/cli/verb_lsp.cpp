#include "daemon/cli/verbs.h"

namespace wright::cli {

int verb_lsp(const std::vector<std::string>&) {
  return fail({ErrorKind::failed, "lsp: not built yet", ""});
}

}  // namespace wright::cli
