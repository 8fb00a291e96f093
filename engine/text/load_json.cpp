#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "engine/text/bpe_tokenizer.h"
#include "engine/text/byte_alphabet.h"
#include "engine/text/loaders.h"
#include "engine/text/sentencepiece.h"

namespace wright::engine {
namespace {

constexpr std::int64_t kMaxVocabulary = 16 * 1024 * 1024;

void replace_mark(std::string& text, std::string_view mark) {
  for (std::size_t at = 0; !mark.empty() && (at = text.find(mark, at)) != std::string::npos; ++at)
    text.replace(at, mark.size(), " ");
}

Result<void> read_added(const JsonView& root, Vocabulary& vocabulary) {
  if (!root.has("added_tokens")) return {};
  WRIGHT_TRY(const auto list, root.at("added_tokens"));
  for (std::size_t i = 0; i < list.size(); ++i) {
    WRIGHT_TRY(const auto entry, list.at(i));
    WRIGHT_TRY(const auto id_field, entry.at("id"));
    WRIGHT_TRY(const auto id, id_field.integer());
    WRIGHT_TRY(const auto content_field, entry.at("content"));
    AddedToken token;
    WRIGHT_TRY(token.text, content_field.string());
    if (id < 0 || id >= kMaxVocabulary) return id_field.error(fmt::format("id {} is out of range", id));
    token.id = static_cast<TokenId>(id);
    WRIGHT_TRY(token.lstrip, entry.boolean_or("lstrip", false));
    WRIGHT_TRY(token.rstrip, entry.boolean_or("rstrip", false));
    WRIGHT_TRY(token.single_word, entry.boolean_or("single_word", false));
    WRIGHT_TRY(const bool special, entry.boolean_or("special", false));
    const auto index = static_cast<std::size_t>(id);
    if (index >= vocabulary.pieces.size()) vocabulary.resize(index + 1);
    vocabulary.pieces[index] = token.text;
    vocabulary.special[index] = special;
    vocabulary.added.add(std::move(token));
  }
  return {};
}

// "a b" or ["a", "b"]
Result<std::pair<std::string, std::string>> merge_of(const JsonView& view) {
  if (view.raw().is_array()) {
    if (view.size() != 2) return view.error("a merge has two parts");
    WRIGHT_TRY(const auto a, view.at(std::size_t{0}));
    WRIGHT_TRY(const auto b, view.at(std::size_t{1}));
    WRIGHT_TRY(auto left, a.string());
    WRIGHT_TRY(auto right, b.string());
    return std::pair(std::move(left), std::move(right));
  }
  WRIGHT_TRY(const auto text, view.string());
  const auto cut = text.find(' ', 1);
  if (cut == std::string::npos) return view.error("a merge has two parts");
  return std::pair(text.substr(0, cut), text.substr(cut + 1));
}

// Whether the decoder takes a leading space off: Metaspace with a prefix, or a Strip step.
bool strips_space(const Json& decoder) {
  if (!decoder.is_object()) return false;
  const auto type = decoder.value("type", "");
  if (type == "Metaspace") return decoder.value("prepend_scheme", "always") != "never" && decoder.value("add_prefix_space", true);
  if (type == "Strip") return decoder.value("start", 0) > 0;
  if (type == "Sequence" && decoder.contains("decoders") && decoder["decoders"].is_array())
    return std::any_of(decoder["decoders"].begin(), decoder["decoders"].end(), strips_space);
  return false;
}

Result<BpeParts> read_bpe(const JsonView& root, const JsonView& model) {
  BpeParts parts;
  const auto part = [&](const char* key) { return root.has(key) ? root.raw()[key] : Json(); };
  WRIGHT_TRY(parts.pre, pre_tokenizer_from_json(part("normalizer"), part("pre_tokenizer")));
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    WRIGHT_TRY(const auto text, model.string_or(key, ""));
    if (!text.empty()) return model.error(fmt::format("{} \"{}\" is not supported", key, text));
  }
  WRIGHT_TRY(parts.pre.ignore_merges, model.boolean_or("ignore_merges", false));
  WRIGHT_TRY(parts.byte_fallback, model.boolean_or("byte_fallback", false));
  WRIGHT_TRY(parts.fuse_unknown, model.boolean_or("fuse_unk", false));
  WRIGHT_TRY(const auto vocab, model.at("vocab"));
  if (!vocab.raw().is_object()) return vocab.error("expected an object");
  TokenMap by_spelling;
  by_spelling.reserve(vocab.size());
  for (const auto& [spelling, value] : vocab.raw().items()) {
    if (!value.is_number_integer() || value.get<std::int64_t>() < 0 || value.get<std::int64_t>() >= kMaxVocabulary)
      return vocab.error(fmt::format("token \"{}\" has no usable id", spelling.substr(0, 40)));
    const auto id = value.get<TokenId>();
    const auto index = static_cast<std::size_t>(id);
    if (index >= parts.vocabulary.pieces.size()) parts.vocabulary.resize(index + 1);
    std::string text = parts.pre.byte_level ? bytes_or_text(spelling) : spelling;
    by_spelling.emplace(spelling, id);
    parts.tokens.emplace(text, id);
    if (!parts.pre.byte_level) {
      if (parts.byte_fallback && text.size() == 6 && text.rfind("<0x", 0) == 0 && text.back() == '>')
        text = std::string(1, static_cast<char>(std::strtol(text.c_str() + 3, nullptr, 16)));
      else
        replace_mark(text, "▁");
    }
    parts.vocabulary.pieces[index] = std::move(text);
  }
  WRIGHT_TRY(const auto merges, model.at("merges"));
  parts.merges.reserve(merges.size());
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    WRIGHT_TRY(const auto entry, merges.at(rank));
    WRIGHT_TRY(const auto merge, merge_of(entry));
    const auto left = by_spelling.find(merge.first), right = by_spelling.find(merge.second),
               both = by_spelling.find(merge.first + merge.second);
    if (left == by_spelling.end() || right == by_spelling.end() || both == by_spelling.end())
      return entry.error("names a token that the vocabulary lacks");
    parts.merges.add(left->second, right->second, static_cast<std::uint32_t>(rank), both->second);
  }
  WRIGHT_TRY(const auto unknown, model.string_or("unk_token", ""));
  if (const auto it = by_spelling.find(unknown); !unknown.empty() && it != by_spelling.end()) parts.unknown = it->second;
  if (root.has("decoder")) parts.strip_decoded_space = strips_space(root.raw()["decoder"]);
  return parts;
}

