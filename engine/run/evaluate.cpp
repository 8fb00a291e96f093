#include "engine/run/evaluate.h"

#include <fmt/format.h>

#include <algorithm>

namespace wright::engine {
namespace {

struct Sequence {
  std::vector<TokenId> ids;        // the prompt, then what was chosen
  std::size_t prompt = 0;          // length of the prompt
  std::size_t past = 0;            // tokens cached
  std::vector<PageId> pages;
  std::size_t borrowed = 0;        // pages at the front that belong to an earlier sequence
  StateSlot state = -1;
  std::vector<float> last;         // logits of the newest row
  std::vector<float> kept;         // logits of the prompt's rows
};

// Where prompt `i` takes its beginning from: `length` tokens of prompt `source`.
struct Share { std::size_t source = 0, length = 0; };

class Evaluation {
 public:
  Evaluation(const Context& context, Backend& backend, const OpList& ops, const EvalJob& job)
      : context_(context), backend_(backend), ops_(ops), job_(job), vocab_(static_cast<std::size_t>(ops.n_vocab)) {}

  ~Evaluation() {
    for (auto& s : sequences_) {
      for (std::size_t i = s.borrowed; i < s.pages.size(); ++i) backend_.free_page(s.pages[i]);
      if (s.state >= 0) backend_.free_state(s.state);
    }
    for (const auto& [target, state] : snapshots_) backend_.free_state(state);
  }

  Result<EvalResult> run() {
    WRIGHT_CHECK(open());
    WRIGHT_CHECK(job_.batch && !job_.share_prefix ? prefill_together() : prefill_in_order());
    WRIGHT_CHECK(decode());
    EvalResult result;
    for (auto& s : sequences_) {
      if (job_.keep_logits) result.logits.push_back(std::move(s.kept));
      result.greedy.emplace_back(s.ids.begin() + static_cast<std::ptrdiff_t>(s.prompt), s.ids.end());
    }
    return result;
  }

 private:
  Result<void> open() {
    const auto context_length = static_cast<std::size_t>(ops_.context_length);
    for (std::size_t i = 0; i < job_.prompts.size(); ++i) {
      const auto& ids = job_.prompts[i];
      if (ids.empty()) return Error{ErrorKind::usage, fmt::format("prompts[{}] is empty", i), "give at least one id"};
      for (const TokenId id : ids)
        if (id < 0 || id >= ops_.n_vocab)
          return Error{ErrorKind::usage, fmt::format("prompts[{}]: id {} is outside the vocabulary of {}", i, id, ops_.n_vocab), ""};
      if (ids.size() + static_cast<std::size_t>(job_.greedy) > context_length)
        return Error{ErrorKind::usage, fmt::format("prompts[{}]: {} ids and {} to come, the model's context is {}", i, ids.size(),
                                                   job_.greedy, context_length), "shorten it"};
      Sequence& s = sequences_.emplace_back();
      s.ids = ids;
      s.prompt = ids.size();
      if (backend_.state_bytes() > 0) WRIGHT_CHECK(take_state(s.state));
    }
    return {};
  }

  Result<void> take_state(StateSlot& to) {
    WRIGHT_TRY(to, backend_.alloc_state());
    return {};
  }

  Result<void> reserve(Sequence& s, std::size_t tokens) {
    while (s.pages.size() * limits::kTokensPerPage < tokens) {
      WRIGHT_TRY(const PageId page, backend_.alloc_page());
      s.pages.push_back(page);
    }
    return {};
  }

  struct Part { Sequence* sequence; std::size_t rows; };

  // One pass over the next `rows` tokens of each part.
  Result<void> pass(const std::vector<Part>& parts) {
    std::vector<TokenId> tokens;
    std::vector<PassSequence> sequences;
    std::vector<std::int32_t> outputs;
    for (const Part& part : parts) {
      Sequence& s = *part.sequence;
      WRIGHT_CHECK(reserve(s, s.past + part.rows));
      const auto row = static_cast<std::int32_t>(tokens.size()), n = static_cast<std::int32_t>(part.rows);
      tokens.insert(tokens.end(), s.ids.begin() + static_cast<std::ptrdiff_t>(s.past), s.ids.begin() + static_cast<std::ptrdiff_t>(s.past + part.rows));
      sequences.push_back({s.pages, static_cast<std::int32_t>(s.past), n, s.state, {}});
      for (std::int32_t i = 0; i < n; ++i)
        if (wanted(s, s.past + static_cast<std::size_t>(i))) outputs.push_back(row + i);
    }
    std::vector<float> logits(outputs.size() * vocab_);
    WRIGHT_CHECK(backend_.run(context_, {tokens, sequences, outputs, logits.data()}));
    const float* from = logits.data();
    for (const Part& part : parts) {
      Sequence& s = *part.sequence;
      for (std::size_t i = 0; i < part.rows; ++i, ++s.past) {
        if (!wanted(s, s.past)) continue;
        if (s.past < s.prompt && job_.keep_logits && (job_.all_rows || s.past + 1 == s.prompt)) s.kept.insert(s.kept.end(), from, from + vocab_);
        if (s.past + 1 >= s.prompt) s.last.assign(from, from + vocab_);
        from += vocab_;
      }
    }
    return {};
  }

