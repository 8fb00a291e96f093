// A generation: reads its prompt in chunks, then samples a token (or several, with drafts and forced text) a pass until an
// end. Engine thread only; events leave through `deliver`.
#pragma once

#include <memory>
#include <optional>

#include "engine/run/draft_policy.h"
#include "engine/run/job.h"
#include "engine/run/reply_grammar.h"
#include "engine/run/sampler.h"
#include "engine/run/stop_filter.h"
#include "engine/run/suffix_index.h"
#include "engine/run/totals.h"

namespace wright::engine {

class Generation final : public Job {
 public:
  struct Parts {
    CacheStore& store;
    Totals& totals;
    std::shared_ptr<const Tokenizer> tokenizer;
    GenerateSink deliver;                  // hands the event to the delivery thread
    std::optional<ReplyGrammar> grammar;
    bool allow_drafts = true;
  };
  // The request is valid: a prompt of known ids, shorter than the context.
  Generation(RequestId id, GenerateRequest request, Parts parts);

  Result<void> plan(PassBuilder& pass, const PassRoom& room) override;
  bool absorb(const PassBuilder& pass) override;
  void pass_lost() override;
  void release_memory() override;
  void end(Finish finish, Error error) override;
  bool decoding() const override { return sequence_.missing() <= kDecodeRows; }
  bool holds_memory() const override { return sequence_.past() > 0; }
  std::size_t least_tokens() const override { return prompt_size_ + 1; }

 private:
  static constexpr int kDecodeRows = 16;  // the last sampled token and forced ones behind it
  int chunk_end(const PassRoom& room, bool alone) const;
  int snapshot_point() const;
  void propose(const PassRoom& room, int rows, int outputs);
  bool take_samples(const PassBuilder& pass);
  // Appends a token to the reply; true when that ends it (finish_ says how).
  bool append(TokenId id, const TokenLogprob& logprob);
  std::size_t reply_size() const { return sequence_.tokens.size() - prompt_size_; }
  bool is_end(TokenId id) const;
  Usage usage() const;

  const GenerateRequest request_;
  Parts parts_;
  const std::vector<TokenId> ends_;
  const std::size_t prompt_size_;
  Sequence sequence_;
  Sampler sampler_;
  StopFilter stops_;
  std::optional<SuffixIndex> suffixes_;  // from the first sampled token on
  DraftPolicy draft_policy_;

  // Of the planned pass.
  int planned_end_ = 0, first_output_ = -1;
  std::vector<TokenId> drafts_;

  GenerateEvent event_;
  Finish finish_ = Finish::stop;
  std::int64_t computed_prompt_ = 0, cached_prompt_ = 0;
  std::optional<TimePoint> started_, first_token_;
};

}  // namespace wright::engine
