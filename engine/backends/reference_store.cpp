#include "engine/backends/reference_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "engine/tensor/quant.h"

namespace wright::engine {
namespace {

constexpr auto kPage = static_cast<std::int32_t>(limits::kTokensPerPage);
constexpr DType kKvTypes[] = {DType::f32, DType::f16, DType::bf16, DType::q8_0};  // by KvType

Error wrong(std::string message) { return {ErrorKind::usage, "engine pass: " + message, ""}; }

}  // namespace

ReferenceStore::ReferenceStore(const OpList& ops, KvType kv, std::size_t page_capacity)
    : ops_(ops), kv_(kv), page_capacity_(page_capacity), layouts_(ops.caches.size()), state_at_(ops.caches.size()) {
  bool all_windows = true;
  for (std::size_t i = 0; i < ops.caches.size(); ++i) {
    const CacheSpec& spec = ops.caches[i];
    if (spec.kind == CacheSpec::Kind::recurrent) {
      state_at_[i] = state_floats_;
      state_floats_ += static_cast<std::size_t>(spec.state_floats);
      continue;
    }
    Layout& layout = layouts_[i];
    layout.key_floats = static_cast<std::size_t>(spec.kv_heads * spec.key_dim);
    layout.value_floats = static_cast<std::size_t>(spec.kv_heads * spec.value_dim);
    layout.key_at = page_floats_;
    layout.value_at = page_floats_ + layout.key_floats * limits::kTokensPerPage;
    page_floats_ += (layout.key_floats + layout.value_floats) * limits::kTokensPerPage;
    all_windows = all_windows && spec.kind == CacheSpec::Kind::window;
    longest_window_ = std::max(longest_window_, spec.window);
  }
  if (!all_windows) longest_window_ = 0;
  page_floats_ = std::max<std::size_t>(page_floats_, 1);
  scratch_floats_ = page_floats_ / limits::kTokensPerPage;
}

Result<PageId> ReferenceStore::alloc_page() {
  if (page_capacity_ > 0 && pages_in_use_ >= page_capacity_)
    return Error{ErrorKind::limit, fmt::format("all {} KV pages are in use", page_capacity_), "end other sessions or raise the cache budget"};
  PageId page;
  if (!free_pages_.empty()) {
    page = free_pages_.back();
    free_pages_.pop_back();
  } else {
    page = static_cast<PageId>(pages_.size());
    pages_.emplace_back();
  }
  pages_[static_cast<std::size_t>(page)].resize(page_floats_);
  ++pages_in_use_;
  return page;
}

void ReferenceStore::free_page(PageId page) {
  if (!valid_page(page)) return;
  pages_[static_cast<std::size_t>(page)] = {};
  free_pages_.push_back(page);
  --pages_in_use_;
}

void ReferenceStore::copy_page(PageId from, PageId to) {
  if (valid_page(from) && valid_page(to)) pages_[static_cast<std::size_t>(to)] = pages_[static_cast<std::size_t>(from)];
}

Result<StateSlot> ReferenceStore::alloc_state() {
  StateSlot slot;
  if (!free_states_.empty()) {
    slot = free_states_.back();
    free_states_.pop_back();
  } else {
    slot = static_cast<StateSlot>(states_.size());
    states_.emplace_back();
  }
  states_[static_cast<std::size_t>(slot)].assign(std::max<std::size_t>(state_floats_, 1), 0.0f);
  return slot;
}

void ReferenceStore::free_state(StateSlot slot) {
  if (slot < 0 || static_cast<std::size_t>(slot) >= states_.size() || states_[static_cast<std::size_t>(slot)].empty()) return;
  states_[static_cast<std::size_t>(slot)] = {};
  free_states_.push_back(slot);
}

void ReferenceStore::copy_state(StateSlot from, StateSlot to) {
  states_[static_cast<std::size_t>(to)] = states_[static_cast<std::size_t>(from)];
}

std::size_t ReferenceStore::resident_bytes() const {
  return pages_in_use_ * page_bytes() + (states_.size() - free_states_.size()) * state_bytes() + scratch_.capacity() * sizeof(float);
}

Result<void> ReferenceStore::check_sequence(const PassSequence& s, std::size_t index) const {
  if (s.n_new < 0 || s.past < 0) return wrong(fmt::format("sequence {} has {} rows after {}", index, s.n_new, s.past));
  const bool tree = !s.parents.empty();
  if (tree && s.parents.size() != static_cast<std::size_t>(s.n_new))
    return wrong(fmt::format("sequence {} has {} parents for {} rows", index, s.parents.size(), s.n_new));
  for (std::size_t i = 0; i < s.parents.size(); ++i)
    if (s.parents[i] < -1 || s.parents[i] >= static_cast<std::int32_t>(i))
      return wrong(fmt::format("sequence {}: row {} follows row {}", index, i, s.parents[i]));
  const std::int32_t end = tree ? s.past : s.past + s.n_new;
  if (static_cast<std::size_t>((end + kPage - 1) / kPage) > s.pages.size())
    return wrong(fmt::format("sequence {} has {} pages for {} tokens", index, s.pages.size(), end));
  const std::int32_t first = longest_window_ ? std::max(0, s.past - longest_window_ + 1) / kPage : 0;
  for (std::int32_t page = first; page < (end + kPage - 1) / kPage; ++page)
    if (!valid_page(s.pages[static_cast<std::size_t>(page)]))
      return wrong(fmt::format("sequence {}: page {} is not allocated", index, s.pages[static_cast<std::size_t>(page)]));
  if (state_floats_ == 0) return {};
  if (tree) return wrong(fmt::format("sequence {}: a tree of rows needs a model without recurrent layers", index));
  if (s.state < 0 || static_cast<std::size_t>(s.state) >= states_.size() || states_[static_cast<std::size_t>(s.state)].empty())
    return wrong(fmt::format("sequence {}: state {} is not allocated", index, s.state));
  return {};
}

Result<void> ReferenceStore::begin_pass(const Pass& pass) {
  rows_.clear();
  positions_.clear();
  sequences_.assign(pass.sequences.begin(), pass.sequences.end());
  for (std::size_t i = 0; i < sequences_.size(); ++i) {
    const PassSequence& s = sequences_[i];
    WRIGHT_CHECK(check_sequence(s, i));
    for (std::size_t j = 0; state_floats_ && j < i; ++j)
      if (sequences_[j].state == s.state) return wrong(fmt::format("sequences {} and {} share a state", j, i));
    const auto first = static_cast<std::int32_t>(rows_.size());
    for (std::int32_t r = 0; r < s.n_new; ++r) {
      const std::int32_t parent = s.parents.empty() ? -1 : s.parents[static_cast<std::size_t>(r)];
      rows_.push_back({i, parent, first});
      if (s.parents.empty()) positions_.push_back(s.past + r);
      else positions_.push_back(parent < 0 ? s.past : positions_[static_cast<std::size_t>(first + parent)] + 1);
    }
  }
  if (rows_.size() != pass.tokens.size())
    return wrong(fmt::format("{} tokens, the sequences have {} rows", pass.tokens.size(), rows_.size()));
  for (std::size_t i = 0; i < pass.outputs.size(); ++i)
    if (pass.outputs[i] < 0 || static_cast<std::size_t>(pass.outputs[i]) >= rows_.size())
      return wrong(fmt::format("output row {} of {}", pass.outputs[i], rows_.size()));
  const bool trees = std::any_of(sequences_.begin(), sequences_.end(), [](const PassSequence& s) { return !s.parents.empty(); });
  scratch_.resize(trees ? rows_.size() * scratch_floats_ : 0);
  working_states_.clear();
  if (state_floats_)
    for (const auto& s : sequences_) working_states_.push_back(states_[static_cast<std::size_t>(s.state)]);
  return {};
}

void ReferenceStore::end_pass(bool keep) {
  if (keep)
    for (std::size_t i = 0; i < working_states_.size(); ++i)
      states_[static_cast<std::size_t>(sequences_[i].state)].swap(working_states_[i]);
  working_states_.clear();
}

float* ReferenceStore::slot(const PassSequence& s, const Layout& layout, std::int32_t position, bool value) const {
  const auto& page = pages_[static_cast<std::size_t>(s.pages[static_cast<std::size_t>(position / kPage)])];
  const auto at = static_cast<std::size_t>(position % kPage);
  const std::size_t offset = value ? layout.value_at + at * layout.value_floats : layout.key_at + at * layout.key_floats;
  return const_cast<float*>(page.data()) + offset;
}

KvRow ReferenceStore::row_at(const Layout& layout, std::size_t row) const {
  const PassSequence& s = sequences_[rows_[row].sequence];
  if (s.parents.empty()) return {slot(s, layout, positions_[row], false), slot(s, layout, positions_[row], true)};
  const float* key = scratch_.data() + row * scratch_floats_ + layout.key_at / limits::kTokensPerPage;
  return {key, key + layout.key_floats};
}

// What reading back from the KV type would give.
void ReferenceStore::round(const float* from, float* to, std::size_t heads, std::size_t dim) const {
  const DType type = kKvTypes[static_cast<std::size_t>(kv_)];
  std::vector<std::byte> stored(bytes_of(type, dim));
  for (std::size_t h = 0; h < heads; ++h) {
    quantise(type, from + h * dim, stored.data(), dim);
    dequantise(type, stored.data(), to + h * dim, dim);
  }
}

void ReferenceStore::write(CacheId cache, std::size_t row, const float* key, const float* value) {
  const Layout& layout = layouts_[static_cast<std::size_t>(cache)];
  const CacheSpec& spec = ops_.caches[static_cast<std::size_t>(cache)];
  const KvRow to = row_at(layout, row);
  round(key, const_cast<float*>(to.key), static_cast<std::size_t>(spec.kv_heads), static_cast<std::size_t>(spec.key_dim));
  round(value, const_cast<float*>(to.value), static_cast<std::size_t>(spec.kv_heads), static_cast<std::size_t>(spec.value_dim));
}

void ReferenceStore::visible(CacheId cache, std::size_t row, int window, std::vector<KvRow>& out) const {
  const Layout& layout = layouts_[static_cast<std::size_t>(cache)];
  const PassSequence& s = sequences_[rows_[row].sequence];
  const std::int32_t position = positions_[row], first = window ? std::max(0, position - window + 1) : 0;
  out.clear();
  const std::int32_t cached = s.parents.empty() ? position + 1 : s.past;
  for (std::int32_t p = first; p < cached; ++p) out.push_back({slot(s, layout, p, false), slot(s, layout, p, true)});
  if (s.parents.empty()) return;
  const std::size_t prefix = out.size();
  for (std::int32_t r = static_cast<std::int32_t>(row) - rows_[row].first_row; r >= 0;) {
    const std::size_t at = static_cast<std::size_t>(rows_[row].first_row + r);
    if (positions_[at] < first) break;
    out.push_back(row_at(layout, at));
    r = rows_[at].parent;
  }
  std::reverse(out.begin() + static_cast<std::ptrdiff_t>(prefix), out.end());
}

float* ReferenceStore::state(CacheId cache, std::size_t row) {
  return working_states_[rows_[row].sequence].data() + state_at_[static_cast<std::size_t>(cache)];
}

}  // namespace wright::engine