// Ends of a generation, and BOS, from the files beside tokenizer.json.
void read_roles(const std::string& folder, Vocabulary& vocabulary) {
  if (folder.empty()) return;
  if (const auto text = read_file(folder + "/tokenizer_config.json", 64 << 20)) {
    if (const auto json = parse_json(*text, "tokenizer_config.json"); json && json->is_object()) {
      const auto id_of = [&](const char* key) -> TokenId {
        const auto it = json->find(key);
        if (it == json->end()) return -1;
        const Json& value = it->is_object() && it->contains("content") ? (*it)["content"] : *it;
        const AddedToken* token = value.is_string() ? vocabulary.added.find(value.get<std::string>()) : nullptr;
        return token ? token->id : -1;
      };
      vocabulary.bos = id_of("bos_token");
      vocabulary.eos = id_of("eos_token");
    }
  }
  for (const char* name : {"/generation_config.json", "/config.json"}) {
    const auto text = read_file(folder + name, 64 << 20);
    const auto json = text ? parse_json(*text, name) : Result<Json>(Error{});
    if (!json || !json->is_object()) continue;
    const auto usable = [&](const Json& v) { return v.is_number_integer() && vocabulary.holds(v.get<TokenId>()); };
    const auto it = json->find("eos_token_id");
    if (it != json->end()) {
      for (const Json& id : it->is_array() ? *it : Json::array({*it})) {
        if (!usable(id)) continue;
        if (vocabulary.eos < 0) vocabulary.eos = id.get<TokenId>();
        vocabulary.ends.push_back(id.get<TokenId>());
      }
    }
    const auto bos = json->find("bos_token_id");
    if (vocabulary.bos < 0 && bos != json->end() && usable(*bos)) vocabulary.bos = bos->get<TokenId>();
  }
}

Result<SentencePieceParts> read_unigram(const JsonView& root, const JsonView& model) {
  SentencePieceParts parts;
  parts.unigram = true;
  parts.prefix_space = root.has("pre_tokenizer") || root.has("normalizer");
  for (const char* key : {"pre_tokenizer", "normalizer"}) {
    if (!root.has(key)) continue;
    const std::string text = dump_json(root.raw()[key]);
    if (text.find("Precompiled") != std::string::npos || text.find("NFK") != std::string::npos)
      return root.error(fmt::format("a {} with compatibility normalisation is not supported", key));
    if (text.find("\"prepend_scheme\":\"never\"") != std::string::npos ||
        text.find("\"add_prefix_space\":false") != std::string::npos)
      parts.prefix_space = false;
  }
  WRIGHT_TRY(const auto unknown, model.integer_or("unk_id", -1));
  WRIGHT_TRY(const auto vocab, model.at("vocab"));
  for (std::size_t i = 0; i < vocab.size(); ++i) {
    WRIGHT_TRY(const auto entry, vocab.at(i));
    WRIGHT_TRY(const auto text_field, entry.at(std::size_t{0}));
    WRIGHT_TRY(const auto score_field, entry.at(std::size_t{1}));
    WRIGHT_TRY(auto text, text_field.string());
    WRIGHT_TRY(const auto score, score_field.number());
    PieceType type = PieceType::normal;
    if (static_cast<std::int64_t>(i) == unknown) type = PieceType::unknown;
    else if (text.size() == 6 && text.rfind("<0x", 0) == 0 && text.back() == '>') type = PieceType::byte;
    parts.pieces.push_back({std::move(text), static_cast<float>(score), type});
  }
  parts.vocabulary.resize(parts.pieces.size());
  return parts;
}

}  // namespace

TokenizerResult load_json_tokenizer(std::string_view text, const std::string& path, const std::string& folder) {
  WRIGHT_TRY(const auto json, parse_json(text, path));
  const JsonView root(json);
  const auto named = [&](Error e) {
    e.message = path + ": " + e.message;
    return e;
  };
  const auto model = root.at("model");
  if (!model) return named(model.error());
  auto type = model->string_or("type", model->has("merges") ? "BPE" : "");
  if (!type) return named(type.error());
  if (*type == "BPE") {
    auto parts = read_bpe(root, *model);
    if (!parts) return named(parts.error());
    if (auto added = read_added(root, parts->vocabulary); !added) return named(added.error());
    read_roles(folder, parts->vocabulary);
    return make_bpe_tokenizer(std::move(*parts), path);
  }
  if (*type == "Unigram") {
    auto parts = read_unigram(root, *model);
    if (!parts) return named(parts.error());
    if (auto added = read_added(root, parts->vocabulary); !added) return named(added.error());
    read_roles(folder, parts->vocabulary);
    return make_sentencepiece_tokenizer(std::move(*parts), path);
  }
  return Error{ErrorKind::invalid, fmt::format("{}: tokenizer model \"{}\" is not supported", path, *type),
               "supported are BPE and Unigram"};
}

}  // namespace wright::engine
