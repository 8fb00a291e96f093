// A session's events as `wright run --json` prints them: one JSON object a line, shaped like those of `codex exec --json`, the last
// {"type":"result",…}. The schema is daemon/doc/run-events.schema.json. One a run; one thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/api/jobs.h"

namespace wright::cli {

class RunJson {
 public:
  // The line that an event of the job becomes; nothing when it has none.
  std::optional<daemon::Json> line(const daemon::Json& event);
  // The lines that end a run: turn.completed or turn.failed, then the result.
  static std::vector<daemon::Json> last_lines(const daemon::Json& result);
  static std::vector<daemon::Json> last_lines(const Error& error);

 private:
  std::map<std::string, daemon::Json> calls_;  // call id -> its item, until the result
};

}  // namespace wright::cli
