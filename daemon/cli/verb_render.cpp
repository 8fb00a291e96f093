#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "daemon/api/services.h"
#include "daemon/cli/verbs.h"
#include "engine/chat/chat_format.h"
#include "engine/chat/harmony.h"
#include "engine/chat/jinja.h"
#include "engine/text/tokenizer.h"

namespace wright::cli {
namespace {

using Json = nlohmann::ordered_json;
using engine::jinja::Value;

constexpr const char* kHelp =
    "wright render TEMPLATE [--batch] [--tokenizer FILE]\n"
    "\n"
    "Reads a conversation as JSON on stdin and prints the prompt that a chat template makes of it.\n"
    "  TEMPLATE     a model's name, GGUF or folder, a .jinja file, or \"harmony\"\n"
    "  stdin        {\"messages\", \"tools\", \"options\", \"bos_token\", \"eos_token\", \"now\"}; what is absent is undefined\n"
    "  --batch      {\"now\", \"cases\": […]} in, [{\"text\", \"ids\"?} | {\"error\"} …] out; for harmony {\"prompts\": [{\"conversation\"} …]}\n"
    "  --tokenizer  adds the token ids (a model brings its own; harmony looks for o200k_base.tiktoken among the models)\n";

struct Setting {
  std::string default_source, tool_source, name;
  std::shared_ptr<const engine::Tokenizer> tokenizer;
  std::string bos, eos;
};

Result<engine::MarkedText> render_one(const Setting& setting, const Json& in, const std::string& now) {
  if (!in.is_object()) return Error{ErrorKind::usage, "stdin: expected an object", "see wright render --help"};
  if (setting.name == "harmony") return engine::render_harmony(in.contains("conversation") ? in["conversation"] : in);
  const bool tools = in.contains("tools") && !in["tools"].empty() && !setting.tool_source.empty();
  WRIGHT_TRY(const auto parsed, engine::jinja::Template::parse(tools ? setting.tool_source : setting.default_source, setting.name));
  engine::jinja::Dict variables;
  const auto put = [&](const std::string& key, Value v) { variables.emplace_back(Value::string(key, true), std::move(v)); };
  put("messages", Value::from_json(in.value("messages", Json::array())));
  put("tools", Value::from_json(in.value("tools", Json())));
  const auto token = [&](const char* key, const std::string& own) {
    if (in.contains(key) && in[key].is_string()) put(key, Value::string(in[key].get<std::string>(), true));
    else if (!own.empty()) put(key, Value::string(own, true));
  };
  token("bos_token", setting.bos);
  token("eos_token", setting.eos);
  if (in.contains("options") && in["options"].is_object())
    for (const auto& [key, value] : in["options"].items()) put(key, Value::from_json(value));
  return parsed.render(Value::dict(std::move(variables)), in.contains("now") && in["now"].is_string() ? in["now"].get<std::string>() : now);
}

Result<Setting> open(const std::string& name, const std::string& tokenizer) {
  Setting s;
  s.name = name;
  if (name != "harmony" && name.ends_with(".jinja")) {
    WRIGHT_TRY(s.default_source, read_file(name, 16 << 20));
    s.name = name.substr(name.rfind('/') + 1);
  } else if (name != "harmony") {
    WRIGHT_TRY(const auto path, daemon::find_model(daemon::Folders::from_environment(), name));
    WRIGHT_TRY(const auto sources, engine::chat_templates(path));
    if (sources.empty()) return Error{ErrorKind::not_found, path + ": the model has no chat template", "give a .jinja file"};
    s.default_source = sources[0].second;
    for (const auto& [key, source] : sources) {
      if (key == "default") s.default_source = source;
      if (key == "tool_use") s.tool_source = source;
    }
    WRIGHT_TRY(s.tokenizer, engine::load_tokenizer(path));
    if (s.tokenizer->bos() >= 0) s.bos = s.tokenizer->bytes(s.tokenizer->bos());
    if (s.tokenizer->eos() >= 0) s.eos = s.tokenizer->bytes(s.tokenizer->eos());
  }
  const std::string own = daemon::Folders::from_environment().cache + "/models/o200k_base.tiktoken";
  if (name == "harmony" && tokenizer.empty() && exists(own)) {
    WRIGHT_TRY(s.tokenizer, engine::load_tokenizer(own));
  }
  if (!tokenizer.empty()) {
    WRIGHT_TRY(s.tokenizer, engine::load_tokenizer(tokenizer));
  }
  return s;
}

Result<void> work(const std::string& name, const std::string& tokenizer, bool batch) {
  WRIGHT_TRY(const auto setting, open(name, tokenizer));
  WRIGHT_TRY(const auto input, read_stdin());
  WRIGHT_CHECK(parse_json(input, "stdin"));  // depth and syntax; the order of keys needs the other reader
  const Json json = Json::parse(input);
  std::string out;
  const bool prompts = json.is_object() && json.contains("prompts");
  if (!batch && !prompts) {
    WRIGHT_TRY(const auto text, render_one(setting, json, ""));
    out = text.text();
  } else {
    const char* key = prompts ? "prompts" : "cases";
    if (!json.is_object() || !json.contains(key) || !json[key].is_array())
      return Error{ErrorKind::usage, "stdin: --batch expects {\"cases\": […]}", "see wright render --help"};
    const std::string now = json.contains("now") && json["now"].is_string() ? json["now"].get<std::string>() : "";
    Json results = Json::array();
    for (const Json& one : json[key]) {
      const auto text = render_one(setting, one, now);
      if (!text) {
        results.push_back({{"error", text.error().text()}});
        continue;
      }
      Json r = {{"text", text->text()}};
      if (setting.tokenizer) r["ids"] = setting.tokenizer->encode_spans(text->spans());
      results.push_back(std::move(r));
    }
    out = results.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  if (std::fwrite(out.data(), 1, out.size(), stdout) != out.size() || std::fflush(stdout) != 0) return Error{ErrorKind::io, "cannot write to stdout", ""};
  return {};
}

}  // namespace

int verb_render(const std::vector<std::string>& args) {
  std::string name, tokenizer;
  bool batch = false;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (args[i] == "--help" || args[i] == "-h") return std::fputs(kHelp, stdout), 0;
    if (args[i] == "--batch") batch = true;
    else if (args[i] == "--tokenizer" && i + 1 < args.size()) tokenizer = args[++i];
    else if (args[i].size() > 1 && args[i][0] == '-') return fail({ErrorKind::usage, "render: unknown option " + args[i], "see wright render --help"});
    else if (name.empty()) name = args[i];
    else return fail({ErrorKind::usage, "render: more than one TEMPLATE: " + args[i], "see wright render --help"});
  }
  if (name.empty()) return fail({ErrorKind::usage, "render: TEMPLATE is missing", "see wright render --help"});
  if (const auto done = work(name, tokenizer, batch); !done) return fail(done.error());
  return 0;
}

}  // namespace wright::cli
