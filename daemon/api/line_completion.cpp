#include "daemon/api/line_completion.h"

#include <cmath>

#include "base/utf8.h"
#include "engine/run/stream.h"

namespace wright::daemon {
namespace {

constexpr std::size_t kPromptBytes = 8192;  // at most twice as much stands before the cursor
constexpr int kTokens = 24;

// The end of the text, cut at a line whose place moves only every kPromptBytes, so that the cached prefix stays the same.
std::string prompt_of(const std::string& before) {
  if (before.size() <= 2 * kPromptBytes) return before;
  const std::size_t cut = (before.size() / kPromptBytes - 1) * kPromptBytes;
  const auto line = before.find('\n', cut);
  return before.substr(line == std::string::npos ? cut : line + 1);
}

bool blank_or_close(const std::string& rest) { return rest.find_first_not_of(" \t\r)]}\"';,:>") == std::string::npos; }

}  // namespace

Result<LineCompletion> complete_line(engine::Engine& engine, const Context& context, const std::string& before, const std::string& after,
                                     const CompletionThresholds& thresholds) {
  // Inside a line, only in front of closing marks: elsewhere the suggestion would have to fit what follows.
  if (!blank_or_close(after.substr(0, after.find('\n')))) return LineCompletion{};
  const auto tokenizer = engine.tokenizer();
  engine::GenerateRequest request;
  request.prompt = tokenizer->encode(prompt_of(before), {false});
  if (request.prompt.size() < 2) return LineCompletion{};
  // Token healing: the last token may be the beginning of a longer one, so it is written again and must come out as typed.
  const std::string typed(tokenizer->bytes(request.prompt.back()));
  request.prompt.pop_back();
  const int room = engine.info().context_length - kTokens - 1;
  if (static_cast<int>(request.prompt.size()) > room) request.prompt.erase(request.prompt.begin(), request.prompt.end() - room);
  request.max_tokens = kTokens;
  request.sampling.logprobs = 0;
  request.priority = engine::Priority::keystroke;
  std::string text;
  std::vector<std::pair<std::size_t, double>> tokens;  // where each ends, its probability
  bool enough_read = false;
  const auto read = engine::stream(engine, context, std::move(request), [&](const engine::GenerateEvent& event) {
    for (std::size_t i = 0; i < event.ids.size() && i < event.logprobs.size(); ++i) {
      text += tokenizer->bytes(event.ids[i]);
      tokens.emplace_back(text.size(), std::exp(event.logprobs[i].logprob));
    }
    const bool wrong = text.size() >= typed.size() ? !text.starts_with(typed) : !typed.starts_with(text);
    enough_read = wrong || text.find('\n', std::min(text.size(), typed.size())) != std::string::npos;
    return !enough_read;
  });
  if (!read.ok() && !(enough_read && read.error().kind == ErrorKind::cancelled)) return read.error();
  WRIGHT_CHECK(context.check());
  if (!text.starts_with(typed)) return LineCompletion{};
  const std::size_t line_end = std::min(text.size(), text.find('\n', typed.size()));
  std::size_t shown = typed.size();
  double sum = 0;
  int count = 0;
  for (const auto& [end, probability] : tokens) {
    if (end <= typed.size()) continue;
    if (probability < thresholds.token) break;
    sum += probability;
    ++count;
    shown = std::min(end, line_end);
    if (end >= line_end) break;
  }
  LineCompletion out;
  out.text = text.substr(typed.size(), shown - typed.size());
  out.text.resize(utf8::complete_prefix(out.text));
  while (!out.text.empty() && (out.text.back() == ' ' || out.text.back() == '\t')) out.text.pop_back();
  out.confidence = count == 0 ? 0 : sum / count;
  const bool enough = static_cast<int>(out.text.size()) >= thresholds.shortest && out.confidence >= thresholds.mean;
  if (!enough) out.text.clear();
  return out;
}

}  // namespace wright::daemon
