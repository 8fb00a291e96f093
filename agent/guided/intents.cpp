#include "agent/guided/intents.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "agent/test_files.h"

namespace wright::agent::guided {
namespace {

constexpr int kNever = -100;
constexpr double kModelWeight = 0.5, kModelMargin = 1.0, kModelMost = 6;  // nats to points
constexpr std::size_t kChoices = 3;

bool has_place(const Reading& r) { return !r.quoted.empty() || !r.symbols.empty() || !r.paths.empty(); }

// A command in quotes, a file, or more words in Latin letters than the verb.
int names_command(const Reading& r) { return !r.quoted.empty() || !r.paths.empty() ? 2 : says(r, "make/npm/python/python3/node/pytest/cargo/go/cmake/git/ls/echo/bash/sh/script/command/명령") ? 1 : -2; }
int any(const Reading&) { return 0; }
int needs_two_names(const Reading& r) { return r.identifiers.size() < 2 ? kNever : r.symbols.empty() ? 0 : 1; }
int wants_target(const Reading& r) { return r.symbols.empty() && r.quoted.empty() ? -1 : 1; }
int wants_place(const Reading& r) { return has_place(r) ? 1 : 0; }
int wants_path(const Reading& r) { return r.paths.empty() ? kNever : 1; }
int wants_value(const Reading& r) { return r.colours.empty() && r.numbers.empty() && r.quoted.empty() ? -2 : 1; }
int needs_colour(const Reading& r) { return r.colours.empty() || says(r, "test/tests/테스트") ? kNever : 1; }
int wants_quoted(const Reading& r) { return r.quoted.empty() ? 0 : 1; }
int wants_two_quoted(const Reading& r) { return r.quoted.size() >= 2 ? 1 : -1; }
int no_harm_in_quotes(const Reading& r) {
  return std::any_of(r.quoted.begin(), r.quoted.end(), [](const std::string& q) { return !harmful_command(q).empty(); }) ? 4 : 0;
}

// Cues: weight, then words as in says(). Korean beside English.
constexpr Cue kHarm[] = {
    {9, "delete/deleting/deletes/remove/removing/erase/erasing/wipe/wiping/destroy/drop/dropping/clear/trash/nuke … test/everything/all/repository/repo/project/database/disk/folder/directory/files/home/tests/history"},
    {9, "rm -rf/-r/-fr/-f"}, {9, "push"}, {9, "force-push"}, {9, "reset --hard"}, {9, "format … disk/drive"}, {9, "sudo"}, {9, "shut down"}, {9, "chmod"}, {9, "curl/wget … sh/bash"},
    {9, "upload/send/email/post/leak/publish/exfiltrate … secret*/password*/key*/token*/credential*/code/files/everything/.env"}, {9, "deploy"}, {9, "npm publish"}, {9, "disable … test*"},
    {9, "skip … test*"}, {9, "kill … process*"}, {9, "uninstall"}, {9, "merge … master/main"}, {9, "comment … out … test*"}, {9, "hack"}, {9, "steal"}, {9, "malware/virus/ransomware/keylogger"},
    {3, "delete/deleting/remove/removing/erase/wipe/destroy/drop"}, {9, "모두/전부/모든/다/싹/전체 … 지워/삭제/제거/없애"}, {9, "지워/삭제/제거/없애 … 모두/전부/모든/전체"}, {9, "푸시"}, {9, "배포"}, {9, "테스트 … 지워/삭제/꺼/건너/제거/무시"},
    {9, "비밀번호/비밀/키 … 보내/올려/전송"}, {9, "포맷"}, {3, "지워/삭제/제거/없애"}, {9, "해킹"}, {9, "초기화"}, {9, "reset … history/repository/repo/git/everything"}};
constexpr Cue kMend[] = {{5, "fix/mend/repair/solve/debug/correct … test*"}, {5, "fix/mend/repair/solve/debug/correct … bug*/failure*/failing/error*/problem*/broken"}, {7, "make/get … test* … pass/green/succeed/work"}, {7, "test* … fail* … make/get … pass/green/work"},
                         {5, "get … test* … pass*/green"}, {4, "test* … fail* … fix/mend/repair"}, {3, "test*/build/it/code … fail*/broken"}, {3, "fix/mend/repair/debug"},
                         {5, "테스트/시험 … 고쳐/고치/수정/통과"}, {5, "버그/오류/에러/문제 … 고쳐/고치/수정/잡아/해결"}, {3, "실패 … 고쳐/수정"}, {3, "고쳐/고치"}};
constexpr Cue kTests[] = {{4, "run/execute/start/do/check/launch … test*"}, {3, "do/are … test* … pass"}, {4, "test … code/project"}, {3, "run … suite"}, {2, "test/tests"}, {7, "why … test* … fail*"}, {4, "테스트/시험 … 돌려/돌리/실행/해봐/해줘/확인"}};
constexpr Cue kRun[] = {{3, "run/execute/launch/start"}, {3, "python3/python/node/npm/pytest/cargo/ctest/cmake"}, {3, "실행/돌려"}};
constexpr Cue kFind[] = {{5, "which/what function*/class*/method*/module* … call*/use*/contain*/import*"}, {5, "which/what file/files … has/have/contain*/hold*/define*/use*/mention*"}, {4, "where is/are/does/do/s"}, {3, "where"}, {4, "find/locate/search/grep/look … for"}, {4, "find/locate/search/grep"}, {3, "who/what … calls/uses/use/call"}, {4, "usages/references/callers … of"},
                         {4, "어디"}, {4, "찾아/찾기/찾을"}, {4, "검색"}, {3, "쓰이는/사용되는/쓰는"}};
constexpr Cue kExplain[] = {{4, "overview/summary"}, {4, "explain/describe/summarize/summarise"}, {4, "what does … do/mean"}, {3, "what is/are/s"}, {4, "how does … work"}, {4, "tell … about"}, {3, "understand"}, {3, "what … repository/project/code"},
                            {4, "설명"}, {3, "뭐야/뭔가/무엇/뭐지/뭐하는/뭐예요"}, {3, "무슨/어떤/뭐 … 하는/역할/일"}, {3, "알려"}};
constexpr Cue kRename[] = {{6, "rename"}, {5, "change … name … to"}, {4, "called"}, {4, "call it"}, {6, "이름 … 바꿔/바꾸/변경/고쳐/으로"}, {5, "리네임"}};
constexpr Cue kMove[] = {{5, "move … above/before/below/after/under/up/down/first/top"}, {7, "swap/exchange"}, {7, "switch … and"}, {5, "put … above/before/below/after/first"}, {4, "reorder"}, {4, "order … change"},
                         {5, "위/앞/아래/밑/뒤 … 옮겨/이동"}, {7, "순서 … 바꿔/변경"}, {7, "자리 … 바꿔"}};
constexpr Cue kChange[] = {{4, "change/replace/update/modify/switch/turn/edit"}, {3, "set/make/use/put/increase/decrease/raise/lower/adjust/let"}, {3, "should/must be/say/read"}, {2, "want/like … to be/say/in"}, {4, "바꿔/바꾸/변경/교체/수정/설정"},
                           {3, "으로 … 해"}, {3, "만들어/해줘/칠해/올려/내려/늘려/줄여"}};
constexpr Cue kColour[] = {{5, "make/set/paint/color/colour/turn/change/want/give/should/must"}, {5, "색/바꿔/만들어/해줘/칠해/변경"}};
constexpr Cue kBuild[] = {{6, "make/create/build/write/generate/start/develop/scaffold/new/need/want … page/website/site/webpage/homepage/landing/portfolio/blog"},
                          {6, "make/create/build/write/generate/start/develop/scaffold/new/need/want … tool/cli/script/utility/command-line/program"},
                          {6, "make/create/build/write/generate/start/develop/scaffold/new/need/want … game"},
                          {6, "make/create/build/write/generate/start/develop/scaffold/new/need/want … api/service/server/backend/rest/endpoint"},
                          {3, "build/create/generate … app/application/something"},
                          {6, "페이지/사이트/홈페이지/게임/도구/프로그램/스크립트/서비스/서버/명령줄 … 만들/작성/생성/개발"}, {6, "만들 … 페이지/사이트/게임/도구/서비스"},
                          {6, "api/cli/rest … 만들/작성/생성"}};
constexpr Cue kHistory[] = {{5, "show/see/view/list/print/display/what … history/log/commits"}, {4, "git log"}, {4, "history/commits"}, {4, "last/latest/recent/previous commit/commits"}, {4, "who changed/wrote/edited"}, {5, "커밋/기록/히스토리/이력/로그 … 보여/알려/뭐/줘"},
                            {3, "커밋/이력/히스토리"}};
constexpr Cue kChanges[] = {{6, "summar* … changes"}, {5, "show/see/view/list/print/display … changes/diff/difference*/status"}, {4, "git diff/status"}, {6, "what … changed/change"}, {3, "diff/status"}, {5, "변경/바뀐/달라진/수정한 … 보여/알려/뭐"}, {4, "뭐/무엇 … 바뀌/바꿨/변경"}};
constexpr Cue kCommit[] = {{7, "commit message"}, {5, "message … commit"}, {5, "commit … changes/work/this/it"}, {7, "커밋 메시지"}, {7, "커밋메시지"}, {5, "커밋 … 해줘/작성/써"}};
constexpr Cue kUndo[] = {{6, "undo"}, {5, "revert/restore/roll … last/change*/back/edit/that/it/previous"}, {5, "take … back"}, {5, "go back"}, {6, "되돌려/되돌리/원래대로/취소"}, {4, "복원/복구"}};
constexpr Cue kDoc[] = {{6, "write/add/create/generate/make/give/put/insert/missing … docstring*/documentation/doc/docs/jsdoc/javadoc"}, {5, "document"}, {5, "docstring"}, {5, "write/add … comment"},
                        {6, "문서/독스트링/주석/설명 … 써/달아/추가/작성/넣어/만들"}, {5, "독스트링"}, {5, "문서화"}};
constexpr Cue kShow[] = {{4, "show/print/open/display/read/cat/view"}, {3, "what … in"}, {4, "보여/열어/읽어/출력"}};
constexpr Cue kList[] = {{5, "list/show/what/which/see/print … files"}, {3, "ls"}, {5, "파일 … 목록/보여/뭐/나열"}};
constexpr Cue kHelp[] = {{5, "what can you do"}, {4, "help"}, {3, "hello/hi"}, {5, "도움/도와/도움말"}, {5, "뭐/무엇 … 할"}, {3, "안녕"}};

constexpr Intent kIntents[] = {
    {"refuse", "do something harmful", "해로운 일 하기", "", "", false, kHarm, no_harm_in_quotes, refuse_harm},
    {"mend", "fix the failing tests", "실패하는 테스트 고치기", "fix the failing tests", "테스트를 고쳐줘", true, kMend, any, mend_tests},
    {"tests", "run the tests", "테스트 실행하기", "run the tests", "테스트 돌려줘", true, kTests, any, run_tests},
    {"run", "run a command", "명령 실행하기", "run `make`", "`make` 실행해줘", true, kRun, names_command, run_words},
    {"find", "find something in the code", "코드에서 찾기", "where is load_config?", "load_config 어디 있어?", false, kFind, wants_target, find_text},
    {"explain", "explain code", "코드 설명하기", "explain load_config", "load_config 설명해줘", false, kExplain, wants_place, explain},
    {"rename", "rename a symbol", "이름 바꾸기", "rename load_config to read_config", "load_config를 read_config로 이름 바꿔줘", true, kRename, needs_two_names, rename_symbol},
    {"move", "change the order of two elements", "요소의 순서 바꾸기", "move 'Contact' above 'About'", "'연락처'를 '소개' 위로 옮겨줘", true, kMove, wants_two_quoted, move_element},
    {"colour", "change a colour", "색 바꾸기", "make the title blue", "버튼 색을 빨간색으로 바꿔줘", true, kColour, needs_colour, change_seen},
    {"change", "change a text or a number", "글이나 숫자 바꾸기", "change 'Hello' to 'Welcome'", "'안녕'을 '환영합니다'로 바꿔줘", true, kChange, wants_value, change_seen},
    {"build", "build something new", "새로 만들기", "make a web page called 'My Bakery'", "'우리 빵집' 웹페이지 만들어줘", true, kBuild, wants_quoted, build_new},
    {"history", "show the history", "기록 보기", "show the history", "커밋 기록 보여줘", false, kHistory, any, show_history},
    {"changes", "show what changed", "변경 보기", "what changed?", "바뀐 것 보여줘", false, kChanges, any, show_changes},
    {"commit", "propose a commit message", "커밋 메시지 제안", "write a commit message", "커밋 메시지 써줘", false, kCommit, any, propose_commit},
    {"undo", "undo the last change", "마지막 변경 되돌리기", "undo the last change", "방금 바꾼 것 되돌려줘", true, kUndo, any, undo_last},
    {"docstring", "write a documentation comment", "문서 주석 쓰기", "write a docstring for load_config", "load_config에 독스트링 써줘", true, kDoc, wants_place, write_docstring},
    {"show", "show a file", "파일 보기", "show README.md", "README.md 보여줘", false, kShow, wants_path, show_file},
    {"list", "list the files", "파일 목록", "list the files", "파일 목록 보여줘", false, kList, any, list_files},
    {"help", "say what you can do", "할 수 있는 일", "what can you do?", "뭐 할 수 있어?", false, kHelp, any, tell_abilities},
};

Result<const Intent*> unknown(Turn& turn) {
  WRIGHT_CHECK(turn.not_done(turn.words(Say::unknown) + "\n" + turn.words(Say::larger)));
  return static_cast<const Intent*>(nullptr);
}

// Adds what the model says of the tied ones; true when that leaves a clear first.
bool settle_with_model(Turn& turn, std::vector<Ranked>& tied) {
  if (!turn.request().engine) return false;
  std::vector<std::string> labels;
  for (const Ranked& r : tied) labels.emplace_back(r.intent->label);
  const std::vector<double> scores = calibrated_scores(turn.context(), *turn.request().engine, turn.reading().text, labels);
  if (scores.size() != tied.size()) return false;
  for (std::size_t i = 0; i < tied.size(); ++i) tied[i].score += kModelWeight * std::clamp(scores[i], -kModelMost, kModelMost);
  std::stable_sort(tied.begin(), tied.end(), [](const Ranked& a, const Ranked& b) { return a.score > b.score; });
  return tied[0].score - tied[1].score >= kModelMargin;
}

double total(const std::vector<float>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

}  // namespace

std::span<const Intent> intents() { return kIntents; }

std::vector<Ranked> rank(const Reading& reading) {
  std::vector<Ranked> out;
  for (const Intent& intent : kIntents) {
    int best = 0;
    for (const Cue& cue : intent.cues)
      if (cue.weight > best && says(reading, cue.phrase)) best = cue.weight;
    if (intent.needs == no_harm_in_quotes) best = std::max(best, no_harm_in_quotes(reading) * 3);
    else if (best > 0) best += intent.needs(reading);
    if (best > 0) out.push_back({&intent, static_cast<double>(best)});
  }
  std::stable_sort(out.begin(), out.end(), [](const Ranked& a, const Ranked& b) { return a.score > b.score; });
  return out;
}

Result<const Intent*> decide_intent(Turn& turn) {
  std::vector<Ranked> ranked = rank(turn.reading());
  if (ranked.empty() || ranked[0].score < kActScore) return unknown(turn);
  std::vector<Ranked> tied;
  for (const Ranked& r : ranked)
    if (ranked[0].score - r.score < kClearMargin && r.score >= kActScore && (tied.empty() || r.intent->run != ranked[0].intent->run)) tied.push_back(r);
  const bool harmless = std::none_of(tied.begin(), tied.end(), [](const Ranked& r) { return r.intent->writes; });
  // What only reads can be done at once; so can a lead that rests on more than one sign, when what follows asks anyway.
  if (tied.size() == 1 || (harmless && tied[0].score > tied[1].score) || settle_with_model(turn, tied) || harmless) return tied[0].intent;
  if (tied[0].score > tied[1].score && !turn.request().engine && !tied[1].intent->writes) return tied[0].intent;
  tied.resize(std::min(tied.size(), kChoices));
  std::vector<std::string> choices;
  for (const Ranked& r : tied) choices.emplace_back(turn.reading().korean ? r.intent->label_ko : r.intent->label);
  WRIGHT_TRY(const auto chosen, turn.choose(turn.words(Say::question_intent), choices));
  return chosen ? tied[*chosen].intent : nullptr;
}

std::vector<double> calibrated_scores(const Context& context, engine::Engine& engine, const std::string& request, const std::vector<std::string>& labels) {
  const auto tokenizer = engine.tokenizer();
  const engine::EncodeOptions plain{.parse_special = false};
  const auto score_under = [&](const std::string& words) -> Result<engine::ScoreReply> {
    engine::ScoreRequest ask;
    ask.text = tokenizer->encode("A programmer asks an assistant: \"" + words + "\"\nIn short, the assistant should", plain);
    engine::ScoreRequest::Group group;
    group.prefix = static_cast<std::int32_t>(ask.text.size());
    for (const std::string& label : labels) group.candidates.push_back(tokenizer->encode(" " + label, plain));
    ask.groups.push_back(std::move(group));
    ask.priority = engine::Priority::turn;
    return engine::score(engine, context, std::move(ask));
  };
  const auto with = score_under(request), without = score_under("");
  std::vector<double> out;
  if (!with.ok() || !without.ok()) return out;
  for (std::size_t i = 0; i < labels.size(); ++i) out.push_back(total(with->logprobs[0][i]) - total(without->logprobs[0][i]));
  return out;
}

Result<void> refuse_harm(Turn& turn) {
  return turn.not_done(turn.words(Say::harmful, "'" + turn.reading().text + "'"));
}

Result<void> tell_abilities(Turn& turn) {
  std::string out = turn.words(Say::abilities);
  for (const Intent& intent : kIntents)
    if (!intent.example.empty()) out += fmt::format("\n  {}", turn.reading().korean ? intent.example_ko : intent.example);
  return turn.done(out + "\n" + turn.words(Say::larger));
}

}  // namespace wright::agent::guided
