// What the three edit formats' fuzz targets share. The input is a patch; with a NUL byte in it, what stands before is a file.
#pragma once

#include <string>
#include <string_view>

#include "tests/tools/patch/memory_reader.h"

namespace wright::fuzz {

inline int plan_once(tools::patch::Format format, const unsigned char* data, std::size_t size) {
  if (size > 16384) return 0;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = text.find('\0');
  const std::string file = cut == text.npos ? "one\r\ntwo\n\nthree" : std::string(text.substr(0, cut));
  if (cut != text.npos) text.remove_prefix(cut + 1);
  const test::Files files{{"f", file}, {"src/a.py", "def f():\n    return 1\n"}};
  for (const bool compat : {false, true}) {
    test::MemoryReader reader(files);
    const auto plan = tools::patch::make_plan(format, text, reader, {compat, {"f", "src/a.py"}});
    if (plan.failure && !compat && !plan.changes.empty()) __builtin_trap();
    for (const auto& change : plan.changes)
      if (change.path.starts_with('/') || change.path.starts_with("../") || tools::Workspace::in_git_folder(change.path)) __builtin_trap();
    (void)tools::patch::plan_diff(plan.changes);
  }
  (void)tools::patch::named_paths(format, text);
  return 0;
}

}  // namespace wright::fuzz
