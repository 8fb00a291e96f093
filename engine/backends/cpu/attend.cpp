// Attention steps. Rows of a sequence are cut into blocks so that rows x heads of a KV group fill a kernel call; the keys are
// cut into splits at absolute multiples of 512 tokens. A unit is a block, a KV head and (when there are few blocks) one
// split; partial results are merged in ascending order of splits either way, so who computed them does not matter.
// Tree rows see the pages up to `past`, then, in scratch, themselves and their ancestors, by bit masks.
#include <algorithm>
#include <climits>
#include <cstring>

#include "engine/backends/cpu/pass.h"

namespace wright::engine::cpu {
namespace {

constexpr int kMinWork = 48 * 1024;      // keys x dimensions of a step that is worth sharing

constexpr float kEmptySplit = -1;         // in place of the sum of weights, which is never negative

int heads_per_block(const AttendParams& p) { return std::min(p.heads / p.kv_heads, kAttendBlock); }
int rows_per_block(const AttendParams& p) { return std::max(1, kAttendBlock / heads_per_block(p)); }
int head_groups(const AttendParams& p) {
  const int group = p.heads / p.kv_heads;
  return (group + heads_per_block(p) - 1) / heads_per_block(p);
}
int max_key_blocks(int max_rows) { return kSplit / kPage + max_rows / kPage + 2; }

// A thread's memory for one call.
struct Scratch {
  const float** q;
  KeyBlock* blocks;
  std::uint64_t* visible;
  float *scores, *m, *l, *o, *m2, *l2, *o2;
};
template <class Take> std::size_t lay_out(int max_rows, int o_stride, Take take) {
  const auto blocks = static_cast<std::size_t>(max_key_blocks(max_rows)), rows = static_cast<std::size_t>(kAttendBlock);
  const std::size_t sizes[] = {rows * sizeof(void*), blocks * sizeof(KeyBlock), rows * blocks * 8, rows * blocks * kPage * 4,
                               rows * 4, rows * 4, rows * static_cast<std::size_t>(o_stride) * 4,
                               rows * 4, rows * 4, rows * static_cast<std::size_t>(o_stride) * 4};
  std::size_t at = 0, i = 0;
  for (const std::size_t size : sizes) {
    take(i++, at);
    at += (size + 63) / 64 * 64;
  }
  return at;
}
Scratch scratch_of(const PassState& s, int thread, int o_stride) {
  std::byte* base = s.attend_scratch[static_cast<std::size_t>(thread)];
  std::byte* part[10];
  lay_out(s.plan->max_rows, o_stride, [&](std::size_t i, std::size_t at) { part[i] = base + at; });
  const auto floats = [&](int i) { return reinterpret_cast<float*>(part[i]); };
  return {reinterpret_cast<const float**>(part[0]), reinterpret_cast<KeyBlock*>(part[1]), reinterpret_cast<std::uint64_t*>(part[2]),
          floats(3), floats(4), floats(5), floats(6), floats(7), floats(8), floats(9)};
}

// Bits [from, to) of a word; both may lie outside [0, 64].
std::uint64_t bits(std::int64_t from, std::int64_t to) {
  from = std::clamp<std::int64_t>(from, 0, 64);
  to = std::clamp<std::int64_t>(to, 0, 64);
  if (from >= to) return 0;
  const std::uint64_t below_to = to == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << to) - 1;
  return below_to & ~((std::uint64_t{1} << from) - 1);
}

// One unit's work: query rows of a block and a KV head.
class Unit {
 public:
  Unit(PassState& s, const Step& step, const RowBlock& block, int kv_head, int head_group, int thread)
      : s_(s), p_(std::get<AttendParams>(step.op->params)), step_(step), block_(block), kv_head_(kv_head),
        sequence_(s.pass->sequences[static_cast<std::size_t>(block.sequence)]), tree_(!sequence_.parents.empty()),
        o_stride_(round_up(p_.value_dim, kTile)), scratch_(scratch_of(s, thread, o_stride_)) {
    const int group = p_.heads / p_.kv_heads;
    head0_ = kv_head * group + head_group * heads_per_block(p_);
    heads_ = std::min(heads_per_block(p_), (kv_head + 1) * group - head0_);
    rows_ = block.rows * heads_;
    for (int i = 0; i < block.rows; ++i)
      for (int h = 0; h < heads_; ++h)
        scratch_.q[i * heads_ + h] = s.value(step.op->in[0], block.first + i, thread) + (head0_ + h) * p_.key_dim;
  }

  int first_split() const { return p_.window > 0 ? std::max(0, block_.lowest - p_.window + 1) / kSplit : 0; }
  int end_split() const { return block_.highest / kSplit + 1; }

