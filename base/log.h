// Leveled log lines to stderr (or the daemon's file), one line each, no secrets. WRIGHT_LOG=debug|info|warn|error
// sets the level at start; default warn. Any thread.
#pragma once

#include <fmt/format.h>

#include <string_view>

namespace wright::log {

enum class Level { debug, info, warn, error };

void set_level(Level level);
Level level();
// Appends later lines to `path` as well; empty: stderr only. False when it can't be opened.
bool set_file(const char* path);
void write(Level level, std::string_view message);

template <class... A>
void debug(fmt::format_string<A...> f, A&&... a) {
  if (level() <= Level::debug) write(Level::debug, fmt::format(f, std::forward<A>(a)...));
}
template <class... A>
void info(fmt::format_string<A...> f, A&&... a) {
  if (level() <= Level::info) write(Level::info, fmt::format(f, std::forward<A>(a)...));
}
template <class... A>
void warn(fmt::format_string<A...> f, A&&... a) {
  if (level() <= Level::warn) write(Level::warn, fmt::format(f, std::forward<A>(a)...));
}
template <class... A>
void error(fmt::format_string<A...> f, A&&... a) {
  write(Level::error, fmt::format(f, std::forward<A>(a)...));
}

}  // namespace wright::log