  bool wanted(const Sequence& s, std::size_t position) const {
    return position + 1 >= s.prompt || (job_.keep_logits && job_.all_rows);
  }
  std::size_t largest_pass() const {
    const auto rows = static_cast<std::size_t>(backend_.max_rows());
    return job_.chunk > 0 ? std::min(rows, static_cast<std::size_t>(job_.chunk)) : rows;
  }

  Result<void> prefill_together() {
    while (true) {
      std::vector<Part> parts;
      std::size_t room = static_cast<std::size_t>(backend_.max_rows());
      for (auto& s : sequences_) {
        const std::size_t rows = std::min({room, largest_pass(), s.prompt - s.past});
        if (rows > 0) parts.push_back({&s, rows});
        room -= rows;
      }
      if (parts.empty()) return {};
      WRIGHT_CHECK(pass(parts));
    }
  }

  Result<void> prefill_in_order() {
    const auto shares = find_shares();
    for (std::size_t i = 0; i < sequences_.size(); ++i) {
      Sequence& s = sequences_[i];
      if (shares[i].length > 0) WRIGHT_CHECK(fork(i, shares[i]));
      std::vector<std::size_t> stops;  // where a later prompt leaves this one: its state is kept there
      for (std::size_t j = i + 1; j < shares.size() && backend_.state_bytes() > 0; ++j)
        if (shares[j].length > 0 && shares[j].source == i) stops.push_back(shares[j].length);
      while (s.past < s.prompt) {
        std::size_t rows = std::min(largest_pass(), s.prompt - s.past);
        for (const std::size_t stop : stops)
          if (stop > s.past) rows = std::min(rows, stop - s.past);
        WRIGHT_CHECK(pass({{&s, rows}}));
        for (std::size_t j = i + 1; j < shares.size(); ++j)
          if (shares[j].source == i && shares[j].length == s.past && backend_.state_bytes() > 0) {
            StateSlot state = -1;
            WRIGHT_CHECK(take_state(state));
            snapshots_.emplace_back(j, state);
            backend_.copy_state(s.state, state);
          }
      }
    }
    return {};
  }

  // The longest common beginning with an earlier prompt; at least one row is left to compute.
  std::vector<Share> find_shares() const {
    std::vector<Share> shares(sequences_.size());
    for (std::size_t i = 0; job_.share_prefix && i < sequences_.size(); ++i)
      for (std::size_t j = 0; j < i; ++j) {
        const auto &a = sequences_[i].ids, &b = sequences_[j].ids;
        const auto [end, other] = std::mismatch(a.begin(), a.end() - 1, b.begin(), b.end());
        const auto length = static_cast<std::size_t>(end - a.begin());
        // A state can only be kept while prompt j is read, which begins after its own shared part.
        const bool reachable = backend_.state_bytes() == 0 || length > shares[j].length;
        if (length > shares[i].length && reachable) shares[i] = {j, length};
      }
    return shares;
  }

  Result<void> fork(std::size_t index, const Share& share) {
    Sequence& s = sequences_[index];
    const Sequence& from = sequences_[share.source];
    const std::size_t whole = share.length / limits::kTokensPerPage;
    s.pages.assign(from.pages.begin(), from.pages.begin() + static_cast<std::ptrdiff_t>(whole));
    s.borrowed = whole;
    WRIGHT_CHECK(reserve(s, share.length));
    if (share.length % limits::kTokensPerPage != 0) backend_.copy_page(from.pages[whole], s.pages[whole]);
    s.past = share.length;
    if (job_.keep_logits && job_.all_rows) s.kept.assign(from.kept.begin(), from.kept.begin() + static_cast<std::ptrdiff_t>(share.length * vocab_));
    for (const auto& [target, state] : snapshots_)
      if (target == index) backend_.copy_state(state, s.state);
    return {};
  }

  Result<void> decode() {
    for (int step = 0; step < job_.greedy; ++step) {
      for (auto& s : sequences_)  // max_element: the first of equals, so ties go to the lowest id
        s.ids.push_back(static_cast<TokenId>(std::max_element(s.last.begin(), s.last.end()) - s.last.begin()));
      if (step + 1 == job_.greedy) break;
      std::vector<Part> parts;
      for (auto& s : sequences_) {
        parts.push_back({&s, 1});
        if (job_.batch && parts.size() < static_cast<std::size_t>(backend_.max_rows())) continue;
        WRIGHT_CHECK(pass(parts));
        parts.clear();
      }
      if (!parts.empty()) WRIGHT_CHECK(pass(parts));
    }
    return {};
  }

  const Context& context_;
  Backend& backend_;
  const OpList& ops_;
  const EvalJob& job_;
  const std::size_t vocab_;
  std::vector<Sequence> sequences_;
  std::vector<std::pair<std::size_t, StateSlot>> snapshots_;  // (prompt that will start from it, state)
};

}  // namespace

Result<EvalResult> evaluate(const Context& context, Backend& backend, const OpList& ops, const EvalJob& job) {
  return Evaluation(context, backend, ops, job).run();
}

}  // namespace wright::engine
