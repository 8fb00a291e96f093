// The engine's kernels and passes beside what the machine can do at most: `share` is the part of that bound that a row reaches.
//
//   scripts/build release engine_bench && build/release/tests/engine_bench [--benchmark_filter=linear]
//
// linear: one row over more weights than caches hold, against read bandwidth; more rows in products (multiply-adds) a
// nanosecond, against the instruction set's own products in a loop without memory. attend: the same for cached keys and values,
// 2048 tokens as pages lie in memory. score: rows a second of a patch search's request (WRIGHT_MODEL or the default model),
// beside as many plain rows behind the same text. CPU time of one core, but for score and plain.
#include <benchmark/benchmark.h>

#include <immintrin.h>

#include <cstdlib>
#include <ctime>
#include <map>
#include <numeric>
#include <random>
#include <string>

#include "daemon/api/services.h"
#include "engine/backends/cpu/isa.h"
#include "engine/backends/cpu/memory.h"
#include "engine/backends/cpu/pack.h"
#include "engine/run/engine.h"

namespace {

using namespace wright;
using namespace wright::engine;
using cpu::Kernels;

using Counter = benchmark::Counter;
constexpr double kNano = 1e-9;

double cpu_nanos() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

double read_gbs() {
  static const double kRate = [] {
    constexpr std::size_t kBytes = std::size_t{96} << 20;
    auto memory = cpu::Region::create(kBytes, "bandwidth");
    if (!memory.ok()) return 0.0;
    std::fill_n(memory->data(), kBytes, std::byte{1});
    double best = 0;
    for (int i = 0; i < 9; ++i) {
      const double start = cpu_nanos();
      benchmark::DoNotOptimize(cpu::supported_kernels().back()->read(memory->data(), kBytes));
      best = std::max(best, static_cast<double>(kBytes) / (cpu_nanos() - start));
    }
    return best;
  }();
  return kRate;
}
constexpr int kLoops = 200'000;
// Products a nanosecond of `each` a step, the best of some runs.
template <class Fn> double peak(double each, Fn fn) {
  double best = 0;
  for (int i = 0; i < 5; ++i) {
    const double start = cpu_nanos();
    fn();
    best = std::max(best, each * kLoops / (cpu_nanos() - start));
  }
  return best;
}
__attribute__((target("avx2,fma"))) void loop_fma256() {
  __m256 a[12] = {};
  for (int i = 0; i < kLoops; ++i)
    #pragma GCC unroll 12
    for (int k = 0; k < 12; ++k) asm volatile("vfmadd231ps %0, %0, %0" : "+x"(a[k]));
}
__attribute__((target("avx2,fma"))) void loop_maddubs256() {
  __m256i a[12] = {};
  for (int i = 0; i < kLoops; ++i)
    #pragma GCC unroll 12
    for (int k = 0; k < 12; ++k) asm volatile("vpmaddubsw %0, %0, %0" : "+x"(a[k]));
}
__attribute__((target("avx512f"))) void loop_fma512() {
  __m512 a[12] = {};
  for (int i = 0; i < kLoops; ++i)
    #pragma GCC unroll 12
    for (int k = 0; k < 12; ++k) asm volatile("vfmadd231ps %0, %0, %0" : "+v"(a[k]));
}
__attribute__((target("avx512f,avx512bw"))) void loop_maddubs512() {
  __m512i a[12] = {};
  for (int i = 0; i < kLoops; ++i)
    #pragma GCC unroll 12
    for (int k = 0; k < 12; ++k) asm volatile("vpmaddubsw %0, %0, %0" : "+v"(a[k]));
}
__attribute__((target("avx512f,avx512vnni"))) void loop_vnni() {
  __m512i a[12] = {};
  for (int i = 0; i < kLoops; ++i)
    #pragma GCC unroll 12
    for (int k = 0; k < 12; ++k) asm volatile("vpdpbusd %0, %0, %0" : "+v"(a[k]));
}
__attribute__((target("amx-tile,amx-int8"))) void loop_amx() {
  static constexpr struct alignas(64) Config {
    std::uint8_t palette = 1, rest[15] = {};
    std::uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } kConfig;
  asm volatile("ldtilecfg %0" ::"m"(kConfig));
  for (int i = 0; i < kLoops; i += 4)
    asm volatile("tdpbsud %tmm5, %tmm4, %tmm0\n\ttdpbsud %tmm5, %tmm4, %tmm1\n\ttdpbsud %tmm5, %tmm4, %tmm2\n\ttdpbsud %tmm5, %tmm4, %tmm3");
  asm volatile("tilerelease");
}

struct Peaks { double f32, i8; };  // products a nanosecond
Peaks peaks_of(const std::string& name) {
  static std::map<std::string, Peaks> known;
  if (const auto found = known.find(name); found != known.end()) return found->second;
  Peaks p{0, 0};
  if (name == "avx2") p = {peak(12 * 8, loop_fma256), peak(12 * 32, loop_maddubs256)};
  if (name == "avx512") p = {peak(12 * 16, loop_fma512), peak(12 * 64, loop_maddubs512)};
  if (name == "avx512-vnni") p = {peak(12 * 16, loop_fma512), peak(12 * 64, loop_vnni)};
  if (name == "amx-int8") p = {peak(12 * 16, loop_fma512), peak(16 * 16 * 64, loop_amx)};
  return known[name] = p;
}

// `count` matrices behind each other, of bytes whose scales are small numbers; what they mean does not matter here.
struct Matrices {
  Matrices(cpu::Pack pack, int columns, int inner, std::size_t bytes) : shape(cpu::packed_shape(pack, columns, inner)) {
    each = cpu::packed_bytes(shape);
    count = std::max<std::size_t>(1, bytes / each);
    auto made = cpu::Region::create(each * count + 8192, "weights");
    if (!made.ok()) std::abort();
    memory = std::move(*made);
    auto* halves = reinterpret_cast<std::uint16_t*>(memory.data());
    for (std::size_t i = 0; i < each * count / 2; ++i) halves[i] = static_cast<std::uint16_t>(0x2000 + i * 7 % 1000);
  }
  cpu::PackedMatrix next() {
    cpu::PackedMatrix m = shape;
    m.data = memory.data() + each * (at++ % count);
    return m;
  }
  cpu::PackedMatrix shape;
  cpu::Region memory;
  std::size_t each = 0, count = 0, at = 0;
};

void linear(benchmark::State& state, const Kernels* k, cpu::Pack pack) {
  const int columns = 1536, inner = 576, rows = static_cast<int>(state.range(0));
  Matrices matrices(pack, columns, inner, rows == 1 ? std::size_t{96} << 20 : 0);
  const auto r = static_cast<std::size_t>(rows), n = static_cast<std::size_t>(inner);
  std::vector<float> x(r * n), d(r * n / 32), s(d.size()), h(r * n / 16), out(r * 1536);
  std::mt19937 rng(1);
  for (float& v : x) v = static_cast<float>(rng() % 2001) / 1000 - 1;
  std::vector<std::int8_t> q(r * n);
  for (std::size_t i = 0; i < r; ++i) k->quantise(&x[i * n], inner, &q[i * n], &d[i * n / 32], &s[i * n / 32], &h[i * n / 16]);
  const cpu::Activations in{x.data(), n, q.data(), d.data(), s.data(), h.data()};
  for (auto _ : state) {
    const cpu::PackedMatrix m = matrices.next();
    k->linear[static_cast<int>(pack)]({&m, 0, m.tiles(), in, rows, out.data(), 1536, nullptr});
    benchmark::ClobberMemory();
  }
  const double runs = static_cast<double>(state.iterations());
  const double products = static_cast<double>(rows) * columns * inner * runs * kNano;
  const double bytes = static_cast<double>(matrices.each) * runs * kNano;
  const Peaks p = peaks_of(k->name);
  if (rows == 1) {
    state.counters["GB/s"] = Counter(bytes, Counter::kIsRate);
    state.counters["share"] = Counter(bytes / read_gbs(), Counter::kIsRate);
  } else {
    state.counters["products/ns"] = Counter(products, Counter::kIsRate);
    state.counters["share"] = Counter(products / (matrices.shape.quantised() ? p.i8 : p.f32), Counter::kIsRate);
  }
}

// One KV head after the other of 30 layers with 3 of them, 2048 tokens in pages that hold all layers.
void attend(benchmark::State& state, const Kernels* k, cpu::KvKind kind) {
  constexpr int kDim = 64, kLayerHeads = 90, kPages = 32;
  const int rows = static_cast<int>(state.range(0));
  const std::size_t half = cpu::kv_head_bytes(kind, kDim), page = half * 2 * kLayerHeads;
  auto memory = cpu::Region::create(page * kPages, "pages");
  if (!memory.ok()) return state.SkipWithError("no memory");
  auto* halves = reinterpret_cast<std::uint16_t*>(memory->data());
  for (std::size_t i = 0; i < page * kPages / 2; ++i) halves[i] = static_cast<std::uint16_t>(0x3000 + i * 13 % 2000);
  std::vector<float> q(static_cast<std::size_t>(rows * kDim), 0.1f), scores(static_cast<std::size_t>(rows) * cpu::kSplit), m(16), l(16), o(16 * kDim);
  std::vector<const float*> pointers;
  for (int r = 0; r < rows; ++r) pointers.push_back(&q[static_cast<std::size_t>(r * kDim)]);
  const std::vector<std::uint64_t> visible(16 * cpu::kSplit / cpu::kPage, ~std::uint64_t{0});
  constexpr int kBlocks = cpu::kSplit / cpu::kPage;
  for (auto _ : state)
    for (std::size_t head = 0; head < kLayerHeads; ++head)
      for (std::size_t split = 0; split < kPages / kBlocks; ++split) {
        cpu::KeyBlock blocks[kBlocks];
        for (std::size_t b = 0; b < kBlocks; ++b) {
          const std::byte* at = memory->data() + (split * kBlocks + b) * page + head * 2 * half;
          blocks[b] = {at, at + half, 0, cpu::kPage};
        }
        k->attend[static_cast<int>(kind)]({rows, pointers.data(), kDim, kDim, 0.125f, 0, kBlocks, blocks, visible.data(), scores.data(), m.data(), l.data(), o.data()});
      }
  const double runs = static_cast<double>(state.iterations());
  const double bytes = static_cast<double>(page) * kPages * runs * kNano;
  const double products = 2.0 * rows * kDim * cpu::kPage * kPages * kLayerHeads * runs * kNano;
  state.counters["GB/s"] = Counter(bytes, Counter::kIsRate);
  state.counters["products/ns"] = Counter(products, Counter::kIsRate);
  state.counters["share"] = Counter(std::max(bytes / read_gbs(), products / peaks_of(k->name).f32), Counter::kIsRate);
}

void exp_sum(benchmark::State& state, const Kernels* k) {
  std::vector<float> x(cpu::kSumChunk);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 37) - 20;
  float m, s;
  for (auto _ : state) {
    k->exp_sum(x.data(), cpu::kSumChunk, &m, &s);
    benchmark::DoNotOptimize(s);
  }
  state.counters["values/ns"] = Counter(static_cast<double>(state.iterations()) * cpu::kSumChunk * kNano, Counter::kIsRate);
}

