#include "daemon/cli/model_parts.h"

#include "engine/chat/chat_format.h"
#include "engine/text/loaders.h"

namespace wright::cli {
namespace {

Error no_gguf(const std::string& path) {
  return {ErrorKind::failed, path + ": this build has no GGUF reader", "give the model's folder, or its tokenizer file"};
}

}  // namespace

Result<std::shared_ptr<const engine::Tokenizer>> tokenizer_at(const std::string& path) {
  if (path.ends_with(".gguf")) return no_gguf(path);
  return engine::load_tokenizer_file(path);
}

Result<std::vector<std::pair<std::string, std::string>>> templates_at(const std::string& path) {
  if (path.ends_with(".gguf")) return no_gguf(path);
  return engine::folder_chat_templates(path);
}

}  // namespace wright::cli
