// Edits in one format (v4a): any text against a small tree, read as its origin does and by default. A failed plan
// changes nothing by default, and every change names a file inside.
#include <string>

#include "tests/fuzz/patch_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  return wright::fuzz::plan_once(wright::tools::patch::Format::v4a, data, size);
}
