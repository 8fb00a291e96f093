#include "agent/guided/words.h"

#include <iterator>

namespace wright::agent::guided {
namespace {

struct Row { Say id; std::string_view english, korean; };

constexpr Row kRows[] = {
    {Say::understood, "I understood: {}.", "이렇게 이해했습니다: {}."},
    {Say::unknown, "I cannot do this with the model that is here: I found no task that I know in these words.", "여기 있는 모델로는 할 수 없습니다: 아는 작업을 이 말에서 찾지 못했습니다."},
    {Say::larger, "A larger model can read code, plan and write freely: name one with --model (or --base-url for a server). `wright run \"help\"` lists what works without one.",
     "더 큰 모델은 코드를 읽고 계획하고 자유롭게 쓸 수 있습니다: --model(서버는 --base-url)로 지정하세요. `wright run \"도움말\"`은 모델 없이 되는 일을 보여 줍니다."},
    {Say::choices_open, "{} No one could answer, so nothing was done. The choices: {}.", "{} 답할 사람이 없어 아무것도 하지 않았습니다. 선택지: {}."},
    {Say::question_intent, "What do you mean?", "무엇을 원하시나요?"},
    {Say::harmful, "I did nothing: {} is not something that guided work does. Do it yourself if you mean it.", "아무것도 하지 않았습니다: {} — 안내 작업에서는 하지 않는 일입니다. 정말 원하시면 직접 하세요."},
    {Say::plan_only, "Mode plan only reads: {}. Without --mode plan I would do it.", "plan 모드는 읽기만 합니다: {}. --mode plan 없이 실행하면 합니다."},
    {Say::abilities, "What I can do without a larger model, in words like these:", "더 큰 모델 없이 할 수 있는 일입니다. 이렇게 말해 보세요:"},
    {Say::no_tests, "I found no tests here (pytest, unittest, node --test, npm test, make test, ctest, cargo test, go test). Name the command: wright fix --test \"CMD\".",
     "테스트를 찾지 못했습니다(pytest, unittest, node --test, npm test, make test, ctest, cargo test, go test). 명령을 지정하세요: wright fix --test \"CMD\"."},
    {Say::mend, "mend what fails in `{}`", "`{}`에서 실패하는 것을 고치기"},
    {Say::already_passing, "The tests pass already: `{}`, {}. Nothing was changed.", "테스트가 이미 통과합니다: `{}`, {}. 아무것도 바꾸지 않았습니다."},
    {Say::mended, "{}. After it, `{}`: {} ({} test runs).", "{}. 그 뒤 `{}`: {} (테스트 실행 {}번)."},
    {Say::tests_pass_now, "passing the tests does not prove the change right: look at it; `wright undo` takes it back", "테스트 통과가 옳음을 증명하지는 않습니다: 확인해 보세요. `wright undo`로 되돌립니다"},
    {Say::other_patch, "Another change passes too: {}.", "다른 변경도 통과합니다: {}."},
    {Say::none_found, "I found no change that makes `{}` pass: {} ({} test runs).", "`{}`를 통과시키는 변경을 찾지 못했습니다: {} (테스트 실행 {}번)."},
    {Say::run, "run `{}`", "`{}` 실행"},
    {Say::ran, "`{}`:\n{}", "`{}`:\n{}"},
    {Say::run_what, "I did not see a command to run. Put it in backquotes: run `make test`.", "실행할 명령을 찾지 못했습니다. 역따옴표로 감싸 주세요: `make test` 실행해줘."},
    {Say::unsafe_command, "running {}", "{} 실행"},
    {Say::undo, "undo the last change that Wright made", "Wright의 마지막 변경 되돌리기"},
    {Say::undone, "Undone: {}. Restored: {}.", "되돌렸습니다: {}. 복원: {}."},
    {Say::nothing_to_undo, "Nothing was undone: {}.", "되돌리지 않았습니다: {}."},
    {Say::undo_commits, "changing commits (undo restores files that Wright changed)", "커밋 변경(되돌리기는 Wright가 바꾼 파일을 복원합니다)"},
    {Say::find, "find {}", "{} 찾기"},
    {Say::nothing_found, "{} does not occur in this repository's files.", "{}: 이 저장소의 파일에 없습니다."},
    {Say::find_what, "I did not see what to find. Put it in quotes: find 'text'.", "무엇을 찾을지 모르겠습니다. 따옴표로 감싸 주세요: '글' 찾아줘."},
    {Say::explain, "explain {} with facts", "{}을(를) 사실로 설명하기"},
    {Say::explain_what, "I did not see which function, class or file. Name one as it is written in the code.", "어느 함수, 클래스, 파일인지 모르겠습니다. 코드에 쓰인 이름을 말해 주세요."},
    {Say::not_defined, "{} is not defined in this repository{}", "{}: 이 저장소에 정의가 없습니다{}"},
    {Say::repository, "this repository", "이 저장소"},
    {Say::show, "show {}", "{} 보여 주기"},
    {Say::show_what, "I did not see which file.", "어느 파일인지 모르겠습니다."},
    {Say::list, "list the files", "파일 목록 보여 주기"},
    {Say::history, "show the history", "기록 보여 주기"},
    {Say::changes, "show what changed since the last commit", "마지막 커밋 이후의 변경 보여 주기"},
    {Say::no_repository, "This folder is not in a git repository.", "이 폴더는 git 저장소가 아닙니다."},
    {Say::no_changes, "Nothing changed since the last commit.", "마지막 커밋 이후 바뀐 것이 없습니다."},
    {Say::commit_message, "propose a commit message from the changes", "변경에서 커밋 메시지 제안하기"},
    {Say::not_committed, "I commit nothing; take it over with `git commit`.", "커밋은 하지 않습니다. `git commit`으로 사용하세요."},
    {Say::rename, "rename {} to {} in {} files", "{}의 이름을 {}(으)로 바꾸기, 파일 {}개"},
    {Say::rename_what, "I need the old name (defined here) and the new one: rename old_name to new_name.", "여기 정의된 옛 이름과 새 이름이 필요합니다: old_name을 new_name으로 이름 바꿔줘."},
    {Say::rename_same, "The name is {} already.", "이름이 이미 {}입니다."},
    {Say::bad_name, "{} cannot be a name in {}.", "{}은(는) {}에서 이름이 될 수 없습니다."},
    {Say::clash, "I renamed nothing: {} is already used in {}.", "이름을 바꾸지 않았습니다: {}은(는) 이미 {}에서 쓰입니다."},
    {Say::many_definitions, "{} is defined {} times ({}). Rename all of them?", "{}의 정의가 {}개 있습니다({}). 모두 바꿀까요?"},
    {Say::rename_all, "rename all", "모두 바꾸기"},
    {Say::leave, "change nothing", "바꾸지 않기"},
    {Say::renamed, "Renamed {} to {}: {} places in {}.", "{}을(를) {}(으)로 바꿨습니다: {}곳, {}."},
    {Say::would_break, "I changed nothing: {} would no longer parse.", "바꾸지 않았습니다: {}의 문법이 깨집니다."},
    {Say::in_strings, "{} still stands in comments or strings: {}.", "{}이(가) 주석이나 문자열에 남아 있습니다: {}."},
    {Say::docstring, "write a documentation comment for {}", "{}의 문서 주석 쓰기"},
    {Say::docstring_what, "I did not see which function or class. Name one as it is written in the code.", "어느 함수나 클래스인지 모르겠습니다. 코드에 쓰인 이름을 말해 주세요."},
    {Say::has_docstring, "{} at {} has a documentation comment already; nothing was changed.", "{}({})에는 이미 문서 주석이 있습니다. 바꾸지 않았습니다."},
    {Say::wrote_docstring, "Wrote it for {} at {}. It says what the signature says; the meaning is yours to add.", "{}({})에 썼습니다. 시그니처에서 나온 내용입니다. 의미는 직접 더해 주세요."},
    {Say::docstring_language, "I write documentation comments for functions and classes of Python, JavaScript, TypeScript, Java, C, C++, Rust and Go; {} is none.",
     "문서 주석은 Python, JavaScript, TypeScript, Java, C, C++, Rust, Go의 함수와 클래스에만 씁니다: {}은(는) 아닙니다."},
    {Say::change_text, "change the text '{}' to '{}'", "글 '{}'을(를) '{}'(으)로 바꾸기"},
    {Say::change_colour, "make {} {}", "{} 색을 {}(으)로 바꾸기"},
    {Say::change_number, "set {} to {}", "{} 값을 {}(으)로 바꾸기"},
    {Say::change_what, "I did not see what to change into what. Say: change 'old text' to 'new text', make the title blue, set max_retries to 5.",
     "무엇을 무엇으로 바꿀지 모르겠습니다. 이렇게 말해 보세요: '옛 글'을 '새 글'로 바꿔줘, 제목을 파란색으로 바꿔줘, max_retries를 5로 바꿔줘."},
    {Say::which_place, "It stands in {} places. Which one?", "{}곳에 있습니다. 어느 것입니까?"},
    {Say::more_places, "{} more places are not listed; name the file.", "나열하지 않은 곳이 {}곳 더 있습니다. 파일을 지정하세요."},
    {Say::not_seen, "I found no {} to change in this repository's files.", "이 저장소의 파일에서 바꿀 {}을(를) 찾지 못했습니다."},
    {Say::changed, "Changed {}:{}: {}", "바꿨습니다 {}:{}: {}"},
    {Say::no_change, "It is so already at {}:{}: {}", "이미 그렇습니다 {}:{}: {}"},
    {Say::move, "move '{}' {} '{}'", "'{}'을(를) 옮기기: {} '{}'"},
    {Say::move_what, "I need two texts that stand in the same file: move 'Contact' above 'About', swap 'A' and 'B'.", "같은 파일에 있는 글 둘이 필요합니다: '연락처'를 '소개' 위로 옮겨줘."},
    {Say::not_siblings, "I moved nothing: '{}' and '{}' are not each one whole line of the same list, once in one file.", "옮기지 않았습니다: '{}'와(과) '{}'이(가) 한 파일의 같은 목록에서 한 줄씩이 아닙니다."},
    {Say::moved, "Moved in {}: {}", "옮겼습니다 {}: {}"},
    {Say::build, "build {} called '{}' in the new folder {}", "{} '{}'을(를) 새 폴더 {}에 만들기"},
    {Say::build_what, "I can build a web page, a command-line tool, a small game or a REST service. Which one?", "웹 페이지, 명령줄 도구, 작은 게임, REST 서비스를 만들 수 있습니다. 어느 것입니까?"},
    {Say::exists_already, "No free name for the new folder: {} is there already.", "새 폴더의 이름이 이미 쓰이고 있습니다: {}."},
    {Say::built, "Built {} from a template in {}: {}.", "틀에서 {}을(를) {}에 만들었습니다: {}."},
    {Say::open_page, "Open it: {}", "열기: {}"},
    {Say::start_service, "Start it with `{}`, then open {}", "`{}`로 시작하고 여세요: {}"},
    {Say::use_tool, "Use it: {}", "사용: {}"},
    {Say::checked, "Tried here with `{}`:\n{}", "여기서 `{}`로 시험했습니다:\n{}"},
    {Say::check_failed, "It was written, but `{}` was not run: {}", "썼지만 `{}`은(는) 실행하지 않았습니다: {}"},
    {Say::denied, "Not done: {}", "하지 않았습니다: {}"},
    {Say::edit_failed, "Not done: {}", "하지 않았습니다: {}"},
    {Say::rolled_back, "What was already written was taken back.", "이미 쓴 것은 되돌렸습니다."},
};
static_assert(std::size(kRows) == static_cast<std::size_t>(Say::count_));

}  // namespace

std::string_view text_for(Say id, bool korean) {
  for (const Row& row : kRows)
    if (row.id == id) return korean ? row.korean : row.english;
  return "{}";
}

}  // namespace wright::agent::guided
