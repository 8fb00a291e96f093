#include "agent/search/frontier.h"

#include <algorithm>

#include "agent/search/rank.h"

namespace wright::agent::search {

namespace {

constexpr std::size_t kGainsToJudge = 40;  // read ones, before anything is expected

}  // namespace

Frontier::Frontier(std::vector<Candidate> candidates, bool to_be_read)
    : by_score_(to_be_read), all_(std::move(candidates)), states_(all_.size(), to_be_read ? State::unread : State::ready), further_(all_.size(), false), unread_(to_be_read ? 0 : all_.size()), closed_(!to_be_read) {
  for (const Candidate& c : all_) priors_.push_back(c.score);
}

std::vector<Candidate*> Frontier::take(std::size_t most) {
  const std::lock_guard lock(mutex_);
  std::vector<Candidate*> out;
  for (; unread_ < all_.size() && out.size() < most; ++unread_) {
    states_[unread_] = State::reading;
    out.push_back(&all_[unread_]);
  }
  return out;
}

void Frontier::drop(Candidate* broken) {
  const std::lock_guard lock(mutex_);
  states_[index(broken)] = State::broken;
}

void Frontier::put(const std::vector<Candidate*>& read) {
  {
    const std::lock_guard lock(mutex_);
    for (Candidate* c : read) {
      const std::size_t i = index(c);
      states_[i] = State::ready;
      if (!further_[i]) gains_.push_back(c->score - priors_[i]);
    }
    std::sort(gains_.begin(), gains_.end());
  }
  changed_.notify_all();
}

std::vector<Candidate*> Frontier::leading(std::size_t most) {
  const std::lock_guard lock(mutex_);
  std::vector<Candidate*> best;
  for (std::size_t i = 0; i < all_.size(); ++i)
    if (states_[i] == State::ready) best.push_back(&all_[i]);
  const std::size_t n = std::min(most, best.size());
  std::partial_sort(best.begin(), best.begin() + static_cast<std::ptrdiff_t>(n), best.end(), [](const Candidate* a, const Candidate* b) { return a->score > b->score; });
  best.resize(n);
  std::erase_if(best, [&](const Candidate* c) { return further_[index(c)]; });
  for (const Candidate* c : best) {
    further_[index(c)] = true;
    states_[index(c)] = State::reading;
  }
  return best;
}

void Frontier::close() {
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (states_[i] != State::unread && states_[i] != State::reading) continue;
      if (!further_[i]) all_[i].score = total_score(all_[i], false);
      states_[i] = State::ready;
    }
    unread_ = all_.size();
    closed_ = true;
  }
  changed_.notify_all();
}

bool Frontier::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

double Frontier::share_taken() const {
  const std::lock_guard lock(mutex_);
  return all_.empty() ? 1 : static_cast<double>(unread_) / static_cast<double>(all_.size());
}

double Frontier::unread_before(double score, double most) const {
  if (gains_.size() < kGainsToJudge) return static_cast<double>(all_.size() - unread_);
  double out = 0;
  const auto size = static_cast<double>(gains_.size());
  for (std::size_t i = unread_; i < all_.size(); ++i) {
    const auto above = gains_.end() - std::upper_bound(gains_.begin(), gains_.end(), score - priors_[i]);
    out += static_cast<double>(above) / size;
    if (out > most) break;
  }
  return out;
}

Frontier::Offer Frontier::next(double early) {
  const std::lock_guard lock(mutex_);
  std::size_t best = all_.size();
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (states_[i] != State::ready) continue;
    if (best == all_.size() || all_[i].score > all_[best].score) best = i;
    if (!by_score_) break;
  }
  if (best == all_.size()) return {nullptr, closed_};
  const double room = early - static_cast<double>(offered_);
  const bool unread = unread_ < all_.size();
  if (!closed_ && unread && (room <= 0 || unread_before(all_[best].score, room) >= room)) return {};
  states_[best] = State::offered;
  ++offered_;
  return {&all_[best], false};
}

void Frontier::wait(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  if (!closed_) changed_.wait_for(lock, most);
}

std::vector<Candidate> Frontier::likely(std::size_t most) const {
  const std::lock_guard lock(mutex_);
  std::vector<const Candidate*> best;
  for (std::size_t i = 0; i < all_.size(); ++i)
    if (states_[i] == State::ready || states_[i] == State::offered) best.push_back(&all_[i]);
  const std::size_t n = std::min(most, best.size());
  std::partial_sort(best.begin(), best.begin() + static_cast<std::ptrdiff_t>(n), best.end(), [](const Candidate* a, const Candidate* b) { return a->score > b->score; });
  std::vector<Candidate> out;
  for (std::size_t i = 0; i < n; ++i) out.push_back(*best[i]);
  return out;
}

}  // namespace wright::agent::search
