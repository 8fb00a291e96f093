#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "daemon/api/services.h"
#include "daemon/cli/kv_names.h"
#include "daemon/cli/verbs.h"
#include "engine/format/safetensors_writer.h"
#include "engine/model/architecture.h"
#include "engine/run/evaluate.h"

namespace wright::cli {
namespace {

struct Options {
  std::string model, prompts, logits, rows = "all", device = "cpu", isa = "auto", kv;
  int greedy = 0, chunk = 0, threads = 0;
  bool exact = false, batch = false, share_prefix = false;
};

void describe(CLI::App& app, Options& o) {
  app.add_option("MODEL", o.model, "A GGUF file, a model folder, or the name of a fetched model")->required();
  app.add_option("--prompts", o.prompts, "JSON file: {\"prompts\":[[ids...] or {\"ids\":[...]}, ...]}, or the list alone")->required();
  app.add_option("--logits", o.logits, "Write \"logits.0\", \"logits.1\" ... (rows, n_vocab) to this safetensors file");
  app.add_option("--greedy", o.greedy, "Append N ids by argmax; no stop at end-of-sequence, ties to the lowest id")->check(CLI::Range(0, 1 << 20));
  app.add_option("--rows", o.rows, "Which rows --logits holds: all positions of a prompt, or the last")->check(CLI::IsMember({"all", "last"}));
  app.add_flag("--exact", o.exact, "f32 weights, activations and caches, scalar code: the reference");
  app.add_option("--device", o.device, "Where to compute: cpu (cuda is not built in)");
  app.add_option("--isa", o.isa, "scalar, avx2, avx512 or amx; the best that this processor has if left out");
  app.add_option("--kv", o.kv, "Type of the KV cache: f32, f16, bf16 or q8_0 (default f16; f32 with --exact)");
  app.add_option("--chunk", o.chunk, "Rows of a prefill pass")->check(CLI::Range(1, 1 << 20));
  app.add_flag("--batch", o.batch, "All prompts in the same passes");
  app.add_flag("--share-prefix", o.share_prefix, "Compute equal beginnings once");
  app.add_option("-t", o.threads, "Threads; all cores if left out")->check(CLI::Range(1, 1024));
  app.footer("Prints {\"greedy\":[[ids...]...]}.\n\n  wright eval SmolLM2-135M-Instruct --prompts p.json --greedy 8 --exact");
}

Result<std::vector<engine::TokenId>> ids_of(const JsonView& prompt) {
  WRIGHT_TRY(const JsonView list, prompt.raw().is_object() ? prompt.at("ids") : Result<JsonView>(prompt));
  if (prompt.has("adapter"))
    return Error{ErrorKind::usage, prompt.path() + ".adapter: adapters are not supported yet", "leave it out, or merge the adapter into the model"};
  if (!list.raw().is_array()) return list.error("expected a list of ids");
  std::vector<engine::TokenId> ids;
  for (std::size_t i = 0; i < list.size(); ++i) {
    WRIGHT_TRY(const JsonView item, list.at(i));
    WRIGHT_TRY(const std::int64_t id, item.integer());
    if (id < 0 || id > INT32_MAX) return item.error("id " + std::to_string(id) + " is outside every vocabulary");
    ids.push_back(static_cast<engine::TokenId>(id));
  }
  return ids;
}

Result<std::vector<std::vector<engine::TokenId>>> read_prompts(const std::string& path) {
  WRIGHT_TRY(const std::string text, read_file(path));
  WRIGHT_TRY(const Json json, parse_json(text, path));
  WRIGHT_TRY(const JsonView list, json.is_object() ? JsonView(json, path).at("prompts") : Result<JsonView>(JsonView(json, path)));
  if (!list.raw().is_array()) return list.error("expected a list of prompts");
  std::vector<std::vector<engine::TokenId>> prompts;
  for (std::size_t i = 0; i < list.size(); ++i) {
    WRIGHT_TRY(const JsonView prompt, list.at(i));
    WRIGHT_TRY(auto ids, ids_of(prompt));
    prompts.push_back(std::move(ids));
  }
  return prompts;
}

Result<engine::BackendOptions> backend_options(const Options& o) {
  if (o.device != "cpu") return Error{ErrorKind::usage, "device " + o.device + " is not built in", "use --device cpu"};
  engine::BackendOptions options;
  options.exact = o.exact;
  options.isa = o.isa;
  options.threads = o.threads;
  if (!o.kv.empty()) WRIGHT_CHECK(set_kv(o.kv, options.kv));
  if (o.exact && !o.kv.empty() && options.kv != engine::KvType::f32)
    return Error{ErrorKind::usage, "--exact keeps an f32 cache, --kv says " + o.kv, "leave one of them out"};
  return options;
}

Result<void> write_logits(const std::string& path, const engine::EvalResult& result, int n_vocab) {
  std::vector<engine::SafetensorsWriter::Tensor> tensors;
  for (std::size_t i = 0; i < result.logits.size(); ++i)
    tensors.push_back({"logits." + std::to_string(i), {static_cast<std::int64_t>(result.logits[i].size()) / n_vocab, n_vocab}});
  WRIGHT_TRY(auto writer, engine::SafetensorsWriter::create(path, tensors));
  for (const auto& values : result.logits) WRIGHT_CHECK(writer.append(values));
  return writer.finish();
}

Result<void> work(const Options& o) {
  WRIGHT_TRY(const auto options, backend_options(o));
  WRIGHT_TRY(const auto path, daemon::find_model(daemon::Folders::from_environment(), o.model));
  engine::EvalJob job;
  WRIGHT_TRY(job.prompts, read_prompts(o.prompts));
  job.greedy = o.greedy;
  job.keep_logits = !o.logits.empty();
  job.all_rows = o.rows == "all";
  job.chunk = o.chunk;
  job.batch = o.batch;
  job.share_prefix = o.share_prefix;
  WRIGHT_TRY(const auto weights, engine::open_weights(path));
  WRIGHT_TRY(const auto ops, engine::build_op_list(*weights));
  WRIGHT_TRY(const auto backend, o.exact ? engine::make_reference_backend(ops, weights, options) : engine::make_cpu_backend(ops, weights, options));
  WRIGHT_TRY(const engine::EvalResult result, engine::evaluate(interrupt_context(), *backend, *ops, job));
  if (!o.logits.empty()) WRIGHT_CHECK(write_logits(o.logits, result, ops->n_vocab));
  const std::string text = dump_json(Json{{"greedy", result.greedy}}) + "\n";
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    return Error{ErrorKind::io, "cannot write to stdout", ""};
  return {};
}

}  // namespace

int verb_eval(const std::vector<std::string>& args) {
  CLI::App app("Runs prompts of token ids through a model: logits and greedy continuations.", "wright eval");
  Options options;
  describe(app, options);
  try {
    app.parse(std::vector<std::string>(args.rbegin(), args.rend()));
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);
    return fail({ErrorKind::usage, std::string("eval: ") + e.what(), "see wright eval --help"});
  }
  if (const auto done = work(options); !done) return fail(done.error());
  return 0;
}

}  // namespace wright::cli
