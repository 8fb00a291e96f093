// wright bench: prefill and decode rates of a model on a backend, medians of repeated runs after a warm-up, beside the read
// bandwidth that bounds decoding, measured in the same process over as many bytes as a token reads.
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>

#include "daemon/api/services.h"
#include "daemon/cli/random_model.h"
#include "daemon/cli/verbs.h"
#include "engine/backends/backend.h"
#include "engine/backends/cpu/bandwidth.h"
#include "engine/backends/cpu/team.h"
#include "engine/model/architecture.h"

namespace wright::cli {
namespace {

using namespace engine;
using Clock = std::chrono::steady_clock;

struct Options {
  std::string model, random, device = "cpu", kv = "f16";
  BackendOptions backend;
  int prompt = 512, generate = 128, depth = 0, sequences = 1, repeats = 5;
  bool json = false;
};

struct Timing { double wall, cpu; };  // seconds

double cpu_seconds() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}
double peak_rss_mib() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}
double median(std::vector<double> v) {
  std::ranges::sort(v);
  return v.empty() ? 0 : v[v.size() / 2];
}

// The sequences under test, all of `depth` cached tokens before each measurement.
class Bench {
 public:
  Bench(Backend& backend, const OpList& ops, const Options& options) : backend_(backend), options_(options), n_vocab_(ops.n_vocab) {
    logits_.resize(static_cast<std::size_t>(n_vocab_) * static_cast<std::size_t>(options.sequences));
  }

  Result<void> set_up() {
    const int tokens = options_.depth + std::max(options_.prompt, options_.generate);
    sequences_.resize(static_cast<std::size_t>(options_.sequences));
    for (Sequence& s : sequences_) {
      while (static_cast<int>(s.pages.size()) * 64 < tokens) {
        WRIGHT_TRY(const PageId page, backend_.alloc_page());
        s.pages.push_back(page);
      }
      if (backend_.state_bytes()) {
        WRIGHT_TRY(s.start, backend_.alloc_state());
        WRIGHT_TRY(s.state, backend_.alloc_state());
      }
      WRIGHT_CHECK(feed(s, 0, options_.depth, false));
      if (backend_.state_bytes()) backend_.copy_state(s.state, s.start);
    }
    return {};
  }

  Result<Timing> prefill() { return timed([&]() -> Result<void> {
    for (Sequence& s : sequences_) {
      if (backend_.state_bytes()) backend_.copy_state(s.start, s.state);
      WRIGHT_CHECK(feed(s, options_.depth, options_.prompt, true));
    }
    return {};
  }); }

  Result<Timing> decode() {
    for (Sequence& s : sequences_)
      if (backend_.state_bytes()) backend_.copy_state(s.start, s.state);
    return timed([&]() -> Result<void> {
      std::vector<TokenId> tokens(sequences_.size());
      std::vector<PassSequence> rows(sequences_.size());
      std::vector<std::int32_t> outputs(sequences_.size());
      for (int i = 0; i < options_.generate; ++i) {
        for (std::size_t s = 0; s < sequences_.size(); ++s) {
          tokens[s] = token(i);
          outputs[s] = static_cast<std::int32_t>(s);
          rows[s] = {sequences_[s].pages, options_.depth + i, 1, sequences_[s].state, {}};
        }
        WRIGHT_CHECK(backend_.run(interrupt_context(), {tokens, rows, outputs, logits_.data()}));
      }
      return {};
    });
  }

 private:
  struct Sequence {
    std::vector<PageId> pages;
    StateSlot state = -1, start = -1;
  };

  TokenId token(int i) const { return static_cast<TokenId>((static_cast<std::uint32_t>(i) * 2654435761u >> 7) % static_cast<std::uint32_t>(n_vocab_)); }

  Result<void> feed(const Sequence& s, int past, int n, bool want_logits) {
    std::vector<TokenId> tokens;
    for (int done = 0; done < n;) {
      const int rows = std::min(backend_.max_rows(), n - done);
      tokens.clear();
      for (int i = 0; i < rows; ++i) tokens.push_back(token(past + done + i));
      const PassSequence row{s.pages, past + done, rows, s.state, {}};
      done += rows;
      const std::int32_t last = rows - 1;
      const bool out = want_logits && done == n;
      WRIGHT_CHECK(backend_.run(interrupt_context(), {tokens, {&row, 1}, {&last, out ? 1u : 0u}, logits_.data()}));
    }
    return {};
  }

