// A model file becomes an engine: weights, op list, backend, tokenizer, chat format.
#include <fmt/format.h>

#include <filesystem>

#include "base/log.h"
#include "engine/model/architecture.h"
#include "engine/run/local_engine.h"

namespace wright::engine {
namespace {

std::string model_name(const Weights& weights) {
  if (weights.meta("general.name"))
    if (auto name = meta_string(weights, "general.name"); name.ok() && !name->empty()) return *name;
  return std::filesystem::path(weights.path()).stem().string();
}

Result<int> context_length(const OpList& ops, int asked) {
  if (asked < 0) return Error{ErrorKind::usage, fmt::format("context length {} is negative", asked), "leave it out for the model's own"};
  if (ops.context_length > 0 && asked > ops.context_length)
    return Error{ErrorKind::usage, fmt::format("context length {} is more than the model's {}", asked, ops.context_length), "ask for less"};
  return asked > 0 ? asked : ops.context_length;
}

Result<std::unique_ptr<Backend>> make_backend(std::shared_ptr<const OpList> ops, std::shared_ptr<const Weights> weights,
                                              const BackendOptions& options) {
  if (options.exact) return make_reference_backend(std::move(ops), std::move(weights), options);
  return make_cpu_backend(std::move(ops), std::move(weights), options);
}

}  // namespace

Result<std::shared_ptr<const Weights>> open_model_files(const std::string& path, std::shared_ptr<const Tokenizer>& tokenizer,
                                                        std::shared_ptr<const ChatFormat>& chat_format) {
  WRIGHT_TRY(auto weights, open_weights(path));
  WRIGHT_TRY(tokenizer, load_tokenizer(*weights));
  WRIGHT_TRY(chat_format, load_chat_format(*weights, tokenizer));
  return weights;
}

Result<std::shared_ptr<Engine>> open_local_engine(const EngineOptions& options) {
  LocalEngineParts parts;
  WRIGHT_TRY(const auto weights, open_model_files(options.model_path, parts.tokenizer, parts.chat_format));
  WRIGHT_TRY(const auto ops, build_op_list(*weights));
  WRIGHT_TRY(const int context, context_length(*ops, options.context_length));
  WRIGHT_TRY(parts.backend, make_backend(ops, weights, options.backend));
  parts.info = {options.model_path, model_name(*weights), ops->architecture, parts.backend->describe(), context, ops->n_vocab, weights->fingerprint()};
  parts.cache_bytes = options.cache_bytes;
  log::info("engine: {} on {}, context {}", parts.info.model_name, parts.info.device, context);
  return make_local_engine(std::move(parts));
}

}  // namespace wright::engine
