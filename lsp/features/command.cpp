// workspace/executeCommand: wright.fix, wright.run and wright.undo, with progress, questions as message requests, and edits through
// workspace/applyEdit, so that they land in the editor's undo history. Arguments: one object, see each command.
#include <fmt/format.h>

#include <atomic>

#include "base/json.h"
#include "base/limits.h"
#include "lsp/features/features.h"
#include "lsp/server.h"

namespace wright::lsp {
namespace {

std::atomic<int> next_token{1};

// A progress bar in the editor, where it has them; without one the messages go to its log.
class Progress {
 public:
  Progress(Server& server, const Context& request, const std::string& title) : server_(server), token_(fmt::format("wright-{}", next_token++)), context_(server.progress_context(token_, request)) {
    if (server.client().work_done_progress) shown_ = server.peer().request(context_.with_timeout(std::chrono::seconds(5)), "window/workDoneProgress/create", {{"token", token_}}).ok();
    if (shown_) send({{"kind", "begin"}, {"title", title}, {"cancellable", true}});
  }
  ~Progress() {
    if (shown_) send({{"kind", "end"}, {"message", last_}});
    server_.end_progress(token_);
  }
  void report(const std::string& text, int percent) {
    last_ = text;
    if (!shown_) return server_.peer().notify("window/logMessage", {{"type", 4}, {"message", text}});
    Json value = {{"kind", "report"}, {"message", text}};
    if (percent >= 0) value["percentage"] = percent;
    send(value);
  }
  const Context& context() const { return context_; }

