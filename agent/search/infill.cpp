#include "agent/search/infill.h"

#include <algorithm>
#include <future>
#include <unordered_set>

#include "agent/search/propose.h"
#include "base/hash.h"

namespace wright::agent::search {

namespace {

constexpr std::size_t kLines = 10, kSamples = 12;  // lines written anew, times each (at once)
constexpr std::size_t kLinesRead = 60;                           // whose surprise is measured
constexpr std::size_t kWindowBytes = 3000;                       // of the file before the line
constexpr std::size_t kFunctionBytes = 2000;                     // longest function that is shown as it is
constexpr int kTokens = 48;
constexpr double kPrior = -4.8;                                  // log of the share of fixes that are such lines

struct Line {
  Located::Target target;
  std::size_t begin, end;  // without its indentation and its end
  double surprise = 0;     // nats a token
};

std::vector<Line> lines_of(const Located& located) {
  std::vector<Line> out;
  for (const Located::Target& target : located.targets) {
    const Source& source = located.sources[static_cast<std::size_t>(target.source)];
    const std::string& text = source.text();
    const Region& region = source.regions[static_cast<std::size_t>(target.region)];
    if (region.name.empty()) continue;
    std::size_t last = std::string::npos;
    for (const Site& site : region.sites) {
      if (!site.statement || site.role == Role::function || out.size() >= kLinesRead) continue;
      const std::size_t begin = site.node.start(), end = std::min(text.find('\n', begin), text.size());
      const std::size_t line = begin == 0 ? 0 : text.rfind('\n', begin - 1) + 1;
      if (line == last || text.find_first_not_of(" \t", line) != begin) continue;
      last = line;
      out.push_back({target, begin, end});
    }
  }
  return out;
}

std::string commented(std::string_view text, std::string_view mark) {
  std::string out;
  while (!text.empty()) {
    const std::size_t stop = std::min(text.find('\n'), text.size());
    out += std::string(mark) + std::string(text.substr(0, stop)) + "\n";
    text.remove_prefix(std::min(stop + 1, text.size()));
  }
  return out;
}

std::string prompt_before(const Located& located, const Line& line) {
  const Source& source = located.sources[static_cast<std::size_t>(line.target.source)];
  const Region& region = source.regions[static_cast<std::size_t>(line.target.region)];
  const std::string_view text = source.text();
  const std::string_view mark = source.grammar->indented ? "# " : "// ";
  std::size_t from = line.begin > kWindowBytes ? text.find('\n', line.begin - kWindowBytes) + 1 : 0;
  if (from > line.begin) from = line.begin;
  std::string out = commented("This does not work yet:\n" + std::string(text.substr(region.begin, std::min(region.end - region.begin, kFunctionBytes))) + "\nHere it is right:", mark);
  return out + std::string(text.substr(from, line.begin - from));
}

// How surprising each line is behind what precedes it.
Result<void> measure(const Context& context, engine::Engine& engine, const Located& located, std::vector<Line>& lines) {
  const auto tokenizer = engine.tokenizer();
  const engine::EncodeOptions plain{.parse_special = false};
  for (Line& line : lines) {
    const std::string_view text = located.sources[static_cast<std::size_t>(line.target.source)].text();
    const std::size_t from = line.begin > kWindowBytes ? line.begin - kWindowBytes : 0;
    engine::ScoreRequest request;
    request.text = tokenizer->encode("\n" + std::string(text.substr(from, line.begin - from)), plain);
    request.groups.push_back({static_cast<std::int32_t>(request.text.size()), {tokenizer->encode(text.substr(line.begin, line.end - line.begin), plain)}});
    if (request.groups[0].candidates[0].empty()) continue;
    WRIGHT_TRY(const engine::ScoreReply reply, engine::score(engine, context, std::move(request)));
    double total = 0;
    for (const float logprob : reply.logprobs.at(0).at(0)) total -= logprob;
    line.surprise = total / static_cast<double>(reply.logprobs[0][0].size());
  }
  return {};
}

std::string first_line(std::string text) {
  text = text.substr(0, text.find('\n'));
  const std::size_t first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t\r");
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

}  // namespace

Result<std::vector<Candidate>> infill(const Context& parent, engine::Engine& engine, const Located& located, Ranker& ranker, Duration budget) {
  const Context context = parent.with_timeout(budget);
  std::vector<Line> lines = lines_of(located);
  WRIGHT_CHECK(measure(context, engine, located, lines));
  std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.surprise > b.surprise; });
  if (lines.size() > kLines) lines.resize(kLines);
  const auto tokenizer = engine.tokenizer();
  std::vector<Candidate> out;
  std::unordered_set<std::uint64_t> seen;
  for (const Line& line : lines) {
    const Source& source = located.sources[static_cast<std::size_t>(line.target.source)];
    engine::GenerateRequest request;
    request.prompt = tokenizer->encode(prompt_before(located, line), {.parse_special = false});
    request.max_tokens = kTokens;
    request.stops = {"\n"};
    request.priority = engine::Priority::search;
    std::vector<std::future<Result<engine::Generated>>> samples;
    for (std::size_t i = 0; i < kSamples; ++i) {
      request.sampling.temperature = i == 0 ? 0.0f : 0.8f;  // the likeliest, then others
      request.sampling.top_p = 0.95f;
      request.sampling.seed = i;
      samples.push_back(std::async(std::launch::async, [&engine, &context, request] { return engine::generate(engine, context, request); }));
    }
    for (auto& sample : samples) {
      const auto written = sample.get();
      if (!written.ok()) continue;  // the time is over: what there is still counts
      const std::string text = first_line(written->text);
      if (text.empty()) continue;
      Candidate c;
      c.file = line.target.source;
      c.region = line.target.region;
      c.edits = {{line.begin, line.end, text}};
      c.op = "line by the model";
      c.prior = kPrior;
      c.suspicion = source.regions[static_cast<std::size_t>(line.target.region)].suspicion;
      c.line = line_of(source.text(), line.begin);
      c.key = text_key(apply_edits(source.text(), c.edits)) ^ hash64(source.name);
      if (c.key == (text_key(source.text()) ^ hash64(source.name)) || !seen.insert(c.key).second || !parses(source, c)) continue;
      c.checked = true;
      out.push_back(std::move(c));
    }
    if (context.done()) break;
  }
  WRIGHT_CHECK(ranker.sort(parent, out));
  return out;
}

}  // namespace wright::agent::search
