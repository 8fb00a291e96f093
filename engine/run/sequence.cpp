#include "engine/run/sequence.h"

#include <algorithm>

#include "base/hash.h"

namespace wright::engine {
namespace {

constexpr int kPage = static_cast<int>(limits::kTokensPerPage);
constexpr std::size_t kSeenHashes = 1 << 20;  // 64 Mi tokens

int pages_for(int tokens) { return (tokens + kPage - 1) / kPage; }

}  // namespace

CacheStore::CacheStore(Backend& backend, std::size_t budget_bytes) : pool(backend, budget_bytes) {
  pool.on_full([this] { return tree.evict_one(); });
}

std::vector<PageId> Sequence::page_ids() const {
  std::vector<PageId> ids;
  ids.reserve(pages_.size());
  for (const PageRef& page : pages_) ids.push_back(page->id);
  return ids;
}

int Sequence::reuse(int limit) {
  limit = std::min(limit, static_cast<int>(tokens.size()));
  if (limit <= past_) return 0;
  const bool recurrent = store_->pool.recurrent();
  RadixTree::Match match = store_->tree.match(std::span(tokens).first(static_cast<std::size_t>(limit)), recurrent);
  if (match.tokens <= past_) return 0;
  StateRef state;
  if (recurrent) {
    auto copy = store_->pool.copy(match.state);
    if (!copy.ok()) return 0;
    state = std::move(*copy);
  }
  const int gained = match.tokens - past_;
  pages_ = std::move(match.pages);
  state_ = std::move(state);
  past_ = match.tokens;
  hash_pages(false);
  return gained;
}

Result<void> Sequence::reserve(int end) {
  if (store_->pool.recurrent() && !state_) {
    if (past_ != 0) return Error{ErrorKind::failed, "a sequence lost its recurrent state", ""};
    WRIGHT_TRY(state_, store_->pool.state());
  }
  if (past_ % kPage != 0) {
    PageRef& last = pages_[static_cast<std::size_t>(past_ / kPage)];
    if (last.use_count() > 1) {
      WRIGHT_TRY(last, store_->pool.copy(last));
    }
  }
  while (static_cast<int>(pages_.size()) < pages_for(end)) {
    WRIGHT_TRY(PageRef page, store_->pool.page());
    pages_.push_back(std::move(page));
  }
  return {};
}

void Sequence::commit(int end) {
  past_ = end;
  hash_pages(true);
}

void Sequence::hash_pages(bool computed) {
  for (int page = static_cast<int>(page_hashes_.size()); (page + 1) * kPage <= past_; ++page) {
    const auto* bytes = reinterpret_cast<const char*>(tokens.data() + page * kPage);
    page_hashes_.push_back(hash64({bytes, kPage * sizeof(TokenId)}, page ? page_hashes_.back() : 0));
    if (!computed) continue;
    if (store_->seen.size() >= kSeenHashes) store_->seen.clear();
    if (!store_->seen.insert(page_hashes_.back()).second) store_->reread_tokens += kPage;
  }
}

void Sequence::publish(bool whole) {
  const int end = whole ? past_ : past_ / kPage * kPage;
  if (end == 0) return;
  const auto n = static_cast<std::size_t>(end);
  // The state goes along at the very end only, where it is not needed any more.
  store_->tree.insert(std::span(tokens).first(n), std::span(pages_).first(static_cast<std::size_t>(pages_for(end))),
                      whole ? std::move(state_) : nullptr);
  if (whole) drop();
}

void Sequence::snapshot() {
  if (!state_ || past_ == 0) return;
  auto copy = store_->pool.copy(state_);
  if (!copy.ok()) return;
  store_->tree.insert(std::span(tokens).first(static_cast<std::size_t>(past_)),
                      std::span(pages_).first(static_cast<std::size_t>(pages_for(past_))), std::move(*copy));
}

Result<void> Sequence::save_state() {
  if (!state_) return {};
  WRIGHT_TRY(saved_state_, store_->pool.copy(state_));
  return {};
}

void Sequence::restore_state() {
  if (saved_state_) state_ = std::move(saved_state_);
  saved_state_ = nullptr;
}

void Sequence::drop() {
  pages_.clear();
  state_ = saved_state_ = nullptr;
  past_ = 0;
  page_hashes_.clear();
}

void Sequence::pass_lost() {
  if (saved_state_) return restore_state();
  if (store_->pool.recurrent()) drop();
}

Result<Sequence> Sequence::fork() const {
  Sequence out(*store_);
  out.tokens = tokens;
  out.pages_ = pages_;
  out.pages_.resize(static_cast<std::size_t>(pages_for(past_)));
  out.past_ = past_;
  out.page_hashes_ = page_hashes_;
  if (state_) {
    WRIGHT_TRY(out.state_, store_->pool.copy(state_));
  }
  return out;
}

}  // namespace wright::engine
