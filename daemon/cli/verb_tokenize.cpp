#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/utf8.h"
#include "daemon/api/services.h"
#include "daemon/cli/verbs.h"
#include "engine/text/tokenizer.h"

namespace wright::cli {
namespace {

constexpr const char* kHelp =
    "wright tokenize TOKENIZER [--plain] [--decode] [--batch]\n"
    "\n"
    "Reads text on stdin, byte for byte, and prints its token ids as JSON; never adds BOS or EOS.\n"
    "  TOKENIZER  a model's name, GGUF or folder, tokenizer.json, *.tiktoken (with its description beside it),\n"
    "             tekken.json or tokenizer.model\n"
    "  --plain    every added token is ordinary text\n"
    "  --decode   the other way: JSON ids on stdin, raw bytes out\n"
    "  --batch    a JSON list of texts (or of id lists) in, a JSON list out\n"
    "\n"
    "  printf 'Hello world' | wright tokenize SmolLM2-135M-Instruct\n";

Result<std::vector<engine::TokenId>> ids_of(const Json& json, const engine::Tokenizer& tokenizer, std::string_view where) {
  if (!json.is_array()) return Error{ErrorKind::usage, std::string(where) + ": expected a list of ids", ""};
  std::vector<engine::TokenId> ids;
  for (const Json& v : json) {
    if (!v.is_number_integer() || v.get<std::int64_t>() < 0 || v.get<std::int64_t>() >= tokenizer.size())
      return Error{ErrorKind::usage,
                   std::string(where) + ": " + dump_json(v).substr(0, 40) + " is no id of this vocabulary of " +
                       std::to_string(tokenizer.size()),
                   ""};
    ids.push_back(v.get<engine::TokenId>());
  }
  return ids;
}

Result<void> work(const std::string& name, bool plain, bool decode, bool batch) {
  WRIGHT_TRY(const auto path, daemon::find_model(daemon::Folders::from_environment(), name));
  WRIGHT_TRY(const auto tokenizer, engine::load_tokenizer(path));
  WRIGHT_TRY(const auto input, read_stdin());
  const engine::EncodeOptions options{!plain};
  std::string out;
  if (!batch && !decode) {
    out = dump_json(Json(tokenizer->encode(input, options))) + "\n";
  } else {
    WRIGHT_TRY(const auto json, parse_json(input, "stdin"));
    if (!batch) {
      WRIGHT_TRY(const auto ids, ids_of(json, *tokenizer, "stdin"));
      out = tokenizer->decode(ids);
    } else {
      if (!json.is_array()) return Error{ErrorKind::usage, "stdin: --batch expects a JSON list", ""};
      Json results = Json::array();
      for (std::size_t i = 0; i < json.size(); ++i) {
        const std::string where = "stdin[" + std::to_string(i) + "]";
        if (decode) {
          WRIGHT_TRY(const auto ids, ids_of(json[i], *tokenizer, where));
          results.push_back(utf8::repair(tokenizer->decode(ids)));
        } else {
          if (!json[i].is_string()) return Error{ErrorKind::usage, where + ": expected a string", ""};
          results.push_back(tokenizer->encode(json[i].get<std::string>(), options));
        }
      }
      out = dump_json(results) + "\n";
    }
  }
  if (std::fwrite(out.data(), 1, out.size(), stdout) != out.size() || std::fflush(stdout) != 0)
    return Error{ErrorKind::io, "cannot write to stdout", ""};
  return {};
}

}  // namespace

int verb_tokenize(const std::vector<std::string>& args) {
  std::string name;
  bool plain = false, decode = false, batch = false;
  for (const auto& arg : args) {
    if (arg == "--help" || arg == "-h") return std::fputs(kHelp, stdout), 0;
    if (arg == "--plain") plain = true;
    else if (arg == "--decode") decode = true;
    else if (arg == "--batch") batch = true;
    else if (arg.size() > 1 && arg[0] == '-') return fail({ErrorKind::usage, "tokenize: unknown option " + arg, "see wright tokenize --help"});
    else if (name.empty()) name = arg;
    else return fail({ErrorKind::usage, "tokenize: more than one TOKENIZER: " + arg, "see wright tokenize --help"});
  }
  if (name.empty()) return fail({ErrorKind::usage, "tokenize: TOKENIZER is missing", "see wright tokenize --help"});
  if (const auto done = work(name, plain, decode, batch); !done) return fail(done.error());
  return 0;
}

}  // namespace wright::cli
