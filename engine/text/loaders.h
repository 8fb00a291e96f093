// The tokenizer files that are understood, one function a format. `path` names the file in errors.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/text/tokenizer.h"

namespace wright::engine {

using TokenizerResult = Result<std::shared_ptr<const Tokenizer>>;

// tokenizer.ggml.* of a GGUF.
TokenizerResult load_gguf_tokenizer(const Weights& weights);
// tokenizer.json (tokenizers 0.20 and before). `folder`: where generation_config.json and tokenizer_config.json may lie,
// which name the ends of a generation; "" for none.
TokenizerResult load_json_tokenizer(std::string_view text, const std::string& path, const std::string& folder);
// Ranks in tiktoken's text form, and the JSON beside it (pattern, special_tokens).
TokenizerResult load_tiktoken(std::string_view ranks, std::string_view description, const std::string& path);
TokenizerResult load_tekken(std::string_view text, const std::string& path);
// A SentencePiece model (protocol buffer).
TokenizerResult load_sentencepiece(std::string_view bytes, const std::string& path);

// The tokenizer in a model's folder; `path`: the folder, or a file in it.
TokenizerResult load_folder_tokenizer(const std::string& path);
// Any file that is no model: by its name and contents; a folder too.
TokenizerResult load_tokenizer_file(const std::string& path);

}  // namespace wright::engine
