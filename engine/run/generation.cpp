#include "engine/run/generation.h"

#include <algorithm>

namespace wright::engine {
namespace {

constexpr int kPage = static_cast<int>(limits::kTokensPerPage);

double ms_between(TimePoint a, TimePoint b) { return 1e3 * seconds_between(a, b); }

}  // namespace

Generation::Generation(RequestId id, GenerateRequest request, Parts parts)
    : Job(id, request.priority),
      request_(std::move(request)),
      parts_(std::move(parts)),
      ends_(parts_.tokenizer->end_tokens()),
      prompt_size_(request_.prompt.size()),
      sequence_(parts_.store),
      sampler_(request_.sampling),
      stops_(request_.stops) {
  sequence_.tokens = request_.prompt;
}

bool Generation::is_end(TokenId id) const { return std::find(ends_.begin(), ends_.end(), id) != ends_.end(); }

// Chunks end at page multiples, so that they start there, whatever was cached or ran beside them.
int Generation::chunk_end(const PassRoom& room, bool alone) const {
  const int size = static_cast<int>(sequence_.tokens.size());
  const int past = sequence_.past();
  const int most = decoding() ? room.rows : std::min(room.rows, room.chunk_rows);
  int end = size;
  if (size - past > most) {
    end = (past + most) / kPage * kPage;
    if (end <= past) end = alone ? past + most : past;
  }
  // A model with recurrent layers is continued from snapshots only: one is taken at the prompt's last whole page.
  if (parts_.store.pool.recurrent() && past < snapshot_point() && end > snapshot_point()) end = snapshot_point();
  return end;
}

int Generation::snapshot_point() const { return (static_cast<int>(prompt_size_) - 1) / kPage * kPage; }

Result<void> Generation::plan(PassBuilder& pass, const PassRoom& room) {
  if (!started_) started_ = Clock::system().now();
  if (sequence_.missing() > 1) {
    const int gained = sequence_.reuse(static_cast<int>(sequence_.tokens.size()) - 1);
    if (!first_token_) cached_prompt_ += gained;
  }
  const int past = sequence_.past();
  const int end = chunk_end(room, pass.rows() == 0);
  if (end <= past) return {};
  const bool last = end == static_cast<int>(sequence_.tokens.size()) && request_.max_tokens > 0;
  if (last && pass.outputs_left() < 1) return {};
  drafts_.clear();
  if (last) propose(room, end - past, pass.outputs_left() - 1);
  if (!drafts_.empty() && !sequence_.save_state().ok()) drafts_.clear();
  WRIGHT_CHECK(sequence_.reserve(end + static_cast<int>(drafts_.size())));
  std::vector<TokenId> rows(sequence_.tokens.begin() + past, sequence_.tokens.begin() + end);
  rows.insert(rows.end(), drafts_.begin(), drafts_.end());
  planned_end_ = end;
  first_output_ = pass.add_run(sequence_, rows, last ? 1 + static_cast<int>(drafts_.size()) : 0);
  return {};
}

void Generation::propose(const PassRoom& room, int rows, int outputs) {
  if (!parts_.allow_drafts || !suffixes_ || !room.cost) return;
  const int most = std::min({room.rows - rows, outputs, request_.max_tokens - static_cast<int>(reply_size()) - 1});
  const int wanted = std::min(most, draft_policy_.length(*room.cost));
  if (wanted > 0) drafts_ = suffixes_->draft(wanted);
}

bool Generation::absorb(const PassBuilder& pass) {
  computed_prompt_ += std::max(0, std::min(planned_end_, static_cast<int>(prompt_size_)) - sequence_.past());
  const bool whole = planned_end_ == static_cast<int>(sequence_.tokens.size());
  const bool reading = sequence_.past() < static_cast<int>(prompt_size_);
  if (!whole || request_.max_tokens == 0) {
    sequence_.commit(planned_end_);
    if (request_.keep_cache) {
      sequence_.publish(false);
      if (sequence_.past() == snapshot_point()) sequence_.snapshot();
    }
    event_.prefill_share = static_cast<double>(sequence_.past()) / static_cast<double>(prompt_size_);
    if (whole) return end(Finish::length, {}), false;
    parts_.deliver(event_);
    event_ = {};
    return true;
  }
  const bool over = take_samples(pass);
  if (over) return false;
  if (reading && request_.keep_cache) sequence_.publish(false);
  stops_.release(event_);
  if (!event_.ids.empty() || !event_.bytes.empty()) {
    parts_.deliver(event_);
    event_ = {};
  }
  return true;
}

// Row r's logits choose the token behind r accepted drafts. While what is chosen equals the draft, the next row is valid too;
// the reply is what plain decoding gives, since each choice is made from the same logits, mask and random number.
bool Generation::take_samples(const PassBuilder& pass) {
  if (!first_token_) {
    first_token_ = Clock::system().now();
    suffixes_.emplace(request_.drafts, request_.prompt);
  }
  const int known = planned_end_;
  std::size_t row = 0;
  bool over = false, follows = true;
  Error error;
  while (follows && !over) {
    const TokenMask* mask = parts_.grammar ? parts_.grammar->mask() : nullptr;
    auto choice = sampler_.choose(pass.logits(first_output_ + static_cast<int>(row)), sequence_.tokens, reply_size(), mask);
    std::vector<TokenId> next;
    if (choice.ok()) {
      next = {choice->id};
      if (is_end(choice->id) && (!request_.ignore_end || mask)) {
        over = true;
        break;
      }
      if (parts_.grammar) {
        auto accepted = parts_.grammar->accept(choice->id, static_cast<int>(reply_size()));
        if (accepted.ok()) next = std::move(*accepted);
        else error = accepted.error();
      }
    } else {
      error = choice.error();
    }
    if (!error.message.empty()) break;
    for (std::size_t i = 0; i < next.size() && !over; ++i) {
      over = append(next[i], i == 0 ? choice->logprob : TokenLogprob{-1, 0, {}});
      follows = follows && row < drafts_.size() && drafts_[row] == next[i];
      if (follows) ++row;
    }
    if (!over && parts_.grammar && parts_.grammar->finished()) {
      finish_ = parts_.grammar->closed_early() ? Finish::length : Finish::stop;
      over = true;
    }
  }
  draft_policy_.verified(static_cast<int>(drafts_.size()), static_cast<int>(row));
  // A state has run through all drafts: unless all were right it is taken back, and the accepted tokens join the next pass.
  if (row == drafts_.size() || !parts_.store.pool.recurrent()) {
    sequence_.commit(known + static_cast<int>(row));
    sequence_.forget_saved_state();
  } else {
    sequence_.restore_state();
  }
  if (!error.message.empty()) return end(Finish::error, error), true;
  if (over) end(finish_, {});
  return over;
}

bool Generation::append(TokenId id, const TokenLogprob& logprob) {
  sequence_.tokens.push_back(id);
  suffixes_->append(id);
  ++parts_.totals.completion_tokens;
  parts_.totals.last_token_unix_ms = Clock::system().unix_ms();
  // Control tokens are no text, but may be named as a stop.
  const std::string_view bytes = parts_.tokenizer->bytes(id);
  const bool special = parts_.tokenizer->is_special(id);
  if (special && std::find(request_.stops.begin(), request_.stops.end(), bytes) != request_.stops.end()) return true;
  if (stops_.push(id, special ? std::string_view() : bytes, logprob)) return true;
  if (static_cast<int>(reply_size()) < request_.max_tokens) return false;
  finish_ = Finish::length;
  return true;
}

void Generation::pass_lost() { sequence_.pass_lost(); }

void Generation::release_memory() {
  if (sequence_.past() > 0) sequence_.publish(true);
  sequence_.drop();
}

void Generation::end(Finish finish, Error error) {
  stops_.release_rest(event_);
  event_.done = true;
  event_.finish = finish;
  event_.error = std::move(error);
  event_.usage = usage();
  parts_.totals.prompt_tokens += static_cast<std::int64_t>(prompt_size_);
  if (request_.keep_cache) release_memory();
  sequence_.drop();
  parts_.deliver(event_);
}

Usage Generation::usage() const {
  const TimePoint now = Clock::system().now();
  Usage u;
  u.prompt_tokens = static_cast<std::int64_t>(prompt_size_);
  // A preempted request finds its own tokens in the cache: those were computed nevertheless.
  u.cached_tokens = std::max<std::int64_t>(0, std::min(cached_prompt_, u.prompt_tokens - computed_prompt_));
  u.completion_tokens = static_cast<std::int64_t>(reply_size());
  u.queue_ms = ms_between(arrived, started_.value_or(now));
  if (started_) u.prefill_ms = ms_between(*started_, first_token_.value_or(now));
  if (first_token_) u.decode_ms = ms_between(*first_token_, now);
  return u;
}

}  // namespace wright::engine
