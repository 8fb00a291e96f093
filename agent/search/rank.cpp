#include "agent/search/rank.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "agent/search/propose.h"
#include "base/limits.h"

namespace wright::agent::search {

namespace {

constexpr std::size_t kFirstBatch = 24, kLargestBatch = 512;  // candidates a request; the size follows the model's speed
constexpr double kBatchSeconds = 1.5;
constexpr std::size_t kWindowBytes = 4000;   // of context before a line: one to two of these
constexpr std::size_t kSpanBytes = 1200;     // longest text that is scored
constexpr std::size_t kTailTokens = 3;       // behind the change that the first stage reads
constexpr int kFollowing = 2;                // lines after the change, in the second stage
constexpr std::size_t kFurtherEarly = 4, kFurther = 100;  // candidates that go to the second stage: after a batch, in the end
constexpr std::size_t kFurtherTogether = 24;
// Fitted on the development cases by the mean log rank of the reference (tests/bench/fix.py --dump).
constexpr double kModelWeight = 0.7;
constexpr double kPerToken = 0.5;            // nats that each token more is forgiven: without it a shorter text is always likelier
constexpr double kMostCredit = 6;            // nats that the unlikeliness of what goes can count for
constexpr double kUnscored = -3;             // what an average candidate of good prior loses
constexpr double kDeletionCost = 3;

// Where the text that is compared begins: behind the last character before the touched lines that is no blank, so that the cut
// falls between tokens whatever the tokenizer does with blanks.
std::size_t cut_before(std::string_view text, std::size_t at) {
  while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\n' || text[at - 1] == '\t' || text[at - 1] == '\r')) --at;
  return at;
}

std::size_t lines_after(std::string_view text, std::size_t at, int lines) {
  for (; lines > 0 && at < text.size(); --lines) {
    const std::size_t stop = text.find('\n', at);
    if (stop == std::string_view::npos) return text.size();
    at = stop + 1;
  }
  return at;
}

std::size_t window_start(std::string_view text, std::size_t cut) {
  if (cut <= 2 * kWindowBytes) return 0;
  const std::size_t at = text.find('\n', (cut / kWindowBytes - 1) * kWindowBytes);
  return at == std::string_view::npos || at >= cut ? 0 : at + 1;
}

struct Common {
  std::size_t front = 0, back = 0;
};

double sum(const std::vector<float>& values, std::size_t begin, std::size_t end) {
  return std::accumulate(values.begin() + static_cast<std::ptrdiff_t>(begin), values.begin() + static_cast<std::ptrdiff_t>(end), 0.0);
}

// The log-probabilities of a candidate's tokens against the original's; `left_out`: of the original's end, that the candidate lacks.
Reading compare(const std::vector<float>& fresh, const std::vector<float>& original, const Common& common, std::size_t left_out) {
  const std::size_t read = original.size() - left_out, a = fresh.size() - common.back, b = read - common.back;
  return {.removed = sum(original, common.front, b), .added = sum(fresh, common.front, a), .rest = sum(fresh, a, fresh.size()) - sum(original, b, read),
          .n_removed = static_cast<int>(b - common.front), .n_added = static_cast<int>(a - common.front)};
}

// One edit that puts whole lines between two others.
bool inserts_lines(std::string_view source, const std::vector<Edit>& edits) {
  return edits.size() == 1 && edits[0].begin == edits[0].end && edits[0].text.ends_with('\n') && (edits[0].begin == 0 || source[edits[0].begin - 1] == '\n');
}

// What two texts have in common at both ends, in tokens.
Common common_ends(const std::vector<engine::TokenId>& a, const std::vector<engine::TokenId>& b) {
  const std::size_t most = std::min(a.size(), b.size());
  Common out;
  while (out.front < most && a[out.front] == b[out.front]) ++out.front;
  while (out.back < most - out.front && a[a.size() - 1 - out.back] == b[b.size() - 1 - out.back]) ++out.back;
  return out;
}

}  // namespace

// A long text that goes was unlikely for its length alone: it counts by its mean, over as many tokens as come, and not without bound.
double opinion(const Reading& r) {
  const double share = std::min(1.0, (r.n_added + 1.0) / (r.n_removed + 1.0));
  return r.rest + r.added + std::min(kMostCredit, -r.removed * share) + kPerToken * std::max(0, r.n_added - r.n_removed);
}

double total_score(const Candidate& c, bool scored) {
  const double model = scored ? kModelWeight * opinion(c.model) - (c.risk == Risk::deletion ? kDeletionCost : 0) : kUnscored;
  return model + c.prior + suspicion_weight(c.suspicion);
}

Result<void> Ranker::score(const Context& context, std::vector<Candidate*> batch, int following) {
  struct Item {
    Candidate* candidate;
    std::string text;
    std::size_t cut, end;
    Common common;
    std::size_t left_out = 0;  // tokens at the end that are not read
  };
  const std::shared_ptr<const engine::Tokenizer> tokenizer = engine_.tokenizer();
  const engine::EncodeOptions plain{.parse_special = false};
  // One request a file and window.
  std::map<std::pair<int, std::size_t>, std::vector<Item>> windows;
  for (Candidate* c : batch) {
    const std::string& source = sources_[static_cast<std::size_t>(c->file)].text();
    const Lines touched = following == 0 && inserts_lines(source, c->edits) ? Lines{c->edits[0].begin, c->edits[0].begin} : touched_lines(source, c->edits);
    std::vector<Edit> local = c->edits;
    for (Edit& edit : local) {
      edit.begin -= touched.begin;
      edit.end -= touched.begin;
    }
    const std::size_t cut = cut_before(source, touched.begin);
    const std::string changed = apply_edits(std::string_view(source).substr(touched.begin, touched.end - touched.begin), local);
    const int more = std::max(following, changed.find_first_not_of(" \n\t") == std::string::npos ? 1 : 0);
    const std::size_t end = lines_after(source, touched.end, more);
    std::string text = source.substr(cut, touched.begin - cut) + changed + source.substr(touched.end, end - touched.end);
    if (text.size() > kSpanBytes || end - cut > kSpanBytes) continue;
    windows[{c->file, window_start(source, cut)}].push_back({c, std::move(text), cut, end});
  }
  for (auto& [key, items] : windows) {
    const Source& file = sources_[static_cast<std::size_t>(key.first)];
    const std::string& source = file.text();
    std::map<std::size_t, std::vector<Item*>> by_cut;
    for (Item& item : items) by_cut[item.cut].push_back(&item);
    engine::ScoreRequest request;
    const std::string comment = file.grammar->indented ? "# " : "// ";
    std::string head = comment + file.name + "\n";
    if (!description_.empty()) head += comment + description_.substr(0, description_.find('\n')) + "\n";
    request.text = tokenizer->encode(head, plain);
    std::vector<std::pair<Item*, std::size_t>> places;  // per candidate of the reply: its item (null: an original)
    std::vector<std::map<std::size_t, std::size_t>> originals;
    std::size_t at = key.second;
    for (auto& [cut, group_items] : by_cut) {
      for (const engine::TokenId id : tokenizer->encode(std::string_view(source).substr(at, cut - at), plain)) request.text.push_back(id);
      at = cut;
      engine::ScoreRequest::Group group;
      group.prefix = static_cast<std::int32_t>(request.text.size());
      std::map<std::size_t, std::size_t> ends;
      for (Item* item : group_items)
        if (ends.emplace(item->end, group.candidates.size()).second)
          group.candidates.push_back(tokenizer->encode(std::string_view(source).substr(cut, item->end - cut), plain));
      for (Item* item : group_items) {
        std::vector<engine::TokenId> fresh = tokenizer->encode(item->text, plain);
        item->common = common_ends(fresh, group.candidates[ends.at(item->end)]);
        if (following == 0 && item->common.back > kTailTokens) {  // the first few say most of what the change does to the rest
          item->left_out = item->common.back - kTailTokens;
          item->common.back = kTailTokens;
          fresh.resize(fresh.size() - item->left_out);
        }
        group.candidates.push_back(std::move(fresh));
      }
      originals.push_back(std::move(ends));
      request.groups.push_back(std::move(group));
    }
    WRIGHT_TRY(const engine::ScoreReply reply, engine::score(engine_, context, std::move(request)));
    tokens_ += static_cast<std::size_t>(reply.usage.prompt_tokens - reply.usage.cached_tokens + reply.usage.completion_tokens);
    std::size_t g = 0;
    for (auto& [cut, group_items] : by_cut) {
      const auto& scores = reply.logprobs.at(g);
      for (std::size_t i = 0; i < group_items.size(); ++i) {
        Candidate& c = *group_items[i]->candidate;
        const auto &fresh = scores.at(originals[g].size() + i), &original = scores.at(originals[g].at(group_items[i]->end));
        c.model = compare(fresh, original, group_items[i]->common, group_items[i]->left_out);
      }
      ++g;
    }
  }
  return {};
}

Result<bool> Ranker::score_in_time(const Context& context, const std::vector<Candidate*>& batch, int following) {
  const auto done = score(context, batch, following);
  if (done.ok()) return true;
  if (context.done()) return false;
  return done.error();
}

Result<std::size_t> Ranker::read_all(const Context& context, Frontier& frontier) {
  std::size_t read = 0, size = kFirstBatch;
  const auto read_further = [&](std::size_t most) -> Result<bool> {
    for (std::size_t i = 0; i < most; i += kFurtherTogether) {
      const std::vector<Candidate*> part = frontier.leading(std::min(most, i + kFurtherTogether));
      WRIGHT_TRY(const bool in_time, score_in_time(context, part, kFollowing));
      if (!in_time) return false;
      for (Candidate* c : part) c->score = total_score(*c, true);
      frontier.put(part);
    }
    return true;
  };
  while (!context.done()) {
    std::vector<Candidate*> batch = frontier.take(size);
    if (batch.empty()) break;
    std::erase_if(batch, [&](Candidate* c) {
      c->checked = parses(sources_[static_cast<std::size_t>(c->file)], *c);
      if (!c->checked) frontier.drop(c);
      return !c->checked;
    });
    const TimePoint before = Clock::system().now();
    WRIGHT_TRY(bool in_time, score_in_time(context, batch, 0));
    if (!in_time) return read;
    for (Candidate* c : batch) c->score = total_score(*c, true);
    frontier.put(batch);
    read += batch.size();
    const double took = std::max(1e-3, seconds_between(before, Clock::system().now()));
    size = std::clamp(static_cast<std::size_t>(static_cast<double>(size) * std::clamp(kBatchSeconds / took, 0.25, 4.0)), std::size_t(8), kLargestBatch);
    WRIGHT_TRY(in_time, read_further(kFurtherEarly));
    if (!in_time) return read;
  }
  WRIGHT_CHECK(read_further(kFurther));
  return read;
}

Result<void> Ranker::sort(const Context& context, std::vector<Candidate>& candidates) {
  std::vector<Candidate*> pointers;
  for (Candidate& c : candidates) pointers.push_back(&c);
  WRIGHT_TRY(const bool in_time, score_in_time(context, pointers, kFollowing));
  for (Candidate& c : candidates) c.score = total_score(c, in_time);
  std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
  return {};
}

Result<std::size_t> Ranker::read(const Context& context, Frontier& frontier) {
  const TimePoint start = Clock::system().now();
  auto done = read_all(context, frontier);
  seconds_ = seconds_between(start, Clock::system().now());
  frontier.close();
  return done;
}

}  // namespace wright::agent::search