  template <class Fn> static Result<Timing> timed(Fn fn) {
    const auto start = Clock::now();
    const double cpu = cpu_seconds();
    WRIGHT_CHECK(fn());
    return Timing{std::chrono::duration<double>(Clock::now() - start).count(), cpu_seconds() - cpu};
  }

  Backend& backend_;
  const Options& options_;
  int n_vocab_;
  std::vector<Sequence> sequences_;
  std::vector<float> logits_;
};

std::size_t kv_bytes_per_token(const Backend& backend) { return backend.page_bytes() / limits::kTokensPerPage; }

Result<Json> measure(const Options& o) {
  const auto start = Clock::now();
  std::shared_ptr<const Weights> weights;
  if (o.random.empty()) {
    WRIGHT_TRY(const auto path, daemon::find_model(daemon::Folders::from_environment(), o.model));
    WRIGHT_TRY(weights, open_weights(path));
  } else {
    WRIGHT_TRY(weights, random_model(o.random));
  }
  WRIGHT_TRY(const auto ops, build_op_list(*weights));
  const int tokens = o.depth + std::max(o.prompt, o.generate);
  if (tokens > ops->context_length)
    return Error{ErrorKind::usage, std::to_string(tokens) + " tokens are more than the model's context of " + std::to_string(ops->context_length), "lower -p, -n or -d"};
  WRIGHT_TRY(const auto backend, make_cpu_backend(ops, weights, o.backend));
  const double load_ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();

  Bench bench(*backend, *ops, o);
  WRIGHT_CHECK(bench.set_up());
  if (o.prompt > 0) WRIGHT_CHECK(bench.prefill());
  if (o.generate > 0) WRIGHT_CHECK(bench.decode());
  const int threads = o.backend.threads > 0 ? o.backend.threads : cpu::available_cores();
  const std::size_t read = backend->weight_bytes_per_token() +
                           static_cast<std::size_t>(o.depth + o.generate / 2) * kv_bytes_per_token(*backend) * static_cast<std::size_t>(o.sequences);
  const double peak_mib = peak_rss_mib();  // before the bandwidth's set is there
  WRIGHT_TRY(cpu::ReadBandwidth bandwidth, cpu::ReadBandwidth::create(read, threads, "auto"));
  std::vector<double> prefill, decode, prefill_cpu, decode_cpu, bound;
  for (int i = 0; i < o.repeats; ++i) {
    if (o.prompt > 0) {
      WRIGHT_TRY(const Timing t, bench.prefill());
      prefill.push_back(t.wall), prefill_cpu.push_back(t.cpu);
    }
    if (o.generate > 0) {
      WRIGHT_TRY(const Timing t, bench.decode());
      decode.push_back(t.wall), decode_cpu.push_back(t.cpu);
    }
    bound.push_back(bandwidth.measure(3));
  }
  const double n = o.sequences, prompt = n * o.prompt, generated = n * o.generate;
  const auto rate = [](double tokens, double seconds) { return seconds > 0 ? tokens / seconds : 0.0; };
  return Json{
      {"model", o.random.empty() ? o.model : o.random}, {"prompt", o.prompt}, {"generated", o.generate}, {"depth", o.depth},
      {"sequences", o.sequences}, {"threads", threads},
      {"prefill_tok_s", rate(prompt, median(prefill))}, {"decode_tok_s", rate(generated, median(decode))},
      {"prefill_tok_per_cpu_s", rate(prompt, median(prefill_cpu))}, {"decode_tok_per_cpu_s", rate(generated, median(decode_cpu))},
      {"ttft_ms", median(prefill) / n * 1e3}, {"load_ms", load_ms}, {"bytes_per_token", read}, {"bound_gbs", median(bound)},
      {"peak_rss_mib", peak_mib}, {"isa", backend->isa()}, {"device", o.device}, {"kv", o.kv},
      {"backend", backend->describe()}};
}