std::shared_ptr<Engine> open_engine(int threads) {
  const char* name = std::getenv("WRIGHT_MODEL");
  const auto path = daemon::find_model(daemon::Folders::from_environment(), name ? name : "");
  if (!path.ok()) return nullptr;
  EngineOptions options;
  options.model_path = *path;
  options.backend.threads = threads;
  auto engine = open_local_engine(options);
  return engine.ok() ? *engine : nullptr;
}

// As agent/search asks: lines of one text, of each some dozen texts that begin alike and differ from some token on.
ScoreRequest search_request(std::size_t text, int groups, int candidates, int n_vocab) {
  std::mt19937 rng(3);
  const auto id = [&] { return static_cast<TokenId>(1000 + rng() % static_cast<unsigned>(n_vocab - 1000)); };
  ScoreRequest r;
  for (std::size_t i = 0; i < text; ++i) r.text.push_back(id());
  for (int g = 0; g < groups; ++g) {
    auto& group = r.groups.emplace_back();
    group.prefix = static_cast<std::int32_t>(text) * (g + 1) / groups;
    std::vector<TokenId> line(10);
    for (TokenId& t : line) t = id();
    for (int c = 0; c < candidates; ++c) {
      auto changed = line;
      changed[static_cast<std::size_t>(c) % changed.size()] = id();
      group.candidates.push_back(changed);
    }
  }
  return r;
}

