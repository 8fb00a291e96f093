#include "agent/search/propose.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_set>

#include "base/hash.h"

namespace wright::agent::search {

namespace {

constexpr double kPoolWeight = 0.5;  // how much a row's prior is shared out over its candidates
constexpr double kPairCost = 3.0;    // a second edit, in nats

int errors_below(const tools::SyntaxNode& root) {
  if (!root.has_error()) return 0;
  int count = 0;
  tools::SyntaxTree::walk_from(root, [&](const tools::SyntaxNode& node) {
    if (node.is_error() || node.is_missing()) ++count;
    return node.has_error() || node.is_error() || node.is_missing();
  });
  return count;
}

}  // namespace

double suspicion_weight(double suspicion) { return 8 * std::log(std::max(suspicion, 0.01)); }

bool parses(const Source& source, const Candidate& candidate) {
  if (candidate.edits.empty()) return false;
  const Edit &first = candidate.edits.front(), &last = candidate.edits.back();
  std::string text = apply_edits(source.text(), candidate.edits);
  const std::size_t grown = text.size() - source.text().size();
  auto tree = source.tree.reparse(std::move(text), {first.begin, last.end, last.end + grown});
  return tree.ok() && errors_below(tree->root()) <= errors_below(source.tree.root());
}

Result<std::vector<Candidate>> propose(const Context& context, const Located& located) {
  std::vector<Candidate> out;
  std::unordered_set<std::uint64_t> seen;
  for (const Source& source : located.sources) seen.insert(text_key(source.text()) ^ hash64(source.name));
  for (const auto& target : located.targets) {
    const Source& source = located.sources[static_cast<std::size_t>(target.source)];
    const Region& region = source.regions[static_cast<std::size_t>(target.region)];
    for (const OperatorRow& row : operator_rows()) {
      WRIGHT_CHECK(context.check());
      std::vector<Candidate> made;
      Emitter emit(source, region, row, made);
      for (const Site& site : region.sites) row.make(site, emit);
      std::vector<Candidate> fresh;
      for (Candidate& c : made) {
        c.file = target.source;
        c.region = target.region;
        c.key = text_key(apply_edits(source.text(), c.edits)) ^ hash64(source.name);
        if (seen.insert(c.key).second) fresh.push_back(std::move(c));
      }
      const double share = kPoolWeight * std::log(static_cast<double>(std::max<std::size_t>(fresh.size(), 1)));
      for (Candidate& c : fresh) {
        c.prior -= share;
        c.score = c.prior + suspicion_weight(c.suspicion);
        out.push_back(std::move(c));
      }
    }
    if (out.size() > kCandidates) break;  // the most suspicious regions come first
  }
  std::stable_sort(out.begin(), out.end(), [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
  return out;
}

std::vector<Candidate> compose(const Located& located, const std::vector<Candidate>& first, const std::vector<Candidate>& second, std::size_t limit) {
  std::vector<Candidate> out;
  std::unordered_set<std::uint64_t> seen;
  for (const Candidate& a : first)
    for (const Candidate& b : second) {
      if (a.file != b.file || a.key == b.key || !seen.insert(a.key ^ b.key).second) continue;
      Candidate pair = a;
      pair.edits = merge_edits(a.edits, b.edits);
      if (pair.edits.empty()) continue;
      pair.op = "two edits";
      pair.score = a.score + b.score - kPairCost;
      pair.prior = a.prior + b.prior;
      pair.risk = std::max(a.risk, b.risk);
      pair.line = std::min(a.line, b.line);
      out.push_back(std::move(pair));
    }
  std::stable_sort(out.begin(), out.end(), [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
  if (out.size() > limit) out.resize(limit);
  for (Candidate& pair : out) {
    const Source& source = located.sources[static_cast<std::size_t>(pair.file)];
    pair.key = text_key(apply_edits(source.text(), pair.edits)) ^ hash64(source.name);
  }
  return out;
}

}  // namespace wright::agent::search
