// An edge's weight is a product of a factor of the name, a factor of the user and the square root of how often he uses it; it does not
// depend on the definer. So the graph is kept as users -> name -> definers, and one step of the power iteration costs
// O(uses + definitions) instead of their product, which a popular name in a large tree makes millions.
#include "tools/repo/repo_map.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>

#include "base/trace.h"

namespace wright::tools {

namespace {

constexpr double kDamping = 0.85;
constexpr double kTolerance = 1e-6;  // times the number of files
constexpr int kIterations = 100;

struct NameNode {
  std::vector<std::pair<std::size_t, double>> users;  // file, weight of its edge to each definer
  std::vector<std::size_t> definers;
};

struct Graph {
  std::vector<NameNode> names;             // that somebody defines and somebody uses
  std::vector<std::string_view> texts;     // of names
  std::vector<double> self;                // a file: weight of its edges to itself, for names nobody uses
  std::vector<double> out;                 // a file: sum of its edges' weights
  std::vector<char> node;                  // a file: has an edge
};

// What aider's tags hold: no fields, keys, local names.
bool ranked_kind(SymbolKind kind) {
  return kind != SymbolKind::field && kind != SymbolKind::variable && kind != SymbolKind::key && kind != SymbolKind::enumerator;
}

bool has(std::string_view text, auto&& test) {
  return std::any_of(text.begin(), text.end(), [&](char c) { return test(static_cast<unsigned char>(c)); });
}

double name_factor(std::string_view name, std::size_t definers, const std::set<std::string_view>& mentions) {
  const auto alpha = [](unsigned char c) { return std::isalpha(c) != 0 || c >= 0x80; };
  const bool joined = (name.find('_') != name.npos || name.find('-') != name.npos) && has(name, alpha);
  const bool camel = has(name, [](unsigned char c) { return std::isupper(c); }) && has(name, [](unsigned char c) { return std::islower(c); });
  double out = 1.0;
  if (mentions.count(name)) out *= 10;
  if ((joined || camel) && name.size() >= 8) out *= 10;
  if (name.starts_with("_")) out *= 0.1;
  if (definers > 5) out *= 0.1;
  return out;
}

// The root of a use count. With several definers aider takes the root again for each, in no fixed order; the mean over them is
// what that comes to.
double use_weight(std::uint32_t uses, std::size_t definers) {
  double n = uses, sum = 0;
  for (std::size_t i = 0; i < definers; ++i) {
    n = std::sqrt(n);
    if (n < 1.0001) return (sum + static_cast<double>(definers - i)) / static_cast<double>(definers);
    sum += n;
  }
  return sum / static_cast<double>(definers);
}

Graph build_graph(const RepoSnapshot& snapshot, const std::set<std::string_view>& chat, const std::set<std::string_view>& mentions) {
  const auto& files = snapshot.files;
  std::unordered_map<std::string_view, std::size_t> ids;
  std::vector<std::vector<std::size_t>> definers;
  std::vector<std::string_view> texts;
  for (std::size_t f = 0; f < files.size(); ++f)
    for (const Symbol& s : files[f]->definitions) {
      if (!ranked_kind(s.kind)) continue;
      const auto [it, fresh] = ids.try_emplace(s.name, definers.size());
      if (fresh) definers.emplace_back(), texts.push_back(s.name);
      auto& list = definers[it->second];
      if (list.empty() || list.back() != f) list.push_back(f);
    }
  std::vector<std::vector<std::pair<std::size_t, std::uint32_t>>> users(definers.size());
  bool any = false;
  for (std::size_t f = 0; f < files.size(); ++f)
    for (const auto& [name, count] : files[f]->references) {
      any = true;
      if (const auto it = ids.find(name); it != ids.end()) users[it->second].emplace_back(f, count);
    }
  if (!any)  // nobody refers to anything: then everybody to what he defines
    for (std::size_t n = 0; n < definers.size(); ++n)
      for (const std::size_t f : definers[n]) users[n].emplace_back(f, 1);

  Graph graph;
  graph.self.assign(files.size(), 0);
  graph.out.assign(files.size(), 0);
  graph.node.assign(files.size(), 0);
  for (std::size_t n = 0; n < definers.size(); ++n) {
    for (const std::size_t f : definers[n]) graph.node[f] = 1;
    if (users[n].empty()) {
      for (const std::size_t f : definers[n]) graph.self[f] += 0.1, graph.out[f] += 0.1;
    } else {
      NameNode node;
      node.definers = std::move(definers[n]);
      const double factor = name_factor(texts[n], node.definers.size(), mentions);
      for (const auto& [f, uses] : users[n]) {
        const double weight = factor * use_weight(uses, node.definers.size()) * (chat.count(files[f]->name) ? 50 : 1);
        node.users.emplace_back(f, weight);
        graph.out[f] += weight * static_cast<double>(node.definers.size());
        graph.node[f] = 1;
      }
      graph.names.push_back(std::move(node));
      graph.texts.push_back(texts[n]);
    }
  }
  return graph;
}

// Rank that flows to each definer of a name.
double flow(const NameNode& name, const std::vector<double>& rank, const std::vector<double>& out) {
  double sum = 0;
  for (const auto& [f, weight] : name.users) sum += rank[f] * weight / out[f];
  return sum;
}

Result<std::vector<double>> page_rank(const Graph& graph, std::vector<double> personal, const Context& context) {
  const std::size_t n = graph.node.size();
  double nodes = 0, total = 0;
  for (std::size_t f = 0; f < n; ++f) {
    nodes += graph.node[f];
    if (!graph.node[f]) personal[f] = 0;
    total += personal[f];
  }
  std::vector<double> rank(n, 0);
  if (nodes == 0) return rank;
  for (std::size_t f = 0; f < n; ++f) {
    rank[f] = graph.node[f] / nodes;
    personal[f] = total > 0 ? personal[f] / total : rank[f];
  }
  for (int i = 0; i < kIterations; ++i) {
    WRIGHT_CHECK(context.check());
    double dangling = 0;
    std::vector<double> next(n, 0);
    for (std::size_t f = 0; f < n; ++f) {
      if (graph.node[f] && graph.out[f] == 0) dangling += rank[f];
      else if (graph.out[f] > 0) next[f] = rank[f] * graph.self[f] / graph.out[f];
    }
    for (const NameNode& name : graph.names) {
      const double sum = flow(name, rank, graph.out);
      for (const std::size_t f : name.definers) next[f] += sum;
    }
    double change = 0;
    for (std::size_t f = 0; f < n; ++f) {
      next[f] = kDamping * (next[f] + dangling * personal[f]) + (1 - kDamping) * personal[f];
      change += std::abs(next[f] - rank[f]);
    }
    rank.swap(next);
    if (change < nodes * kTolerance) break;
  }
  return rank;
}

// 100/n for a file in the chat or named, as much again when a part of its path is one of the mentions.
std::vector<double> personalisation(const RepoSnapshot& snapshot, const std::set<std::string_view>& chat, const std::set<std::string_view>& mentions) {
  std::vector<double> out(snapshot.files.size(), 0);
  const double share = 100.0 / static_cast<double>(std::max<std::size_t>(1, snapshot.files.size()));
  for (std::size_t f = 0; f < out.size(); ++f) {
    const std::string_view name = snapshot.files[f]->name;
    if (chat.count(name) || mentions.count(name)) out[f] = share;
    bool part = false;
    for (std::size_t at = 0; at <= name.size() && !part;) {
      const std::size_t end = std::min(name.find('/', at), name.size());
      part = mentions.count(name.substr(at, end - at)) != 0;
      at = end + 1;
    }
    const std::string_view leaf = name.substr(name.rfind('/') == name.npos ? 0 : name.rfind('/') + 1);
    const std::size_t dot = leaf.rfind('.');
    part = part || (dot != leaf.npos && dot > 0 && mentions.count(leaf.substr(0, dot)) != 0);
    if (part) out[f] += share;
  }
  return out;
}

}  // namespace

Result<std::vector<RankedSymbol>> rank_symbols(const RepoSnapshot& snapshot, const MapOptions& options, const Context& context) {
  const trace::Span span("map.rank");
  const std::set<std::string_view> chat(options.chat_files.begin(), options.chat_files.end());
  const std::set<std::string_view> mentions(options.mentions.begin(), options.mentions.end());
  const Graph graph = build_graph(snapshot, chat, mentions);
  WRIGHT_TRY(const std::vector<double> rank, page_rank(graph, personalisation(snapshot, chat, mentions), context));

  std::unordered_map<std::string_view, double> flows;
  for (std::size_t n = 0; n < graph.names.size(); ++n) flows[graph.texts[n]] = flow(graph.names[n], rank, graph.out);
  std::vector<RankedSymbol> out;
  for (std::size_t f = 0; f < snapshot.files.size(); ++f) {
    const IndexedFile& file = *snapshot.files[f];
    if (chat.count(file.name)) continue;
    std::unordered_map<std::string_view, std::size_t> seen;
    for (std::size_t i = 0; i < file.definitions.size(); ++i) {
      const Symbol& s = file.definitions[i];
      if (!ranked_kind(s.kind)) continue;
      const auto [it, fresh] = seen.try_emplace(s.name, out.size());
      if (fresh) {
        const auto used = flows.find(s.name);
        const double score = used != flows.end() ? used->second : graph.out[f] > 0 ? rank[f] * 0.1 / graph.out[f] : 0;
        out.push_back({&file, s.name, {}, s.name_line, score});
      }
      out[it->second].definitions.push_back(static_cast<int>(i));
    }
  }
  std::sort(out.begin(), out.end(), [](const RankedSymbol& a, const RankedSymbol& b) {
    return std::tuple(b.score, std::string_view(b.file->name), std::string_view(b.name)) < std::tuple(a.score, std::string_view(a.file->name), std::string_view(a.name));
  });
  return out;
}

}  // namespace wright::tools