  // Partial results of one split; false when no row sees a key in it.
  bool split(int index, float* m, float* l, float* o) {
    const int from = std::max(index * kSplit, p_.window > 0 ? block_.lowest - p_.window + 1 : 0);
    const int to = std::min((index + 1) * kSplit, tree_ ? sequence_.past : block_.highest + 1);
    int n = 0;
    for (int j = from / kPage; j * kPage < to && from < to; ++j) {
      std::byte* page = s_.caches->page(sequence_.pages[static_cast<std::size_t>(j)]);
      add_block(n++, page, std::max(0, from - j * kPage), std::min(kPage, to - j * kPage));
    }
    const int plain = n;
    if (tree_) n = add_tree_blocks(n, index);
    if (n == 0) return false;
    for (int i = 0; i < block_.rows; ++i) {
      std::uint64_t* words = scratch_.visible + static_cast<std::ptrdiff_t>(i * heads_) * n;
      const int position = s_.positions[static_cast<std::size_t>(block_.first + i)];
      const int low = p_.window > 0 ? position - p_.window + 1 : 0, high = tree_ ? sequence_.past : position + 1;
      for (int b = 0; b < plain; ++b) {
        const int base = (from / kPage + b) * kPage;
        words[b] = bits(std::max(low, from) - base, std::min(high, to) - base);
      }
      for (int b = plain; b < n; ++b) words[b] = tree_word(block_.first + i, tree_block_[b - plain], index);
      for (int h = 1; h < heads_; ++h) std::memcpy(words + static_cast<std::ptrdiff_t>(h) * n, words, static_cast<std::size_t>(n) * 8);
    }
    s_.kernels->attend[static_cast<int>(s_.kv)]({rows_, scratch_.q, p_.key_dim, p_.value_dim, p_.scale, p_.softcap, n, scratch_.blocks,
                                                 scratch_.visible, scratch_.scores, m, l, o});
    return true;
  }

  // All splits, then the result.
  void whole() {
    bool any = false;
    for (int i = first_split(); i < end_split(); ++i) {
      if (!any) {
        any = split(i, scratch_.m, scratch_.l, scratch_.o);
      } else if (split(i, scratch_.m2, scratch_.l2, scratch_.o2)) {
        merge(scratch_.m, scratch_.l, scratch_.o, scratch_.m2, scratch_.l2, scratch_.o2);
      }
    }
    finish(scratch_.m, scratch_.l, scratch_.o);
  }
  void merge(float* m, float* l, float* o, const float* m2, const float* l2, const float* o2) const {
    s_.kernels->merge(rows_, o_stride_, m, l, o, m2, l2, o2);
  }
  void finish(const float* m, const float* l, const float* o) const {
    for (int i = 0; i < block_.rows; ++i)
      for (int h = 0; h < heads_; ++h) {
        const int r = i * heads_ + h;
        s_.kernels->finish(o + static_cast<std::ptrdiff_t>(r) * o_stride_, m[r], l[r], step_.weight ? step_.weight[head0_ + h] : kNoLogit,
                           s_.value(step_.op->out, block_.first + i, 0) + (head0_ + h) * p_.value_dim, p_.value_dim);
      }
  }

 private:
  void add_block(int n, std::byte* page, int begin, int end) {
    scratch_.blocks[n] = {s_.caches->at(page, p_.cache, kv_head_, false), s_.caches->at(page, p_.cache, kv_head_, true), begin, end};
  }

  // Scratch blocks in which a row of this block sees a key of this split.
  int add_tree_blocks(int n, int index) {
    const int first = s_.first_row[static_cast<std::size_t>(block_.sequence)], last = block_.first + block_.rows;
    int found = 0;
    for (int b = first / kPage; b * kPage < last; ++b) {
      std::uint64_t any = 0;
      for (int i = 0; i < block_.rows; ++i) any |= tree_word(block_.first + i, b, index);
      if (!any) continue;
      tree_block_[found++] = b;
      add_block(n++, s_.tree_page + static_cast<std::size_t>(b) * s_.caches->page_bytes(), __builtin_ctzll(any),
                64 - __builtin_clzll(any));
    }
    return n;
  }

  std::uint64_t tree_word(int row, int b, int index) const {
    std::uint64_t word = s_.tree_words[static_cast<std::size_t>(row * s_.tree_blocks + b)];
    const int position = s_.positions[static_cast<std::size_t>(row)];
    const int low = std::max(index * kSplit, p_.window > 0 ? position - p_.window + 1 : 0), high = (index + 1) * kSplit;
    if (low <= sequence_.past && position < high) return word;
    for (std::uint64_t left = word; left; left &= left - 1) {
      const int t = __builtin_ctzll(left), at = s_.positions[static_cast<std::size_t>(b * kPage + t)];
      if (at < low || at >= high) word &= ~(std::uint64_t{1} << t);
    }
    return word;
  }

