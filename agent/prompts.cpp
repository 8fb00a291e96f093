#include "agent/prompts.h"

#include <cassert>
#include <string>

#include "base/embed.h"

namespace wright {
extern const EmbeddedFile agent_prompts[];
}

namespace wright::agent {

std::string_view prompt_text(std::string_view name) {
  const EmbeddedFile* file = find_embedded(agent_prompts, std::string(name) + ".md");
  assert(file);
  if (!file) return "";
  std::string_view text = file->text();
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

}  // namespace wright::agent
