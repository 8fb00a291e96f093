#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "engine/text/loaders.h"

namespace wright::engine {
namespace {

constexpr std::size_t kMaxFile = 512u << 20;

bool ends_with(std::string_view text, std::string_view tail) {
  return text.size() >= tail.size() && text.substr(text.size() - tail.size()) == tail;
}

bool is_folder(const std::string& path) {
  struct stat s;
  return stat(path.c_str(), &s) == 0 && S_ISDIR(s.st_mode);
}

// The JSON beside a .tiktoken file whose "ranks" names it: it has the pattern and the special tokens.
Result<std::string> description_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash);
  const std::string name = path.substr(slash == std::string::npos ? 0 : slash + 1);
  if (DIR* dir = opendir(folder.c_str())) {
    std::vector<std::string> candidates;
    while (const dirent* entry = readdir(dir))
      if (ends_with(entry->d_name, ".json")) candidates.push_back(entry->d_name);
    closedir(dir);
    for (const auto& candidate : candidates) {
      auto text = read_file(folder + "/" + candidate, 1 << 20);
      if (!text) continue;
      const auto json = parse_json(*text, candidate);
      if (json && json->is_object() && json->contains("pattern") && json->value("ranks", Json()) == Json(name)) return text;
    }
  }
  return Error{ErrorKind::not_found, fmt::format("{}: no description beside it", path),
               fmt::format("put a JSON file with \"ranks\": \"{}\", \"pattern\" and \"special_tokens\" into its folder", name)};
}

TokenizerResult load_folder(const std::string& folder) {
  for (const char* name : {"tokenizer.json", "tekken.json", "tokenizer.model"}) {
    const std::string path = folder + "/" + name;
    if (!exists(path)) continue;
    WRIGHT_TRY(const auto text, read_file(path, kMaxFile));
    if (ends_with(path, "tokenizer.json")) return load_json_tokenizer(text, path, folder);
    if (ends_with(path, "tekken.json")) return load_tekken(text, path);
    return load_sentencepiece(text, path);
  }
  return Error{ErrorKind::not_found, fmt::format("{}: no tokenizer.json, tekken.json or tokenizer.model", folder),
               "fetch the model's tokenizer files into that folder"};
}

}  // namespace

TokenizerResult load_folder_tokenizer(const std::string& path) {
  if (is_folder(path)) return load_folder(path);
  const std::size_t slash = path.rfind('/');
  return load_folder(slash == std::string::npos ? "." : path.substr(0, slash));
}

TokenizerResult load_tokenizer_file(const std::string& path) {
  if (!exists(path))
    return Error{ErrorKind::not_found, fmt::format("{}: no such file or folder", path),
                 "give a GGUF, a model's folder, tokenizer.json, *.tiktoken, tekken.json or tokenizer.model"};
  if (is_folder(path) || ends_with(path, ".safetensors")) return load_folder_tokenizer(path);
  WRIGHT_TRY(const auto text, read_file(path, kMaxFile));
  if (ends_with(path, ".tiktoken")) {
    WRIGHT_TRY(const auto description, description_of(path));
    return load_tiktoken(text, description, path);
  }
  if (ends_with(path, ".model")) return load_sentencepiece(text, path);
  if (ends_with(path, ".json")) {
    const bool tekken = text.find("\"default_num_special_tokens\"") != std::string::npos &&
                        text.find("\"token_bytes\"") != std::string::npos;
    if (tekken) return load_tekken(text, path);
    const std::size_t slash = path.rfind('/');
    return load_json_tokenizer(text, path, slash == std::string::npos ? "." : path.substr(0, slash));
  }
  return Error{ErrorKind::usage, fmt::format("{}: not a tokenizer file by its name", path),
               "give a GGUF, a model's folder, tokenizer.json, *.tiktoken, tekken.json or tokenizer.model"};
}

}  // namespace wright::engine
