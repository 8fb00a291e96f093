#include "engine/run/scoring.h"

#include <algorithm>
#include <numeric>

namespace wright::engine {
namespace {

constexpr int kPage = static_cast<int>(limits::kTokensPerPage);
constexpr int kTrieRows = 128;  // least rows of a trie's pass

// Rows of one trie for one pass: nodes whose children are asked for, and the ancestors that they need here.
struct TrieCut {
  TrieCut(const TokenTrie& trie, int first_path) : trie(trie), first_path(first_path), row_of(trie.nodes.size(), -1) {}

  // Adds a node with what is missing above it; false when that makes more than `most` rows.
  bool add(std::int32_t node, int most) {
    std::vector<std::int32_t> path;
    for (std::int32_t n = node; n >= 0 && row_of[static_cast<std::size_t>(n)] < 0; n = at(n).parent) path.push_back(n);
    if (static_cast<int>(tokens.size() + path.size()) > (tokens.empty() ? std::max(most, first_path) : most)) return false;
    for (auto n = path.rbegin(); n != path.rend(); ++n) {
      row_of[static_cast<std::size_t>(*n)] = static_cast<std::int32_t>(tokens.size());
      parents.push_back(at(*n).parent < 0 ? -1 : row_of[static_cast<std::size_t>(at(*n).parent)]);
      tokens.push_back(at(*n).token);
    }
    asked.push_back({row_of[static_cast<std::size_t>(node)], static_cast<std::int32_t>(at(node).children.size())});
    nodes.push_back(node);
    for (const std::int32_t child : at(node).children) ids.push_back(at(child).token);
    return true;
  }
  const TokenTrie::Node& at(std::int32_t node) const { return trie.nodes[static_cast<std::size_t>(node)]; }

