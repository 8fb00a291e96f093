// The grammars behind the language table, for syntax.cpp alone.
#pragma once

#include "tools/repo/syntax.h"

struct TSLanguage;

namespace wright::tools {

const TSLanguage* grammar_of(Language id);

}  // namespace wright::tools
