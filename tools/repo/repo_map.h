// The repository map: which definitions matter most, and a text of them within a token budget. Ranking is aider's (Apache-2.0; RepoMap
// .get_ranked_tags of 0.86): a graph of files, an edge from who uses a name to who defines it, weighted by how telling the name is,
// personalised PageRank over it, each file's rank spread over its edges to (file, name). Pure functions over a snapshot, any thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/file.h"
#include "base/result.h"
#include "tools/repo/index.h"

namespace wright::tools {

struct MapOptions {
  std::vector<std::string> chat_files;    // already before the model: they pull rank to what they use and are not listed
  std::vector<std::string> mentions;      // identifiers, file names or parts of paths that the user spoke of
};

struct RankedSymbol {
  const IndexedFile* file;  // of the snapshot
  std::string name;
  std::vector<int> definitions;  // indices in file->definitions
  std::size_t line;              // of the first
  double score;
};

// Best first; every defined name of every file that is not in the chat.
Result<std::vector<RankedSymbol>> rank_symbols(const RepoSnapshot& snapshot, const MapOptions& options, const Context& context = Context());

using TokenCount = std::function<std::size_t(std::string_view)>;
// About four bytes a token: where no tokenizer is at hand.
std::size_t estimate_tokens(std::string_view text);

struct RepoMap {
  std::string text;
  std::size_t symbols = 0;  // of the ranking that are shown: the first so many
  std::size_t tokens = 0;
};
// As many of the first symbols as fit: definition lines under their enclosing scopes, "⋮" for what is left out, files in order of
// rank. Files that say what the project is (README, package.json …) are named first.
Result<RepoMap> render_map(const WorkspaceRoot& root, const std::vector<RankedSymbol>& ranked,
                           std::size_t budget_tokens, const TokenCount& count = estimate_tokens, const Context& context = Context());

}  // namespace wright::tools
