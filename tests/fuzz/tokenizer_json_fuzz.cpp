// Tokenizer files: any bytes load or give one error; what loads encodes without a crash. The first byte picks the format.
#include "engine/text/loaders.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace wright::engine;
  if (size < 1 || size > 65536) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto loaded = data[0] % 4 == 0   ? load_json_tokenizer(text, "fuzz", "")
                      : data[0] % 4 == 1 ? load_sentencepiece(text, "fuzz")
                      : data[0] % 4 == 2 ? load_tekken(text, "fuzz")
                                         : load_tiktoken(text, R"({"pattern":"\\w+|\\s+|.","special_tokens":{"<|a|>":300}})", "fuzz");
  if (!loaded) return 0;
  const std::string input = "Hello <|a|> w\xC3\xB6rld \xFF\n  42";
  const auto ids = (*loaded)->encode(input);
  for (const TokenId id : ids)
    if (id < 0 || id >= (*loaded)->size()) __builtin_trap();
  (*loaded)->decode(ids);
  const TextSpan spans[] = {{"<|a|>", true}, {input, false}};
  (*loaded)->encode_spans(spans);
  return 0;
}
