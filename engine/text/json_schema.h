// JSON Schema (draft 2020-12, the part that engine/text/constraint.h lists) compiled into a grammar of the JSON texts that conform.
// Narrower than the schema only in layout (bounded whitespace, bounded digits, keys in one order: those of `required` first, in that
// order, then the others by name; without additionalProperties only the named keys). Never wider. Pure function, any thread.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "engine/text/grammar.h"

namespace wright::engine {

// `usage`: what is not supported or can't be satisfied, with its path in the schema; `limit`: too large.
Result<Grammar> compile_json_schema(const Json& schema);

}  // namespace wright::engine