 private:
  void send(const Json& value) { server_.peer().notify("$/progress", {{"token", token_}, {"value", value}}); }
  Server& server_;
  const std::string token_;
  const Context context_;
  bool shown_ = false;
  std::string last_;
};

void show(Server& server, int type, const std::string& text) { server.peer().notify("window/showMessage", {{"type", type}, {"message", text}}); }

std::string text_arg(const Json& argument, const char* key) {
  return argument.is_object() && argument.value(key, Json()).is_string() ? argument[key].get<std::string>() : "";
}

// A question of a job, as buttons. What it may be answered with stands in its "choices"; an approval has once, always, deny.
Result<Json> ask_client(Server& server, const Context& context, const Json& question) {
  const Json choices = question.is_object() && question.value("choices", Json()).is_array() ? question["choices"] : Json{"once", "always", "deny"};
  Json actions = Json::array();
  for (const Json& choice : choices) actions.push_back({{"title", choice.is_string() ? choice.get<std::string>() : choice.dump()}});
  std::string text = text_arg(question, "summary");
  for (const char* key : {"text", "detail", "reason"})
    if (const std::string more = text_arg(question, key); !more.empty()) text += (text.empty() ? "" : "\n") + more;
  WRIGHT_TRY(const Json picked, server.peer().request(context, "window/showMessageRequest", {{"type", 3}, {"message", text}, {"actions", actions}}));
  if (!picked.is_object() || !picked.value("title", Json()).is_string()) return Error{ErrorKind::refused, "the question was dismissed", ""};
  return Json(picked["title"]);
}

// The edit that turns `before` into `after`: the lines between their common head and tail.
Json edit_json(const std::string& before, const std::string& after, Encoding encoding) {
  std::size_t head = 0, tail = 0;
  while (head < before.size() && head < after.size() && before[head] == after[head]) ++head;
  while (head > 0 && before[head - 1] != '\n') --head;
  while (tail < before.size() - head && tail < after.size() - head && before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) ++tail;
  while (tail > 0 && before[before.size() - tail - 1] != '\n') --tail;  // whole lines, so that no character is cut
  const LineTable lines(before);
  return {{"range", to_json(Range{lines.position(before, head, encoding), lines.position(before, before.size() - tail, encoding)})},
          {"newText", after.substr(head, after.size() - tail - head)}};
}

// Applies the verified patch to the editor's buffers.
Result<void> apply_in_editor(Server& server, const Context& context, const Json& files) {
  Json changes = Json::object(), document_changes = Json::array();
  for (const auto& [name, after] : files.items()) {
    if (!after.is_string()) return Error{ErrorKind::invalid, "the patch names a file without text", ""};
    const std::string path = server.root() + "/" + name;
    std::string uri = uri_of_path(path);
    Json version;
    for (const DocumentPtr& document : server.documents().all())
      if (document->path == path) {
        uri = document->uri;
        version = document->version;
      }
    WRIGHT_TRY(const std::string before, server.text_of(name));
    const Json edit = edit_json(before, after.get<std::string>(), server.documents().encoding());
    changes[uri] = Json::array({edit});
    document_changes.push_back({{"textDocument", {{"uri", uri}, {"version", version}}}, {"edits", Json::array({edit})}});
  }
  const Json edit = server.client().document_changes ? Json{{"documentChanges", document_changes}} : Json{{"changes", changes}};
  WRIGHT_TRY(const Json done, server.peer().request(context.with_timeout(std::chrono::seconds(60)), "workspace/applyEdit", {{"label", "Fix with Wright"}, {"edit", edit}}));
  if (!done.is_object() || done.value("applied", Json(false)) != Json(true)) return Error{ErrorKind::failed, "the editor did not apply the patch", text_arg(done, "failureReason")};
  return {};
}

std::string event_text(const Json& event) {
  const std::string text = text_arg(event, "text");
  return text.substr(0, text.find('\n'));
}

// {"test": command?, "files": [globs]?}: the test command also comes from initializationOptions.test.
Result<Json> run_fix(Server& server, const Context& request, const Json& argument) {
  std::string test = text_arg(argument, "test");
  if (test.empty()) test = text_arg(server.options(), "test");
  if (test.empty()) return Error{ErrorKind::usage, "wright.fix needs a test command", "pass {\"test\": \"…\"} or set initializationOptions.test"};
  for (const DocumentPtr& document : server.documents().all())
    if (const auto disk = server.relative(document->path).empty() || !server.index() ? Result<std::string>(document->text) : server.index()->root().read(server.relative(document->path), limits::kReadFileBytes);
        disk.ok() && *disk != document->text)
      return Error{ErrorKind::conflict, server.relative(document->path) + " has unsaved changes, which the tests would not see", "save it first"};
  Progress progress(server, request, "Wright: fix");
  Json params = {{"test", test}, {"workspace", server.root()}, {"with_files", true}};
  if (argument.is_object() && argument.value("files", Json()).is_array()) params["files"] = argument["files"];
  WRIGHT_TRY(const Json result, server.host().run_job(progress.context(), "fix", params, server.root(), [&](const Json& event) {
    const int most = event.value("max_runs", 0);
    progress.report(event_text(event), most > 0 ? event.value("runs", 0) * 100 / most : -1);
  }, [&](const Json& question) { return ask_client(server, progress.context(), question); }));
  if (result.value("already_passing", false)) {
    show(server, 3, "The tests already pass.");
  } else if (!result.value("verified", false)) {
    show(server, 2, "No patch was found: " + text_arg(result, "why_none"));
  } else {
    WRIGHT_CHECK(apply_in_editor(server, progress.context(), result.value("files", Json::object())));
    show(server, 3, fmt::format("{} ({})", text_arg(result, "description"), text_arg(result, "tests_after")));
  }
  return result;
}

// {"prompt": text, "mode": mode?}
Result<Json> run_prompt(Server& server, const Context& request, const Json& argument) {
  const std::string prompt = text_arg(argument, "prompt");
  if (prompt.empty()) return Error{ErrorKind::usage, "wright.run needs {\"prompt\": \"…\"}", ""};
  Progress progress(server, request, "Wright: " + prompt.substr(0, 60));
  Json params = {{"prompt", prompt}};
  if (const std::string mode = text_arg(argument, "mode"); !mode.empty()) params["mode"] = mode;
  WRIGHT_TRY(const Json result, server.host().run_job(progress.context(), "run", params, server.root(), [&](const Json& event) {
    if (const std::string text = event_text(event); !text.empty()) progress.report(text, -1);
  }, [&](const Json& question) { return ask_client(server, progress.context(), question); }));
  if (const std::string answer = text_arg(result, "answer"); !answer.empty()) show(server, 3, answer);
  return result;
}

// {"id": checkpoint?}
Result<Json> run_undo(Server& server, const Context& request, const Json& argument) {
  Progress progress(server, request, "Wright: undo");
  Json params = Json::object();
  if (const std::string id = text_arg(argument, "id"); !id.empty()) params["id"] = id;
  return server.host().run_job(progress.context(), "undo", params, server.root(), [](const Json&) {}, [&](const Json& question) { return ask_client(server, progress.context(), question); });
}

struct Command {
  const char* id;
  Result<Json> (*run)(Server&, const Context&, const Json& argument);
};
constexpr Command kCommands[] = {{"wright.fix", run_fix}, {"wright.run", run_prompt}, {"wright.undo", run_undo}};

}  // namespace

std::vector<std::string> command_ids() {
  std::vector<std::string> out;
  for (const Command& command : kCommands) out.emplace_back(command.id);
  return out;
}

Result<Json> execute_command(Server& server, const Json& params, const Context& context) {
  const std::string id = text_arg(params, "command");
  const Json arguments = params.is_object() ? params.value("arguments", Json::array()) : Json::array();
  for (const Command& command : kCommands) {
    if (command.id != id) continue;
    if (server.root().empty()) return Error{ErrorKind::usage, "no folder is open", "open a folder in the editor"};
    if (!server.host().run_job) return Error{ErrorKind::failed, "commands are not available here", ""};
    auto done = command.run(server, context, arguments.is_array() && !arguments.empty() ? arguments[0] : Json::object());
    if (!done.ok() && done.error().kind != ErrorKind::cancelled) show(server, 1, done.error().text());
    return done;
  }
  return Error{ErrorKind::usage, "there is no command '" + id + "'", "see executeCommandProvider.commands"};
}

}  // namespace wright::lsp