void score_rows(benchmark::State& state) {
  const auto engine = open_engine(static_cast<int>(state.range(0)));
  if (!engine) return state.SkipWithError("no model");
  const auto request = search_request(static_cast<std::size_t>(state.range(1)), 16, 32, engine->info().n_vocab);
  double rows = 0;
  (void)score(*engine, Context(), request);
  const double start = cpu_nanos();
  for (auto _ : state) {
    const auto reply = score(*engine, Context(), request);
    if (!reply.ok()) return state.SkipWithError(reply.error().message.c_str());
    rows += static_cast<double>(reply->usage.completion_tokens);
  }
  state.counters["rows/cpu s"] = rows / (cpu_nanos() - start) / kNano;
  state.counters["rows/s"] = Counter(rows, Counter::kIsRate);
}

// The same number of rows as a plain text, its cached half as long on the average as the prefixes above.
void plain_rows(benchmark::State& state) {
  const auto engine = open_engine(static_cast<int>(state.range(0)));
  if (!engine) return state.SkipWithError("no model");
  const auto request = search_request(static_cast<std::size_t>(state.range(1)), 1, 1, engine->info().n_vocab);
  GenerateRequest r;
  r.max_tokens = 1;
  r.priority = Priority::search;
  double rows = 0, nanos = 0;
  std::int32_t salt = 0;
  const std::size_t depth = request.text.size() / 2;
  for (auto _ : state) {
    state.PauseTiming();
    r.prompt.assign(request.text.begin(), request.text.begin() + static_cast<std::ptrdiff_t>(depth));
    (void)generate(*engine, Context(), r);
    r.prompt.resize(depth / 64 * 64);
    for (int i = 0; i < 1024; ++i) r.prompt.push_back(1000 + (salt += 7) % 30000);
    // Chunks of 256 rows over one depth: each piece is a prompt of its own.
    state.ResumeTiming();
    const double start = cpu_nanos();
    for (int piece = 0; piece < 4; ++piece) {
      auto part = r;
      part.prompt.assign(r.prompt.begin(), r.prompt.begin() + static_cast<std::ptrdiff_t>(depth / 64 * 64));
      part.prompt.insert(part.prompt.end(), r.prompt.end() - 1024 + piece * 256, r.prompt.end() - 1024 + (piece + 1) * 256);
      const auto out = generate(*engine, Context(), part);
      if (!out.ok()) return state.SkipWithError(out.error().message.c_str());
      rows += static_cast<double>(out->usage.prompt_tokens - out->usage.cached_tokens);
    }
    nanos += cpu_nanos() - start;
  }
  state.counters["rows/cpu s"] = rows / nanos / kNano;
  state.counters["rows/s"] = Counter(rows, Counter::kIsRate);
}

