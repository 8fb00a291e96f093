// Where a model keeps its chat template.
#include <sys/stat.h>

#include "base/log.h"
#include "engine/chat/chat_format.h"

namespace wright::engine {
namespace {

using Templates = std::vector<std::pair<std::string, std::string>>;

const std::string* meta_text(const Weights& weights, const std::string& key) {
  const MetaValue* value = weights.meta(key);
  return value ? std::get_if<std::string>(value) : nullptr;
}

Templates gguf_templates(const Weights& weights) {
  constexpr std::string_view kKey = "tokenizer.chat_template";
  Templates out;
  for (const std::string& key : weights.meta_keys()) {
    if (!key.starts_with(kKey)) continue;
    const std::string* source = meta_text(weights, key);
    if (!source) continue;
    if (key == kKey) out.emplace_back("default", *source);
    else if (key[kKey.size()] == '.') out.emplace_back(key.substr(kKey.size() + 1), *source);
  }
  return out;
}

}  // namespace

Result<Templates> chat_templates(const std::string& path) {
  struct stat s;
  if (stat(path.c_str(), &s) == 0 && S_ISDIR(s.st_mode)) return folder_chat_templates(path);
  WRIGHT_TRY(const auto weights, open_weights(path));
  return weights->is_gguf() ? gguf_templates(*weights) : folder_chat_templates(path);
}

Result<std::shared_ptr<const ChatFormat>> load_chat_format(const Weights& weights, std::shared_ptr<const Tokenizer> tokenizer) {
  Templates templates;
  if (weights.is_gguf()) {
    templates = gguf_templates(weights);
  } else {
    WRIGHT_TRY(templates, folder_chat_templates(weights.path()));
  }
  if (templates.empty()) log::warn("{}: the model has no chat template; ChatML is used", weights.path());
  const auto spelled = [&](TokenId id) { return tokenizer && id >= 0 ? std::string(tokenizer->bytes(id)) : std::string(); };
  const std::string bos = tokenizer ? spelled(tokenizer->bos()) : "", eos = tokenizer ? spelled(tokenizer->eos()) : "";
  return make_chat_format(templates, bos, eos, std::move(tokenizer));
}

}  // namespace wright::engine
