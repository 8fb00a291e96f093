// The kernel table: every piece of arithmetic of this backend as plain functions over caller-owned memory, one table an
// instruction set. Chosen once when a model is loaded (isa.cpp). All kernels are pure and may run on any thread; none
// allocates. What a row's result is never depends on how many rows a call brings: loops over the inner dimension run in
// one fixed order, and only rows and columns are blocked.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wright::engine::cpu {

inline constexpr int kTile = 16;      // output columns that a packed weight tile interleaves
inline constexpr int kBlock = 32;     // elements that share a scale, of weights and of quantised activations
inline constexpr int kPage = 64;      // tokens of a page
inline constexpr int kSplit = 512;    // tokens of a KV split: softmax partials are merged at its absolute multiples
inline constexpr int kSumChunk = 512;    // logits of a row that are summed up together: partial sums end at its absolute multiples
inline constexpr int kAttendBlock = 16;  // query rows x heads that one call of attend handles at most

// How a matrix is packed. Tiles of 16 output columns follow each other; in a tile the inner dimension runs outermost.
// Plain types: [k][16]. Quantised, per block of 32 k: bytes for four k of each of 16 columns side by side (what one
// vector byte product wants), all blocks' bytes first, then all blocks' f16 scales [16].
enum class Pack : std::uint8_t {
  f32, f16, bf16,
  n4,   // nibbles, w = d (q - 8); low nibbles are k 0..15, high ones 16..31
  n4m,  // nibbles, w = d q + m; scales are d [16], m [16]
  n6,   // nibbles and two high bits, w = d (q - 32); two scales [16], one for each 16 k
  n8,   // bytes, w = d (q - 128)
};
inline constexpr int kPacks = 7;

struct PackedMatrix {
  Pack pack = Pack::f32;
  int columns = 0;             // outputs
  int inner = 0;               // k
  std::size_t tile_bytes = 0;  // from one tile to the next
  const std::byte* data = nullptr;
  int tiles() const { return (columns + kTile - 1) / kTile; }
  bool quantised() const { return pack >= Pack::n4; }
};

// Activations of `rows` consecutive rows. Quantised ones: x = d * q a block of 32, s = d * sum(q).
struct Activations {
  const float* x = nullptr;      // (rows, stride), for plain packs
  std::size_t stride = 0;
  const std::int8_t* q = nullptr;  // (rows, inner), for quantised packs
  const float* d = nullptr;        // (rows, inner / 32)
  const float* s = nullptr;        // (rows, inner / 32)
  const float* h = nullptr;        // (rows, inner / 16): d * sum(q) of each half block
};

struct LinearCall {
  const PackedMatrix* w;
  int tile_begin, tile_end;
  Activations in;
  int rows;
  float* out;              // (rows, out_stride)
  std::size_t out_stride;
  const float* bias;       // (columns) or null
};

struct NormCall {
  const float* x;
  const float* w;
  const float* bias;  // or null
  float* out;         // may be x
  int width;
  float eps;
  bool layer_norm, plus_one;
};

enum class Activation : std::uint8_t { silu, gelu_tanh, gelu_erf, relu2, sigmoid, swiglu_clamped };
struct ActivateCall {
  Activation kind;
  float alpha, limit;
  const float* gate;
  const float* up;  // or null
  float* out;
  int n;
};

struct RopeCall {
  float* x;           // one head's slice to rotate, rotary_dim values, in place
  const float* cos;   // (rotary_dim): expanded, signs included; see rope tables in rows.cpp
  const float* sin;
  int rotary_dim;
  bool interleaved;
};