// Two threads beside one, in turns of a few passes, so that a busy machine hurts both alike: how often as fast they are.
void two_threads(benchmark::State& state) {
  const std::shared_ptr<Engine> engines[] = {open_engine(1), open_engine(2)};
  if (!engines[0] || !engines[1]) return state.SkipWithError("no model");
  const int tokens = static_cast<int>(state.range(0));
  double seconds[2] = {0, 0};
  TokenId salt = 1000;
  for (auto _ : state) {
    GenerateRequest r;
    for (int i = 0; i < (tokens > 1 ? 16 : 192); ++i) r.prompt.push_back(salt = 1000 + salt * 31 % 30011);
    r.max_tokens = tokens;
    r.ignore_end = true;
    for (const int which : {0, 1}) {
      const auto done = generate(*engines[which], Context(), r);
      if (!done.ok()) return state.SkipWithError(done.error().message.c_str());
      seconds[which] += (tokens > 1 ? done->usage.decode_ms : done->usage.prefill_ms) * 1e-3;
    }
  }
  state.counters["one, s"] = seconds[0];
  state.counters["two, s"] = seconds[1];
  state.counters["ratio"] = seconds[0] / seconds[1];
}

}  // namespace

int main(int argc, char** argv) {
  constexpr struct { cpu::Pack pack; const char* name; } kPacks[] = {
      {cpu::Pack::f16, "f16"}, {cpu::Pack::n4, "n4"}, {cpu::Pack::n4m, "n4m"}, {cpu::Pack::n6, "n6"}, {cpu::Pack::n8, "n8"}};
  constexpr struct { cpu::KvKind kind; const char* name; } kKinds[] = {{cpu::KvKind::f32, "f32"}, {cpu::KvKind::f16, "f16"}, {cpu::KvKind::q8_0, "q8_0"}};
  std::printf("one core: reads %.1f GB/s\n", read_gbs());
  for (const Kernels* k : cpu::supported_kernels()) {
    if (std::string(k->name) == "scalar") continue;
    std::printf("%s: %.0f products of f32 and %.0f of bytes a nanosecond\n", k->name, peaks_of(k->name).f32, peaks_of(k->name).i8);
    for (const auto& p : kPacks)
      benchmark::RegisterBenchmark((std::string("linear/") + p.name + "/" + k->name).c_str(), linear, k, p.pack)
          ->Arg(1)->Arg(4)->Arg(16)->Arg(64)->Arg(256);
    for (const auto& kv : kKinds)
      benchmark::RegisterBenchmark((std::string("attend/") + kv.name + "/" + k->name).c_str(), attend, k, kv.kind)
          ->Arg(3)->Arg(15)->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark((std::string("exp_sum/") + k->name).c_str(), exp_sum, k);
  }
  for (const int threads : {1, 2})
    for (const int text : {256, 1024}) {
      benchmark::RegisterBenchmark("score", score_rows)->Args({threads, text})->UseRealTime()->Unit(benchmark::kMillisecond);
      benchmark::RegisterBenchmark("plain", plain_rows)->Args({threads, text})->UseRealTime()->Unit(benchmark::kMillisecond);
    }
  for (const int tokens : {1, 24})
    benchmark::RegisterBenchmark(tokens > 1 ? "two_threads/decode" : "two_threads/prefill", two_threads)->Arg(tokens)->UseRealTime()->Unit(benchmark::kMillisecond)->MinTime(12);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