  PassState& s_;
  const AttendParams& p_;
  const Step& step_;
  const RowBlock& block_;
  int kv_head_, head0_ = 0, heads_ = 0, rows_ = 0;
  const PassSequence& sequence_;
  bool tree_;
  int o_stride_;
  Scratch scratch_;
  int tree_block_[64] = {};  // of add_tree_blocks; max_rows is at most 64 blocks
};

void build_blocks(PassState& s, int rows) {
  if (s.blocks_for == rows) return;
  s.blocks_for = rows;
  s.blocks.clear();
  for (std::size_t i = 0; i < s.pass->sequences.size(); ++i) {
    const int n = s.pass->sequences[i].n_new;
    for (int r = 0; r < n; r += rows) {
      RowBlock b{static_cast<int>(i), s.first_row[i] + r, std::min(rows, n - r), INT32_MAX, 0};
      for (int k = 0; k < b.rows; ++k) {
        const std::int32_t position = s.positions[static_cast<std::size_t>(b.first + k)];
        b.lowest = std::min(b.lowest, position);
        b.highest = std::max(b.highest, position);
      }
      s.blocks.push_back(b);
    }
  }
}

}  // namespace

std::size_t attend_scratch_bytes(const OpList& ops, int max_rows) {
  int widest = 0;
  for (const CacheSpec& c : ops.caches) widest = std::max(widest, c.value_dim);
  return lay_out(max_rows, round_up(widest, kTile), [](std::size_t, std::size_t) {});
}

std::size_t attend_partial_floats(const OpList& ops, int threads, int tokens) {
  int widest = 0;
  for (const CacheSpec& c : ops.caches) widest = std::max(widest, c.value_dim);
  const int units = 4 * threads * (tokens / kSplit + 2);
  return static_cast<std::size_t>(units) * kAttendBlock * static_cast<std::size_t>(round_up(widest, kTile) + 2);
}

void run_attend(PassState& state, const Step& step) {
  const auto& p = std::get<AttendParams>(step.op->params);
  build_blocks(state, rows_per_block(p));
  const int groups = head_groups(p), pairs = static_cast<int>(state.blocks.size()) * p.kv_heads * groups;
  const auto unit_of = [&](int i, int thread) {
    return Unit(state, step, state.blocks[static_cast<std::size_t>(i / groups / p.kv_heads)], i / groups % p.kv_heads, i % groups, thread);
  };
  const std::int64_t work = static_cast<std::int64_t>(state.deepest + 1) * (p.key_dim + p.value_dim) * pairs;
  if (work < kMinWork) {
    for (int i = 0; i < pairs; ++i) unit_of(i, 0).whole();
    return;
  }
  const int splits = state.deepest / kSplit + 1, o_stride = round_up(p.value_dim, kTile);
  const std::size_t each = static_cast<std::size_t>(kAttendBlock) * static_cast<std::size_t>(o_stride + 2);
  if (pairs >= 4 * state.team->threads() || splits == 1 || static_cast<std::size_t>(pairs * splits) * each > state.partials.size()) {
    state.team->run(pairs, [&](int i, int thread) {
      if (!state.context->done()) unit_of(i, thread).whole();
    });
    return;
  }
  const auto partial = [&](int pair, int split) { return state.partials.data() + static_cast<std::size_t>(pair * splits + split) * each; };
  const auto o_of = [](float* base) { return base + 2 * kAttendBlock; };
  state.team->run(pairs * splits, [&](int i, int thread) {
    const int split = i % splits;
    float* m = partial(i / splits, split);
    Unit unit = unit_of(i / splits, thread);
    const bool any = split >= unit.first_split() && split < unit.end_split() && unit.split(split, m, m + kAttendBlock, o_of(m));
    if (!any) m[kAttendBlock] = kEmptySplit;
  });
  state.team->run(pairs, [&](int i, int thread) {
    const Unit unit = unit_of(i, thread);
    float* all = nullptr;
    for (int split = 0; split < splits; ++split) {
      float* m = partial(i, split);
      if (m[kAttendBlock] == kEmptySplit) continue;
      if (!all) all = m;
      else unit.merge(all, all + kAttendBlock, o_of(all), m, m + kAttendBlock, o_of(m));
    }
    unit.finish(all, all + kAttendBlock, o_of(all));
  });
}

}  // namespace wright::engine::cpu