  const TokenTrie& trie;
  const int first_path;  // rows that the first node's path may take
  std::vector<std::int32_t> row_of;
  std::vector<TokenId> tokens, ids;
  std::vector<std::int32_t> parents, nodes;
  std::vector<AskedRow> asked;
};

}  // namespace

Scoring::Scoring(RequestId id, ScoreRequest request, Parts parts)
    : Job(id, request.priority), request_(std::move(request)), parts_(std::move(parts)), base_(parts_.store) {
  order_.resize(request_.groups.size());
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::stable_sort(order_.begin(), order_.end(),
                   [&](std::size_t a, std::size_t b) { return request_.groups[a].prefix < request_.groups[b].prefix; });
  std::size_t longest = 0;
  for (const auto& group : request_.groups) {
    auto& scores = reply_.logprobs.emplace_back();
    for (const auto& candidate : group.candidates) {
      scores.emplace_back(candidate.size());
      longest = std::max(longest, candidate.size());
    }
  }
  single_ = parts_.store.pool.recurrent() || static_cast<int>(longest) > parts_.max_rows;
  if (!single_)
    for (const auto& group : request_.groups)
      tries_.emplace_back(request_.text[static_cast<std::size_t>(group.prefix) - 1], group.candidates);
  // Every group's root is computed with its trie, so one token less is read beforehand.
  if (!order_.empty()) base_.tokens.assign(request_.text.begin(), request_.text.begin() + request_.groups[order_.back()].prefix - 1);
}

std::size_t Scoring::least_tokens() const {
  std::size_t extra = 0;
  if (single_)
    for (const auto& group : request_.groups)
      for (const auto& candidate : group.candidates) extra = std::max(extra, candidate.size() + 2 * kPage);
  return base_.tokens.size() + extra;
}

// How far the text must be read for the group that is next: singles start from the sequence as it stands behind their prefix.
int Scoring::base_target() const {
  if (!single_) return static_cast<int>(base_.tokens.size());
  return at_group_ < order_.size() ? request_.groups[order_[at_group_]].prefix - 1 : base_.past();
}

Result<void> Scoring::plan(PassBuilder& pass, const PassRoom& room) {
  if (!started_) started_ = Clock::system().now();
  planned_base_ = 0;
  parts_planned_.clear();
  if (base_.past() < base_target()) gained_ += base_.reuse(base_target());
  if (base_.past() < base_target() && singles_.empty()) return plan_base(pass, room);
  if (!read_) read_ = Clock::system().now();
  return single_ ? plan_singles(pass, room) : plan_tries(pass, room);
}

Result<void> Scoring::plan_base(PassBuilder& pass, const PassRoom& room) {
  const int past = base_.past();
  const int most = std::min(room.rows, room.chunk_rows);
  int end = base_target();
  if (end - past > most) {
    end = (past + most) / kPage * kPage;
    if (end <= past) end = pass.rows() == 0 ? past + most : past;
  }
  const int boundary = base_target() / kPage * kPage;
  if (single_ && past < boundary && end > boundary) end = boundary;  // for a snapshot
  if (end <= past) return {};
  WRIGHT_CHECK(base_.reserve(end));
  pass.add_run(base_, std::span(base_.tokens).subspan(static_cast<std::size_t>(past), static_cast<std::size_t>(end - past)), 0);
  planned_base_ = end;
  return {};
}

Result<void> Scoring::plan_tries(PassBuilder& pass, const PassRoom& room) {
  after_group_ = at_group_;
  after_node_ = next_node_;
  // A cut repeats the ancestors of where it goes on, so passes of a trie are not made too small.
  int rows = std::min(room.rows, std::max(room.chunk_rows, kTrieRows));
  while (after_group_ < order_.size()) {
    const std::size_t group = order_[after_group_];
    const TokenTrie& trie = tries_[group];
    // The first path may take all there is: it is never cut, and the deepest fits a pass of its own.
    TrieCut cut(trie, parts_planned_.empty() ? room.rows : 0);
    for (; after_node_ < trie.nodes.size(); ++after_node_)
      if (!trie.nodes[after_node_].children.empty() && !cut.add(static_cast<std::int32_t>(after_node_), rows)) break;
    if (!cut.tokens.empty()) {
      rows -= static_cast<int>(cut.tokens.size());
      const int first = pass.add_scored_tree(base_, request_.groups[group].prefix - 1, cut.tokens, std::move(cut.parents), cut.asked, cut.ids);
      parts_planned_.push_back({group, std::move(cut.nodes), first});
    }
    if (after_node_ < trie.nodes.size()) break;
    ++after_group_;
    after_node_ = 0;
  }
  return {};
}

// Passes over what needs no row: empty candidates, groups that are through.
void Scoring::skip_finished() {
  for (; at_group_ < order_.size(); ++at_group_, next_node_ = 0) {
    const auto& candidates = request_.groups[order_[at_group_]].candidates;
    while (next_node_ < candidates.size() && candidates[next_node_].empty()) ++next_node_;
    if (next_node_ < candidates.size()) return;
  }
}

// A copy of the sequence for the next candidate, its text = prefix and all but the last token. False: none is left whose
// prefix is the text as far as it is read.
Result<bool> Scoring::start_single() {
  skip_finished();
  if (at_group_ == order_.size() || base_.past() != base_target()) return false;
  const std::size_t group = order_[at_group_];
  const auto& candidate = request_.groups[group].candidates[next_node_];
  WRIGHT_TRY(Sequence sequence, base_.fork());
  sequence.tokens.assign(request_.text.begin(), request_.text.begin() + request_.groups[group].prefix);
  sequence.tokens.insert(sequence.tokens.end(), candidate.begin(), candidate.end() - 1);
  singles_.push_back({group, next_node_, std::move(sequence), 0, 0, 0, 0});
  ++next_node_;
  return true;
}

Result<void> Scoring::plan_singles(PassBuilder& pass, const PassRoom& room) {
  int rows = std::min(room.rows, std::max(room.chunk_rows, kPage));
  for (std::size_t i = 0; rows > 0; ++i) {
    if (i == singles_.size()) {
      auto more = start_single();
      if (!more.ok() && singles_.empty()) return more.error();
      if (!more.ok() || !*more) break;  // no memory for another copy: go on with those that there are
    }
    Single& single = singles_[i];
    const int past = single.sequence.past(), size = static_cast<int>(single.sequence.tokens.size());
    const int end = std::min({size, past + rows, past + kPage});
    if (auto reserved = single.sequence.reserve(end); !reserved.ok()) {
      if (i == 0) return reserved.error();
      break;
    }
    single.end = end;
    single.n_outputs = end - std::max(past, request_.groups[single.group].prefix - 1);
    const auto tokens = std::span(single.sequence.tokens).subspan(static_cast<std::size_t>(past), static_cast<std::size_t>(end - past));
    const auto& candidate = request_.groups[single.group].candidates[single.candidate];
    single.first_logprob = pass.add_scored_run(single.sequence, tokens, std::span(candidate).subspan(single.scored, static_cast<std::size_t>(std::max(0, single.n_outputs))));
    rows -= end - past;
  }
  return {};
}

void Scoring::absorb_part(const PassBuilder& pass, const Part& part) {
  TokenTrie& trie = tries_[part.group];
  int number = part.first_logprob;
  for (const std::int32_t node : part.asked)
    for (const std::int32_t child : trie.nodes[static_cast<std::size_t>(node)].children)
      trie.nodes[static_cast<std::size_t>(child)].logprob = pass.logprob(number++);
  computed_ += static_cast<std::int64_t>(part.asked.size());
}

// True when the candidate is scored to its end.
bool Scoring::absorb_single(const PassBuilder& pass, Single& single) {
  if (single.end == 0) return false;  // took no part
  const auto& candidate = request_.groups[single.group].candidates[single.candidate];
  auto& scores = reply_.logprobs[single.group][single.candidate];
  for (int i = 0; i < single.n_outputs; ++i) scores[single.scored++] = pass.logprob(single.first_logprob + i);
  computed_ += single.n_outputs;
  single.sequence.commit(single.end);
  single.end = 0;
  return single.scored == candidate.size();
}

bool Scoring::absorb(const PassBuilder& pass) {
  parts_.totals.last_token_unix_ms = Clock::system().unix_ms();
  if (planned_base_ > 0) {
    computed_base_ += planned_base_ - base_.past();
    base_.commit(planned_base_);
    base_.publish(false);
    if (single_ && planned_base_ % kPage == 0) base_.snapshot();
    return true;
  }
  for (const Part& part : parts_planned_) absorb_part(pass, part);
  std::erase_if(singles_, [&](Single& single) { return absorb_single(pass, single); });
  if (single_) {
    if (singles_.empty()) skip_finished();
  } else {
    at_group_ = after_group_;
    next_node_ = after_node_;
  }
  if (at_group_ < order_.size() || !singles_.empty()) return true;
  finish();
  return false;
}

void Scoring::pass_lost() {
  // Copies are cheap to begin again, and a state is no good after a pass that stopped half-way.
  if (!singles_.empty()) {
    for (std::size_t i = 0; i < singles_.size(); ++i)
      for (auto& score : reply_.logprobs[singles_[i].group][singles_[i].candidate]) score = 0;
    at_group_ = static_cast<std::size_t>(std::find(order_.begin(), order_.end(), singles_.front().group) - order_.begin());
    next_node_ = singles_.front().candidate;
    singles_.clear();
  }
  if (planned_base_ > 0) base_.pass_lost();
}

void Scoring::release_memory() {
  pass_lost();
  planned_base_ = 0;
  if (base_.past() > 0) base_.publish(true);
  base_.drop();
}

void Scoring::finish() {
  if (!single_)
    for (std::size_t g = 0; g < tries_.size(); ++g)
      for (std::size_t c = 0; c < tries_[g].paths.size(); ++c)
        for (std::size_t t = 0; t < tries_[g].paths[c].size(); ++t)
          reply_.logprobs[g][c][t] = tries_[g].nodes[static_cast<std::size_t>(tries_[g].paths[c][t])].logprob;
  const TimePoint now = Clock::system().now();
  Usage& u = reply_.usage;
  u.prompt_tokens = static_cast<std::int64_t>(base_.tokens.size()) + (order_.empty() ? 0 : 1);
  u.cached_tokens = std::max<std::int64_t>(0, std::min(gained_, static_cast<std::int64_t>(base_.tokens.size()) - computed_base_));
  u.completion_tokens = computed_;
  u.queue_ms = 1e3 * seconds_between(arrived, started_.value_or(now));
  u.prefill_ms = started_ && read_ ? 1e3 * seconds_between(*started_, *read_) : 0;
  u.decode_ms = read_ ? 1e3 * seconds_between(*read_, now) : 0;
  parts_.totals.prompt_tokens += u.prompt_tokens;
  release_memory();
  parts_.deliver(std::move(reply_));
}

void Scoring::end(Finish finish, Error error) {
  singles_.clear();
  planned_base_ = 0;
  release_memory();
  if (finish == Finish::cancelled) error = {ErrorKind::cancelled, "the scoring was cancelled", ""};
  parts_.deliver(std::move(error));
}

}  // namespace wright::engine
