// Tokenizers of models, whatever holds them.
#include "base/file.h"
#include "engine/format/weights.h"
#include "engine/text/loaders.h"

namespace wright::engine {

TokenizerResult load_tokenizer(const Weights& weights) {
  return weights.is_gguf() ? load_gguf_tokenizer(weights) : load_folder_tokenizer(weights.path());
}

TokenizerResult load_tokenizer(const std::string& path) {
  if (!path.ends_with(".gguf") || !exists(path)) return load_tokenizer_file(path);
  WRIGHT_TRY(const auto weights, open_weights(path));
  return load_gguf_tokenizer(*weights);
}

}  // namespace wright::engine
