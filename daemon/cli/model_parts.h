// What the verbs about text need of a model, without opening an engine.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/text/tokenizer.h"

namespace wright::cli {

Result<std::shared_ptr<const engine::Tokenizer>> tokenizer_at(const std::string& path);
// (name, template); empty when the model has none.
Result<std::vector<std::pair<std::string, std::string>>> templates_at(const std::string& path);

}  // namespace wright::cli
