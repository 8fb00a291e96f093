#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/limits.h"
#include "daemon/api/services.h"
#include "daemon/cli/kv_names.h"
#include "daemon/cli/verbs.h"
#include "engine/format/plain_tensors.h"
#include "engine/format/safetensors_writer.h"
#include "engine/model/architecture.h"

namespace wright::cli {
namespace {

struct Options {
  std::string model, kv = "f16", tensor, out;
  int context = 0;
  bool json = false, all = false;
};

void describe(CLI::App& app, Options& o) {
  app.add_option("MODEL", o.model, "A GGUF file, a model folder, or the name of a fetched model")->required();
  app.add_flag("--json", o.json, "One JSON object instead of text");
  app.add_option("-c", o.context, "Context length of the memory plan; the model's own if left out")->check(CLI::Range(1, 1 << 28));
  app.add_option("--kv", o.kv, "KV cache type of the memory plan: f32, f16, bf16 or q8_0");
  app.add_option("--tensor", o.tensor, "Write this tensor as f32 to --out");
  app.add_flag("--all", o.all, "Write every tensor as f32 to --out");
  app.add_option("--out", o.out, "The safetensors file that --tensor or --all writes");
  app.footer("Shows the header, the op list of a known architecture and what memory it takes.\n\n"
             "  wright inspect SmolLM2-135M-Instruct -c 4096");
}

// Long lists by their length and beginning.
struct MetaJson {
  static constexpr std::size_t kShown = 8;
  template <class T>
  Json operator()(const std::vector<T>& list) const {
    Json shown = Json::array();
    for (std::size_t i = 0; i < list.size() && i < kShown; ++i) shown.push_back(static_cast<T>(list[i]));
    if (list.size() <= kShown) return shown;
    return Json{{"length", list.size()}, {"first", shown}};
  }
  template <class T>
  Json operator()(const T& value) const {
    return value;
  }
};

std::vector<std::int64_t> shape_of(const engine::TensorView& view) { return {view.shape.begin(), view.shape.begin() + view.rank}; }

Json memory_plan(const engine::OpList& ops, std::size_t weight_bytes, int context, engine::KvType kv) {
  double cached = 0, per_token = 0, states = 0;
  for (const auto& c : ops.caches) {
    if (c.kind == engine::CacheSpec::Kind::recurrent) {
      states += 4.0 * c.state_floats;
      continue;
    }
    const double row = kv_bytes(kv) * c.kv_heads * (c.key_dim + c.value_dim);
    // A window layer keeps the pages that its window touches.
    const int kept = c.window ? std::min(context, c.window + static_cast<int>(limits::kTokensPerPage)) : context;
    per_token += row;
    cached += row * kept;
  }
  return {{"context", context}, {"weights", weight_bytes}, {"kv_per_token", static_cast<std::int64_t>(per_token)},
          {"kv", static_cast<std::int64_t>(cached)}, {"state_per_sequence", static_cast<std::int64_t>(states)},
          {"total", static_cast<std::int64_t>(static_cast<double>(weight_bytes) + cached + states)}};
}

Json header_of(const engine::Weights& weights) {
  Json json{{"path", weights.path()}, {"format", weights.is_gguf() ? "gguf" : "safetensors"},
            {"fingerprint", fmt::format("{:016x}", weights.fingerprint())}, {"metadata", Json::object()}, {"tensors", Json::array()}};
  for (const auto& key : weights.meta_keys()) json["metadata"][key] = std::visit(MetaJson{}, *weights.meta(key));
  if (weights.config()) json["config"] = *weights.config();
  std::size_t bytes = 0;
  std::int64_t elements = 0;
  for (const auto& name : weights.names()) {
    const engine::TensorView& view = *weights.find(name);
    bytes += view.bytes();
    elements += view.elements();
    json["tensors"].push_back({{"name", name}, {"type", engine::info(view.type).name}, {"shape", shape_of(view)}, {"bytes", view.bytes()}});
  }
  json["bytes"] = bytes;
  json["elements"] = elements;
  return json;
}

Json report(const engine::Weights& weights, const Options& o, engine::KvType kv) {
  Json json = header_of(weights);
  const auto bytes = json["bytes"].get<std::size_t>();
  const auto ops = engine::build_op_list(weights);
  if (!ops) {
    json["op_list"] = nullptr;
    json["op_list_error"] = ops.error().text();
    json["memory"] = {{"weights", bytes}};
    return json;
  }
  json["architecture"] = (*ops)->architecture;
  json["op_list"] = (*ops)->dump();
  json["memory"] = memory_plan(**ops, bytes, o.context > 0 ? o.context : (*ops)->context_length, kv);
  json["memory"]["kv_type"] = o.kv;
  return json;
}

std::string mib(const Json& bytes) { return fmt::format("{:.1f} MiB", bytes.get<double>() / (1 << 20)); }

std::string table(const Json& object) {
  std::string out;
  for (const auto& [key, value] : object.items()) {
    const std::string text = dump_json(value);
    out += fmt::format("  {} = {}{}\n", key, text.substr(0, 160), text.size() > 160 ? "..." : "");
  }
  return out;
}

std::string text_of(const Json& json) {
  std::string out = fmt::format("{} ({}), {} tensors, {} elements, {}\n", json["path"].get<std::string>(), json["format"].get<std::string>(),
                                json["tensors"].size(), json["elements"].get<std::int64_t>(), mib(json["bytes"]));
  out += json.contains("config") ? "\nconfig.json\n" + table(json["config"]) : "\nmetadata\n" + table(json["metadata"]);
  out += "\ntensors\n";
  for (const auto& t : json["tensors"])
    out += fmt::format("  {} {} {}\n", t["name"].get<std::string>(), t["type"].get<std::string>(), dump_json(t["shape"]));
  out += "\nop list\n";
  if (json["op_list"].is_null()) out += "  none: " + json["op_list_error"].get<std::string>() + "\n";
  else out += json["op_list"].get<std::string>();
  const Json& m = json["memory"];
  out += "\nmemory\n  weights " + mib(m["weights"]) + "\n";
  if (m.contains("kv"))
    out += fmt::format("  kv {} for {} tokens ({} bytes a token, {})\n  state {} a sequence\n  total {}\n", mib(m["kv"]), m["context"].get<int>(),
                       m["kv_per_token"].get<std::int64_t>(), m["kv_type"].get<std::string>(), mib(m["state_per_sequence"]), mib(m["total"]));
  return out;
}

Result<void> write_tensors(const engine::Weights& weights, const Options& o) {
  std::vector<engine::PlainTensor> tensors;
  if (o.all) {
    WRIGHT_TRY(tensors, engine::plain_tensors(weights));
  } else {
    WRIGHT_TRY(auto one, engine::plain_tensor(weights, o.tensor));
    tensors.push_back(std::move(one));
  }
  std::vector<engine::SafetensorsWriter::Tensor> header;
  for (const auto& t : tensors) header.push_back({t.name, t.shape});
  WRIGHT_TRY(auto writer, engine::SafetensorsWriter::create(o.out, header));
  for (const auto& t : tensors) {
    std::vector<float> row(t.cols);
    for (std::size_t i = 0; i < t.rows; ++i) {
      t.read_row(i, row.data());
      WRIGHT_CHECK(writer.append(row));
    }
    WRIGHT_CHECK(interrupt_context().check());
  }
  return writer.finish();
}

Result<void> work(const Options& o) {
  engine::KvType kv{};
  WRIGHT_CHECK(set_kv(o.kv, kv));
  const bool writes = o.all || !o.tensor.empty();
  if (o.all && !o.tensor.empty()) return Error{ErrorKind::usage, "--all and --tensor exclude each other", ""};
  if (writes != !o.out.empty()) return Error{ErrorKind::usage, writes ? "--out is missing" : "--out needs --tensor or --all", "see wright inspect --help"};
  WRIGHT_TRY(const auto path, daemon::find_model(daemon::Folders::from_environment(), o.model));
  WRIGHT_TRY(const auto weights, engine::open_weights(path));
  if (writes) return write_tensors(*weights, o);
  const Json json = report(*weights, o, kv);
  const std::string text = o.json ? dump_json(json) + "\n" : text_of(json);
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    return Error{ErrorKind::io, "cannot write to stdout", ""};
  return {};
}

}  // namespace

int verb_inspect(const std::vector<std::string>& args) {
  CLI::App app("Shows what a checkpoint holds and what running it takes.", "wright inspect");
  Options options;
  describe(app, options);
  try {
    app.parse(std::vector<std::string>(args.rbegin(), args.rend()));
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);
    return fail({ErrorKind::usage, std::string("inspect: ") + e.what(), "see wright inspect --help"});
  }
  if (const auto done = work(options); !done) return fail(done.error());
  return 0;
}

}  // namespace wright::cli
