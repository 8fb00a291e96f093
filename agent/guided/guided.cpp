#include "agent/guided/guided.h"

#include <algorithm>
#include <set>

#include "agent/dispatch.h"
#include "agent/evidence.h"
#include "agent/gate.h"
#include "agent/guided/intents.h"
#include "agent/guided/turn.h"
#include "base/json.h"
#include "base/utf8.h"
#include "tools/repo/walk.h"

namespace wright::agent {

namespace guided {
namespace {

constexpr std::size_t kTitleBytes = 80, kWholeFileBytes = 4 * 1024 * 1024;  // larger files are not searched for what to change
constexpr std::size_t kMostChoices = 3;

// The gate's words are for a model that could try something else; a person needs the reason alone.
std::string for_people(std::string told) {
  for (const std::string_view advice : {" Take another way, or end and say what you could not do.", " Do not repeat it; take another way, or end and ask what they want."})
    if (const std::size_t at = told.find(advice); at != std::string::npos) told.erase(at, advice.size());
  return told;
}

}  // namespace

Result<LoopOutcome> Turn::run() {
  WRIGHT_CHECK(open());
  Result<void> end = work();
  recorder_.reset();
  if (end.ok()) end = close();
  if (end.ok()) return std::move(out_);
  WRIGHT_CHECK(request_.loop.session.append(ErrorItem{end.error().kind == ErrorKind::cancelled ? "cancelled" : "failed", end.error().message, end.error().next}));
  return end.error();
}

Result<void> Turn::open() {
  const LoopRequest& loop = request_.loop;
  const std::string title = loop.prompt.substr(0, utf8::complete_prefix(std::string_view(loop.prompt).substr(0, kTitleBytes)));
  if (loop.session.items().empty()) WRIGHT_CHECK(loop.session.store().set_title(loop.session.id(), title));
  WRIGHT_TRY(const Item turn, loop.session.append(TurnItem{loop.prompt, std::string(to_string(loop.policy.mode)), loop.model.info().name}));
  out_.turn = turn.id;
  recorder_ = std::make_unique<ChangeRecorder>(loop.session, loop.workspace, loop.checkpoints, out_.turn);
  WRIGHT_TRY(const tools::Walk walk, tools::walk(root(), {}, context_));
  for (const tools::WalkEntry& entry : walk.entries) files_.push_back(entry.name);
  WRIGHT_TRY(const auto index, tools::RepoIndex::shared(loop.workspace.path()));
  WRIGHT_TRY(snapshot_, index->fresh(context_));
  reading_ = read_request(loop.prompt, *snapshot_, files_);
  return {};
}

Result<void> Turn::work() {
  WRIGHT_TRY(const Intent* const intent, decide_intent(*this));
  return intent ? intent->run(*this) : Result<void>();
}

Result<void> Turn::close() {
  const LoopRequest& loop = request_.loop;
  WRIGHT_CHECK(loop.session.append(MessageItem{"assistant", out_.answer, {}}));
  if (!loop.checkpoints) return {};
  WRIGHT_TRY(Evidence evidence, evidence_of(*loop.checkpoints, out_.turn));
  if (evidence.files.empty()) return {};
  out_.diff = evidence.diff;
  out_.test_files = evidence.test_files;
  std::string apart;
  for (const std::string& name : evidence.test_files) apart += (apart.empty() ? "edits tests, CI or test configuration: " : ", ") + name;
  WRIGHT_CHECK(loop.session.append(PatchItem{std::move(evidence.diff), std::move(evidence.files), std::move(apart)}));
  return {};
}

std::optional<std::string> Turn::text_of(const std::string& file) const {
  auto text = request_.loop.workspace.peek(file);
  if (!text.ok() || text->size() > kWholeFileBytes || text->find('\0') != std::string::npos) return std::nullopt;
  return std::move(*text);
}

Result<void> Turn::notice(const std::string& text) {
  WRIGHT_CHECK(request_.loop.session.append(NoticeItem{text}));
  return {};
}

Result<void> Turn::understood(const std::string& what) { return notice(words(Say::understood, what)); }

Result<void> Turn::done(std::string answer) {
  out_.achieved = true;
  out_.failed_for_denial = false;
  out_.answer = utf8::repair(answer);
  return {};
}

Result<void> Turn::not_done(std::string answer) {
  out_.achieved = false;
  out_.answer = utf8::repair(answer);
  return {};
}

Result<Called> Turn::call(const std::string& tool, Json arguments) {
  WRIGHT_CHECK(context_.check());
  Session& session = request_.loop.session;
  ToolCallItem call{fmt::format("g_{}_{}", out_.turn.substr(std::min<std::size_t>(2, out_.turn.size())), ++calls_), tool, std::move(arguments), {}};
  WRIGHT_CHECK(session.append(call));
  WRIGHT_TRY(const CallsOutcome outcome, run_calls(context_, request_.loop, *recorder_, {call}));
  Called out;
  const std::vector<Item> items = session.items();
  for (auto it = items.rbegin(); it != items.rend() && out.text.empty(); ++it)
    if (const auto* result = std::get_if<ToolResultItem>(&it->body); result && result->call_id == call.call_id) out.text = result->text;
  const auto& done = outcome.done.at(0);
  out.ok = !done.failed;
  out.denied = outcome.denied > 0;
  if (out.denied) out.text = for_people(std::move(out.text));
  if (out.denied && out_.denied == 0) out_.denied_for = outcome.denied_for;
  out_.denied += outcome.denied;
  if (done.unanswered) out_.failed_for_denial = true;
  return out;
}

Result<bool> Turn::may_run(const std::string& command) {
  const ToolCallItem call{fmt::format("g_{}_{}", out_.turn.substr(std::min<std::size_t>(2, out_.turn.size())), ++calls_), "run_command", {{"command", command}}, {}};
  WRIGHT_TRY(const Passage passage, pass_gate(context_, request_.loop, call));
  if (passage.open) return true;
  if (out_.denied++ == 0) out_.denied_for = passage.flag;
  if (passage.unanswered) out_.failed_for_denial = true;
  WRIGHT_CHECK(not_done(words(Say::denied, for_people(passage.told))));
  return false;
}

Result<bool> Turn::replace(const std::string& file, const std::string& after) {
  WRIGHT_TRY(const std::string before, request_.loop.workspace.read(file));
  // The lines that differ, widened until they occur once.
  std::size_t head = 0, tail = 0;
  while (head < before.size() && head < after.size() && before[head] == after[head]) ++head;
  while (tail < before.size() - head && tail < after.size() - head && before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) ++tail;
  const auto line_begin = [&](std::size_t at) { return at == 0 ? 0 : before.rfind('\n', at - 1) + 1; };  // npos + 1 is 0
  const auto line_end = [&](std::size_t at) { return std::min(before.find('\n', at), before.size() - 1) + 1; };
  std::size_t begin = line_begin(head), end = before.size() - tail;
  if (!before.empty() && !(end > begin && before[end - 1] == '\n')) end = line_end(end);
  const auto once = [&] {
    const std::string part = before.substr(begin, end - begin);
    return !part.empty() && before.find(part) == begin && before.find(part, begin + 1) == std::string::npos;
  };
  while (!once() && (begin > 0 || end < before.size())) {
    if (begin > 0) begin = line_begin(begin - 1);
    if (end < before.size()) end = line_end(end);
  }
  const std::size_t shift = after.size() - before.size();  // wraps for a shorter text; only sums of it are used
  const Json arguments = {{"path", file}, {"old_string", before.substr(begin, end - begin)}, {"new_string", after.substr(begin, end + shift - begin)}};
  WRIGHT_TRY(const Called called, call("edit_file", arguments));
  if (!called.ok) WRIGHT_CHECK(not_done(words(called.denied ? Say::denied : Say::edit_failed, called.text)));
  return called.ok;
}

Result<bool> Turn::create(const std::string& file, const std::string& text) {
  WRIGHT_TRY(const Called called, call("write_file", {{"path", file}, {"content", text}}));
  if (!called.ok) WRIGHT_CHECK(not_done(words(called.denied ? Say::denied : Say::edit_failed, called.text)));
  return called.ok;
}

Result<void> Turn::roll_back() {
  if (!request_.loop.checkpoints) return {};
  WRIGHT_TRY(const auto changes, request_.loop.checkpoints->changes(out_.turn));
  if (changes.empty()) return {};
  WRIGHT_CHECK(request_.loop.checkpoints->undo(out_.turn));
  return notice(words(Say::rolled_back));
}

Result<std::optional<std::size_t>> Turn::choose(const std::string& question, const std::vector<std::string>& choices) {
  std::vector<std::string> shown(choices.begin(), choices.begin() + static_cast<std::ptrdiff_t>(std::min(choices.size(), kMostChoices)));
  std::string asked = question;
  if (choices.size() > shown.size()) asked += " " + words(Say::more_places, choices.size() - shown.size());
  const Result<std::size_t> answer = request_.choose ? request_.choose(asked, shown) : Error{ErrorKind::refused, "no one can answer", ""};
  if (answer.ok() && *answer < shown.size()) return std::optional<std::size_t>(*answer);
  if (!answer.ok() && answer.error().kind != ErrorKind::refused) return answer.error();
  std::string list;
  for (std::size_t i = 0; i < shown.size(); ++i) list += fmt::format("{}{}) {}", i ? "; " : "", i + 1, shown[i]);
  WRIGHT_CHECK(not_done(words(Say::choices_open, asked, list)));
  return std::optional<std::size_t>();
}

std::string apply(const std::string& text, std::vector<Splice> splices) {
  std::sort(splices.begin(), splices.end(), [](const Splice& a, const Splice& b) { return a.begin > b.begin; });
  std::string out = text;
  for (const Splice& s : splices) out.replace(s.begin, s.end - s.begin, s.text);
  return out;
}

bool breaks_syntax(const std::string& file, const std::string& before, const std::string& after) {
  const auto language = tools::language_of(file, std::string_view(before).substr(0, 200));
  if (!language) return false;
  const auto old_tree = tools::SyntaxTree::parse(*language, before);
  const auto new_tree = tools::SyntaxTree::parse(*language, after);
  return old_tree.ok() && !old_tree->root().has_error() && (!new_tree.ok() || new_tree->root().has_error());
}

std::size_t line_of(const std::string& text, std::size_t at) {
  return 1 + static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(std::min(at, text.size())), '\n'));
}

std::string line_text(const std::string& text, std::size_t at) {
  std::size_t begin = at == 0 ? std::string::npos : text.rfind('\n', at - 1);
  begin = begin == std::string::npos ? 0 : begin + 1;
  std::size_t end = std::min(text.find('\n', at), text.size());
  while (begin < end && (text[begin] == ' ' || text[begin] == '\t')) ++begin;
  while (end > begin && (text[end - 1] == ' ' || text[end - 1] == '\r')) --end;
  std::string line = text.substr(begin, end - begin);
  constexpr std::size_t kShownBytes = 120;
  return line.size() <= kShownBytes ? line : line.substr(0, utf8::complete_prefix(std::string_view(line).substr(0, kShownBytes))) + "…";
}

}  // namespace guided

Result<LoopOutcome> run_guided(const Context& context, const GuidedRequest& request) {
  if (request.engine && !request.engine->tokenizer()) return Error{ErrorKind::model, "the engine has no tokenizer", "run `wright doctor`"};
  return guided::Turn(context, request).run();
}

}  // namespace wright::agent
