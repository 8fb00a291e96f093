#include "tools/repo/binary_patch.h"

#include "tools/repo/git_handles.h"

namespace wright::tools {

Result<std::string> binary_patch(const std::optional<std::string_view>& before, const std::optional<std::string_view>& after) {
  git_start();
  git_diff_options options = GIT_DIFF_OPTIONS_INIT;
  options.flags = GIT_DIFF_SHOW_BINARY | GIT_DIFF_FORCE_BINARY;
  options.id_abbrev = GIT_OID_HEXSZ;  // `git apply` wants whole ids beside bytes
  git_patch* raw = nullptr;
  const auto data = [](const std::optional<std::string_view>& side) { return !side ? nullptr : side->empty() ? "" : side->data(); };
  const int made = git_patch_from_buffers(&raw, data(before), before.value_or("").size(), "file", data(after), after.value_or("").size(), "file", &options);
  if (made != 0) return git_error_of(made, "compare binary files");
  const PatchHandle patch(raw);
  GitText text;
  if (const int printed = git_patch_to_buf(&text.raw, patch.get()); printed != 0) return git_error_of(printed, "print a binary patch");
  const std::string_view whole = text.view();
  const std::size_t at = whole.find("\nindex ");
  if (at == whole.npos || whole.find("\nGIT binary patch\n", at) == whole.npos) return Error{ErrorKind::failed, "libgit2 printed no binary patch", ""};
  return std::string(whole.substr(at + 1));
}

}  // namespace wright::tools
