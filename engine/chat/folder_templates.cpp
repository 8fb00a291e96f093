// Chat templates in a model's folder.
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "engine/chat/chat_format.h"

namespace wright::engine {

using Templates = std::vector<std::pair<std::string, std::string>>;

Result<Templates> folder_chat_templates(const std::string& path_in) {
  std::string folder = path_in;
  struct stat s;
  if (stat(folder.c_str(), &s) == 0 && !S_ISDIR(s.st_mode)) {
    const std::size_t slash = folder.rfind('/');
    folder = slash == std::string::npos ? "." : folder.substr(0, slash);
  }
  Templates out;
  if (const auto source = read_file(folder + "/chat_template.jinja", 16 << 20)) out.emplace_back("default", *source);
  if (const auto source = read_file(folder + "/additional_chat_templates/tool_use.jinja", 16 << 20)) out.emplace_back("tool_use", *source);
  if (!out.empty()) return out;
  const std::string path = folder + "/tokenizer_config.json";
  if (!exists(path)) return out;
  WRIGHT_TRY(const auto raw, read_file(path, 64 << 20));
  WRIGHT_TRY(const auto json, parse_json(raw, path));
  const auto it = json.find("chat_template");
  if (it == json.end()) return out;
  if (it->is_string()) out.emplace_back("default", it->get<std::string>());
  if (it->is_array())
    for (const Json& entry : *it)
      if (entry.is_object() && entry.contains("template") && entry["template"].is_string())
        out.emplace_back(entry.value("name", ""), entry["template"].get<std::string>());
  return out;
}

}  // namespace wright::engine
