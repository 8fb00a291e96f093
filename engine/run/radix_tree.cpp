#include "engine/run/radix_tree.h"

#include <algorithm>

namespace wright::engine {
namespace {

constexpr std::size_t kPage = limits::kTokensPerPage;

std::size_t common_prefix(std::span<const TokenId> a, std::span<const TokenId> b) {
  const std::size_t n = std::min(a.size(), b.size());
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(n), b.begin()).first - a.begin());
}

}  // namespace

struct RadixTree::Node {
  Node* parent = nullptr;
  std::vector<TokenId> tokens;
  PageRef page;
  StateRef state;
  std::uint64_t used = 0;
  std::vector<NodePtr> children;  // only below a full page

  // The child whose tokens share the most with `rest`; the shortest of equals.
  std::pair<Node*, std::size_t> best_child(std::span<const TokenId> rest) const {
    std::pair<Node*, std::size_t> best{nullptr, 0};
    for (const NodePtr& child : children)
      if (const std::size_t n = common_prefix(child->tokens, rest);
          n > best.second || (n > 0 && n == best.second && child->tokens.size() < best.first->tokens.size()))
        best = {child.get(), n};
    return best;
  }
  // The child that is wholly a prefix of `rest` and has a snapshot; the longest.
  Node* snapshot_child(std::span<const TokenId> rest) const {
    Node* best = nullptr;
    for (const NodePtr& child : children)
      if (child->state && common_prefix(child->tokens, rest) == child->tokens.size() &&
          (!best || child->tokens.size() > best->tokens.size()))
        best = child.get();
    return best;
  }
};

RadixTree::RadixTree() : root_(std::make_unique<Node>()) {}
RadixTree::~RadixTree() = default;

void RadixTree::touch(Node* node) {
  ++now_;
  for (; node && node != root_.get(); node = node->parent) {
    if (node->children.empty()) {
      leaves_.erase({node->used, node});
      leaves_.insert({now_, node});
    }
    node->used = now_;
  }
}

RadixTree::Match RadixTree::match(std::span<const TokenId> tokens, bool need_state) {
  Match out;
  std::vector<PageRef> walked;
  Node* at = root_.get();
  Node* last = at;
  for (std::size_t done = 0; done < tokens.size();) {
    const auto rest = tokens.subspan(done);
    if (need_state)
      if (Node* snapshot = at->snapshot_child(rest)) {
        out = {static_cast<int>(done + snapshot->tokens.size()), walked, snapshot->state};
        out.pages.push_back(snapshot->page);
        last = snapshot;
      }
    const auto [child, n] = at->best_child(rest);
    if (!child) break;
    walked.push_back(child->page);
    done += n;
    if (!need_state) {
      out.tokens = static_cast<int>(done);
      last = child;
    }
    if (n < kPage) break;
    at = child;
  }
  if (!need_state) out.pages = std::move(walked);
  touch(last);
  return out;
}

RadixTree::Node* RadixTree::add(Node* parent, std::span<const TokenId> tokens, PageRef page) {
  if (parent->children.empty() && parent != root_.get()) leaves_.erase({parent->used, parent});
  parent->children.push_back(std::make_unique<Node>());
  Node* node = parent->children.back().get();
  node->parent = parent;
  node->tokens.assign(tokens.begin(), tokens.end());
  node->page = std::move(page);
  leaves_.insert({node->used, node});
  cached_tokens_ += tokens.size();
  ++nodes_;
  return node;
}

void RadixTree::insert(std::span<const TokenId> tokens, std::span<const PageRef> pages, StateRef state) {
  Node* at = root_.get();
  for (std::size_t done = 0, page = 0; done < tokens.size(); done += kPage, ++page) {
    const auto piece = tokens.subspan(done, std::min(kPage, tokens.size() - done));
    const bool last = done + piece.size() == tokens.size();
    const auto [child, n] = at->best_child(piece);
    // A snapshot belongs to one length, so nodes that have one, or get one, are not stretched.
    const bool exact = last && state;
    if (child && n == piece.size() && (child->tokens.size() == n || !exact)) {
      at = child;  // there already
    } else if (child && n == child->tokens.size() && !child->state && !exact) {
      cached_tokens_ += piece.size() - n;
      child->tokens.assign(piece.begin(), piece.end());  // a longer filling of the same leaf
      child->page = pages[page];
      at = child;
    } else {
      at = add(at, piece, pages[page]);
    }
    if (at->tokens.size() < kPage) break;
  }
  if (state && at != root_.get()) at->state = std::move(state);
  touch(at);
}

void RadixTree::remove(Node* leaf) {
  leaves_.erase({leaf->used, leaf});
  cached_tokens_ -= leaf->tokens.size();
  --nodes_;
  Node* parent = leaf->parent;
  std::erase_if(parent->children, [&](const NodePtr& child) { return child.get() == leaf; });
  if (parent->children.empty() && parent != root_.get()) leaves_.insert({parent->used, parent});
}

bool RadixTree::evict_one() {
  for (const auto& [used, leaf] : leaves_) {
    const bool frees = leaf->page.use_count() == 1 || (leaf->state && leaf->state.use_count() == 1);
    if (!frees) continue;
    remove(leaf);
    return true;
  }
  return false;
}

void RadixTree::clear() {
  leaves_.clear();
  root_ = std::make_unique<Node>();
  cached_tokens_ = nodes_ = 0;
}

}  // namespace wright::engine
