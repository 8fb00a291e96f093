// What the name of a path says, without looking at the disk: whether it lies inside a folder, and whether it is a control file
// (something that makes git, an editor, a shell or an agent run or obey it) or a likely secret. Pure functions, any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace wright::tools {

// Absolute, without ".", ".." and double slashes; `~` and `~/x` become `home`. Lexical: links are not followed.
std::string clean_path(std::string_view path, std::string_view base, std::string_view home);
// "" for the folder itself, "a/b" below it; nothing is inside when false.
bool path_inside(std::string_view path, std::string_view folder);
std::string path_below(std::string_view path, std::string_view folder);

// Names of control files, at any depth; a '/' in one means these components in a row.
std::span<const std::string_view> control_names();
// The control name that a path relative to the workspace matches, in any of its components, or "". Compares as a file system
// that folds case, drops trailing dots, blanks and streams ("::$DATA") and ignores invisible characters would.
std::string_view control_name_in(std::string_view relative);
// Whether the path belongs to tests or configures them: a change there can make a check pass without mending anything.
bool test_file(std::string_view relative);
// Whether the path may hold a secret: .env, keys, credentials, git's own files.
bool likely_secret(std::string_view path);

}  // namespace wright::tools