void print(const Json& r) {
  const double bound = r["bound_gbs"].get<double>() * 1e9 / r["bytes_per_token"].get<double>();
  std::printf("%s on %s\n", r["model"].get<std::string>().c_str(), r["backend"].get<std::string>().c_str());
  std::printf("  prefill  %8.1f tok/s   (%d tokens at depth %d, first token after %.1f ms)\n", r["prefill_tok_s"].get<double>(),
              r["prompt"].get<int>(), r["depth"].get<int>(), r["ttft_ms"].get<double>());
  std::printf("  decode   %8.1f tok/s   (%d tokens, %d sequences; reading bounds it to %.0f passes/s)\n", r["decode_tok_s"].get<double>(),
              r["generated"].get<int>(), r["sequences"].get<int>(), bound);
  std::printf("  load     %8.1f ms      peak memory %.0f MiB, %.1f GB/s read bandwidth\n", r["load_ms"].get<double>(),
              r["peak_rss_mib"].get<double>(), r["bound_gbs"].get<double>());
}

}  // namespace

int verb_bench(const std::vector<std::string>& args) {
  CLI::App app{"Measures how fast a model reads (prefill) and writes (decode) on this machine.\n"
               "  wright bench SmolLM2-135M-Instruct -p 512 -n 128 -d 2000\n"
               "  wright bench --random llama-3.2-1b:q4_k --json",
               "wright bench"};
  Options o;
  app.add_option("MODEL", o.model, "a model's name or file");
  app.add_option("--random", o.random, "random weights: SHAPE[:TYPE]; shapes: " + random_shapes());
  app.add_option("-p", o.prompt, "tokens of the prompt")->capture_default_str()->check(CLI::Range(0, 1 << 20));
  app.add_option("-n", o.generate, "tokens generated")->capture_default_str()->check(CLI::Range(0, 1 << 20));
  app.add_option("-d", o.depth, "tokens cached before")->capture_default_str()->check(CLI::Range(0, 1 << 20));
  app.add_option("-b", o.sequences, "sequences at once; rates are their sum")->capture_default_str()->check(CLI::Range(1, 256));
  app.add_option("-t,--threads", o.backend.threads, "threads; 0: one a core")->capture_default_str()->check(CLI::Range(0, 1024));
  app.add_option("-r,--repeats", o.repeats, "measurements, after one to warm up")->capture_default_str()->check(CLI::Range(1, 1000));
  app.add_option("--device", o.device, "cpu")->capture_default_str()->check(CLI::IsMember({"cpu"}));
  app.add_option("--isa", o.backend.isa, "auto, scalar, avx2, avx512, amx")->capture_default_str();
  app.add_option("--kv", o.kv, "f16, bf16, f32, q8_0: type of cached keys and values")->capture_default_str();
  app.add_flag("--exact", o.backend.exact, "the f32 reference instead");
  app.add_flag("--json", o.json, "one JSON line");
  std::vector<std::string> reversed(args.rbegin(), args.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  static constexpr struct { const char* name; KvType type; } kKv[] = {
      {"f32", KvType::f32}, {"f16", KvType::f16}, {"bf16", KvType::bf16}, {"q8_0", KvType::q8_0}};
  const auto* kv = std::ranges::find(kKv, o.kv, [](const auto& row) { return std::string(row.name); });
  if (kv == std::end(kKv)) return fail({ErrorKind::usage, "bench: unknown KV type '" + o.kv + "'", "one of f32, f16, bf16, q8_0"});
  o.backend.kv = kv->type;
  if (o.model.empty() == o.random.empty()) return fail({ErrorKind::usage, "bench: name a MODEL or a --random SHAPE", "wright bench --help"});
  if (o.prompt + o.generate == 0) return fail({ErrorKind::usage, "bench: nothing to measure", "raise -p or -n"});
  const auto result = measure(o);
  if (!result.ok()) return fail(result.error());
  if (o.json) std::printf("%s\n", dump_json(*result).c_str());
  else print(*result);
  return 0;
}

}  // namespace wright::cli
