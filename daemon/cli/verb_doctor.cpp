#include "daemon/cli/verbs.h"

namespace wright::cli {

int verb_doctor(const std::vector<std::string>&) {
  return fail({ErrorKind::failed, "doctor: not built yet", ""});
}

}  // namespace wright::cli
