// wright map: the repository map of the current folder. Read in this process: it needs no daemon and no git.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "base/utf8.h"
#include "daemon/cli/positive.h"
#include "daemon/cli/verbs.h"
#include "tools/repo/repo_map.h"

namespace wright::cli {

namespace {

constexpr std::size_t kDefaultBudget = 4096;  // tokens of the text

struct MapCall {
  std::string folder = ".";
  std::size_t budget = 0;
  bool json = false, skipped = false;
  tools::MapOptions options;
};

Result<void> print_map(const MapCall& call) {
  const Context& context = interrupt_context();
  WRIGHT_TRY(const auto index, tools::RepoIndex::open(call.folder));
  WRIGHT_TRY(const auto snapshot, index->fresh(context));
  if (call.skipped)
    for (const auto& file : snapshot->files)
      if (!file->skipped.empty()) fprintf(stderr, "skipped %s: %s\n", utf8::escape_for_terminal(file->name, false).c_str(), file->skipped.c_str());
  WRIGHT_TRY(const auto ranked, tools::rank_symbols(*snapshot, call.options, context));
  std::size_t shown = ranked.size();
  std::string text;
  if (!call.json || call.budget > 0) {
    WRIGHT_TRY(auto map, tools::render_map(index->root(), ranked, call.budget > 0 ? call.budget : kDefaultBudget,
                                           tools::estimate_tokens, context));
    shown = map.symbols;
    text = std::move(map.text);
  }
  if (call.json) {
    Json rows = Json::array();
    for (std::size_t i = 0; i < shown; ++i)
      rows.push_back({{"file", utf8::repair(ranked[i].file->name)}, {"symbol", utf8::repair(ranked[i].name)}, {"line", ranked[i].line}, {"score", ranked[i].score}});
    text = dump_json(rows) + "\n";
  } else if (::isatty(STDOUT_FILENO)) {
    text = utf8::escape_for_terminal(text, true);
  }
  if (ranked.empty() && !call.json) {
    if (!text.empty()) fwrite(text.data(), 1, text.size(), stdout);
    return Error{ErrorKind::failed, "map: no definitions found in " + index->root().path(), "is there source code in one of the languages that Wright reads?"};
  }
  fwrite(text.data(), 1, text.size(), stdout);
  return {};
}

}  // namespace

int verb_map(const std::vector<std::string>& args) {
  CLI::App app("The repository map: the definitions that matter most in the current folder, ranked by who uses what.", "wright map");
  MapCall call;
  app.add_option("--budget", call.budget, "tokens of the text, about four bytes each (default 4096)")->check(positive());
  app.add_flag("--json", call.json, "[{\"file\",\"symbol\",\"line\",\"score\"}...], best first, all unless --budget is given");
  app.add_option("--mention", call.options.mentions, "a name, file or folder that matters more; may be repeated");
  app.add_option("--chat", call.options.chat_files, "a file already in the conversation: what it uses ranks higher, it is not listed");
  app.add_flag("--skipped", call.skipped, "name the files that were not parsed, and why, on stderr");
  app.add_option("-C", call.folder, "folder (default: the current one)");
  app.footer("Examples:\n  wright map --budget 1000\n  wright map --mention parse_config --json | head -c 400");
  try {
    app.parse(std::vector<std::string>(args.rbegin(), args.rend()));
  } catch (const CLI::CallForHelp&) {
    fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& e) {
    return fail({ErrorKind::usage, std::string("map: ") + e.what(), "see `wright map --help`"});
  }
  const auto done = print_map(call);
  return done.ok() ? 0 : fail(done.error());
}

}  // namespace wright::cli
