// Text files built into the binary (prompts, tool descriptions, queries, web page) by wright_embed() in
// base/cmake/wright.cmake. Immutable, any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace wright {

struct EmbeddedFile {
  const char* name;  // file name without folder; null ends a table
  const char* data;
  std::size_t size;
  std::string_view text() const { return {data, size}; }
};

// The file called `name` in a table ended by a null name; null when there is none.
inline const EmbeddedFile* find_embedded(const EmbeddedFile* table, std::string_view name) {
  for (; table->name; ++table)
    if (name == table->name) return table;
  return nullptr;
}

}  // namespace wright