// q8_0: bytes in blocks of 32 dimensions of one token; behind the bytes of a head their f16 scales, of K as (key_dim / 32, 64),
// of V as (64, value_dim / 32).
enum class KvKind : std::uint8_t { f32, f16, bf16, q8_0 };
inline constexpr int kKvKinds = 4;
constexpr std::size_t kv_bytes(KvKind kind) { return kind == KvKind::f32 ? 4 : kind == KvKind::q8_0 ? 1 : 2; }  // of an element
// K or V of one head in a page.
constexpr std::size_t kv_head_bytes(KvKind kind, int dim) {
  const auto n = static_cast<std::size_t>(dim) * kPage;
  return n * kv_bytes(kind) + (kind == KvKind::q8_0 ? n / kBlock * 2 : 0);
}

// 64 keys of one head: K transposed (key_dim, 64), V (64, value_dim). Keys in [begin, end) are defined.
struct KeyBlock {
  const std::byte* k;
  const std::byte* v;
  int begin, end;
};

// One split of the keys for up to kAttendBlock query rows that share a KV head. Writes per row the largest logit m, the sum l
// of exp(logit - m), and o = sum exp(logit - m) v, not yet divided; a row that sees no key gets m = kNoLogit, l = 0, o = 0.
struct AttendCall {
  int rows;
  const float* const* q;        // rows pointers to (key_dim)
  int key_dim, value_dim;
  float scale, softcap;         // softcap 0: none
  int n_blocks;
  const KeyBlock* blocks;
  const std::uint64_t* visible; // (rows, n_blocks): bit t: key t of the block is seen
  float* scores;                // scratch (rows, n_blocks * 64)
  float* m;                     // (rows)
  float* l;                     // (rows)
  float* o;                     // (rows, o_stride), o_stride = value_dim rounded up to 16
};
inline constexpr float kNoLogit = -1e30f;
inline constexpr int round_up(int n, int to) { return (n + to - 1) / to * to; }

// Reads `bytes` (a multiple of 1024) at `p` as fast as the loads allow; the result only keeps the reads alive.
using ReadFn = float (*)(const std::byte* p, std::size_t bytes);

struct Kernels {
  const char* isa;   // as in --isa
  const char* name;  // for describe(): "avx512-vnni"
  void (*linear[kPacks])(const LinearCall&);
  void (*norm)(const NormCall&);
  void (*activate)(const ActivateCall&);
  void (*add)(const float* a, const float* b, float* out, int n);
  void (*multiply)(const float* a, const float* b, float* out, int n);
  void (*scale)(const float* a, float factor, float* out, int n);
  void (*rope)(const RopeCall&);
  // One row of n (a multiple of 32) values to q, d, s, h.
  void (*quantise)(const float* x, int n, std::int8_t* q, float* d, float* s, float* h);
  void (*attend[kKvKinds])(const AttendCall&);
  // (m, l, o) of `rows` rows becomes its merge with a later split's (m2, l2, o2).
  void (*merge)(int rows, int o_stride, float* m, float* l, float* o, const float* m2, const float* l2, const float* o2);
  // out = o / l, with a logit without value (`sink`, or kNoLogit) in the sum.
  void (*finish)(const float* o, float m, float l, float sink, float* out, int n);
  // K and V of one token and head into slot t of a block.
  void (*store_kv[kKvKinds])(const float* k, int key_dim, const float* v, int value_dim, std::byte* k_block, std::byte* v_block,
                             int t);
  ReadFn read;
  // m = the largest of n values, s = sum of exp(x - m); s is NaN when one of them is. See logprobs.h.
  void (*exp_sum)(const float* x, int n, float* m, float* s);
};

const Kernels& kernels_scalar();
const Kernels& kernels_avx2();
const Kernels& kernels_avx512();
const Kernels& kernels_vnni();
const Kernels& kernels_amx();  // call only where kernels_for("amx") is there: this process must have asked for tiles

// Tables are put together from these, each defined in KIND_ISA.cpp.
struct LinearKernels { void (*linear[kPacks])(const LinearCall&); };
const LinearKernels& linear_scalar();
const LinearKernels& linear_avx2();
const LinearKernels& linear_avx512();
const LinearKernels& linear_vnni();
const LinearKernels& linear_amx();

}  // namespace wright::engine::cpu
