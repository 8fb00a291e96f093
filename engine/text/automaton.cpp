#include "engine/text/automaton.h"

#include <algorithm>

namespace wright::engine {

Automaton::Automaton(Grammar grammar, std::shared_ptr<const VocabularyTrie> trie) : grammar_(std::move(grammar)), trie_(std::move(trie)) {
  stacks_.push_back({-1, -1, 0, 0});
  start_ = intern({{grammar_.start_of(grammar_.root()), 0}});
}

// A return to a state that only ends its rule need not be remembered.
std::int32_t Automaton::push(GrammarState back, std::int32_t below) const {
  const auto& state = grammar_.state(back);
  if (state.end && state.edges.empty()) return below;
  const auto key = std::make_pair(back, below);
  if (const auto found = stack_ids_.find(key); found != stack_ids_.end()) return found->second;
  const Frame& under = stacks_[static_cast<std::size_t>(below)];
  const std::int32_t distance = std::min(Grammar::kInfinite, state.distance + under.distance);
  stacks_.push_back({back, below, under.depth + 1, distance});
  const auto id = static_cast<std::int32_t>(stacks_.size()) - 1;
  stack_ids_.emplace(key, id);
  return id;
}

// Follows silent edges, calls and returns; `out` gets the configurations that read a byte.
void Automaton::close_over(Config config, std::vector<Config>& out, std::vector<Config>& seen, bool& complete) const {
  std::vector<Config> pending{config};
  while (!pending.empty() && seen.size() < kMaxConfigs) {
    const Config at = pending.back();
    pending.pop_back();
    const auto place = std::lower_bound(seen.begin(), seen.end(), at);
    if (place != seen.end() && *place == at) continue;
    seen.insert(place, at);
    const auto& state = grammar_.state(at.state);
    bool reads = false;
    for (const Grammar::Edge& e : state.edges) {
      if (e.kind == Grammar::Edge::Kind::bytes) reads = true;
      if (e.kind == Grammar::Edge::Kind::silent) pending.push_back({e.to, at.stack});
      if (e.kind == Grammar::Edge::Kind::call && stacks_[static_cast<std::size_t>(at.stack)].depth < kMaxDepth)
        pending.push_back({grammar_.start_of(e.rule), push(e.to, at.stack)});
    }
    if (reads) out.push_back(at);
    if (!state.end) continue;
    if (at.stack == 0) {
      complete = true;
    } else {
      const Frame& frame = stacks_[static_cast<std::size_t>(at.stack)];
      pending.push_back({frame.back, frame.below});
    }
  }
}

Automaton::SetId Automaton::intern(std::vector<Config> seeds) const {
  std::vector<Config> configs, seen;
  bool complete = false;
  for (const Config& seed : seeds) close_over(seed, configs, seen, complete);
  // What can never end is no way on (only where nesting is cut).
  std::erase_if(configs, [this](const Config& c) { return distance(c) >= Grammar::kInfinite; });
  if (configs.empty() && !complete) return -1;
  std::sort(configs.begin(), configs.end());
  auto key = std::make_pair(std::move(configs), complete);
  if (const auto found = set_ids_.find(key); found != set_ids_.end()) return found->second;
  if (sets_.size() >= kMaxSets) return -1;
  auto set = std::make_unique<Set>();
  set->configs = key.first;
  set->complete = complete;
  sets_.push_back(std::move(set));
  const auto id = static_cast<SetId>(sets_.size()) - 1;
  set_ids_.emplace(std::move(key), id);
  return id;
}

Automaton::SetId Automaton::step(SetId id, std::uint8_t byte) const {
  if (id < 0) return -1;
  Set* set = sets_[static_cast<std::size_t>(id)].get();
  if (set->next.empty()) set->next.assign(256, kUnknown);
  if (set->next[byte] != kUnknown) return set->next[byte];
  std::vector<Config> seeds;
  for (const Config& c : set->configs)
    for (const Grammar::Edge& e : grammar_.state(c.state).edges)
      if (e.kind == Grammar::Edge::Kind::bytes && e.low <= byte && byte <= e.high) seeds.push_back({e.to, c.stack});
  const SetId result = seeds.empty() ? -1 : intern(std::move(seeds));
  set->next[byte] = result;
  return result;
}

Automaton::SetId Automaton::next(SetId set, std::uint8_t byte) const {
  std::lock_guard lock(mutex_);
  return step(set, byte);
}

Automaton::SetId Automaton::advance(SetId set, std::string_view bytes) const {
  std::lock_guard lock(mutex_);
  for (const char c : bytes) set = step(set, static_cast<std::uint8_t>(c));
  return set;
}

bool Automaton::complete(SetId set) const {
  std::lock_guard lock(mutex_);
  return set >= 0 && sets_[static_cast<std::size_t>(set)]->complete;
}

void Automaton::fill_mask(Set& set, SetId id) const {
  auto mask = std::make_unique<TokenMask>((static_cast<std::size_t>(trie_->vocabulary) + 63) / 64, 0);
  const auto put = [&mask](TokenId token) { (*mask)[static_cast<std::size_t>(token) / 64] |= std::uint64_t{1} << (token % 64); };
  std::vector<SetId> path(static_cast<std::size_t>(trie_->max_depth) + 1, -1);
  path[0] = id;
  for (std::size_t i = 0; i < trie_->nodes.size();) {
    const VocabularyTrie::Node& node = trie_->nodes[i];
    const SetId to = step(path[static_cast<std::size_t>(node.depth) - 1], node.byte);
    if (to < 0) {
      i = static_cast<std::size_t>(node.end);
      continue;
    }
    path[static_cast<std::size_t>(node.depth)] = to;
    if (node.tokens >= 0)
      for (const TokenId token : trie_->lists[static_cast<std::size_t>(node.tokens)]) put(token);
    ++i;
  }
  if (set.complete)
    for (const TokenId token : trie_->ends) put(token);
  set.mask = std::move(mask);
}

void Automaton::mask(SetId id, TokenMask& out) const {
  std::lock_guard lock(mutex_);
  if (id < 0) {
    out.assign((static_cast<std::size_t>(trie_->vocabulary) + 63) / 64, 0);
    return;
  }
  Set& set = *sets_[static_cast<std::size_t>(id)];
  if (!set.mask) fill_mask(set, id);
  out = *set.mask;
}

std::string Automaton::forced(SetId id) const {
  constexpr std::size_t kLongest = 4096;  // bytes
  std::lock_guard lock(mutex_);
  std::string out;
  while (id >= 0 && out.size() < kLongest) {
    const Set& set = *sets_[static_cast<std::size_t>(id)];
    if (set.complete) break;
    int only = -1;
    for (const Config& c : set.configs)
      for (const Grammar::Edge& e : grammar_.state(c.state).edges) {
        if (e.kind != Grammar::Edge::Kind::bytes) continue;
        if (e.low != e.high || (only >= 0 && only != e.low)) return out;
        only = e.low;
      }
    if (only < 0) break;
    out += static_cast<char>(only);
    id = step(id, static_cast<std::uint8_t>(only));
  }
  return out;
}

std::int32_t Automaton::distance(const Config& c) const {
  return std::min(Grammar::kInfinite, grammar_.state(c.state).distance + stacks_[static_cast<std::size_t>(c.stack)].distance);
}

std::string Automaton::shortest_close(SetId id) const {
  std::lock_guard lock(mutex_);
  std::string out;
  while (id >= 0 && !sets_[static_cast<std::size_t>(id)]->complete) {
    // The configuration nearest to the end says the next byte; printable ones first among equals.
    std::int32_t best = Grammar::kInfinite;
    std::uint8_t byte = 0;
    for (const Config& c : sets_[static_cast<std::size_t>(id)]->configs)
      for (const Grammar::Edge& e : grammar_.state(c.state).edges) {
        if (e.kind != Grammar::Edge::Kind::bytes) continue;
        const std::int32_t rest = distance({e.to, c.stack});
        const std::uint8_t b = e.low <= '0' && '0' <= e.high ? '0' : e.low <= 'a' && 'a' <= e.high ? 'a' : e.low;
        if (rest < best) {
          best = rest;
          byte = b;
        }
      }
    if (best >= Grammar::kInfinite) break;
    out += static_cast<char>(byte);
    id = step(id, byte);
  }
  return out;
}

}  // namespace wright::engine
