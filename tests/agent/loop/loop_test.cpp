#include "agent/loop.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "agent/prompt.h"
#include "agent/prompts.h"
#include "base/json.h"
#include "tests/support/scripted_model.h"
#include "tests/support/temp_folder.h"
#include "tools/tool.h"

namespace wright::agent {
namespace {

using test::call;
using test::say;
using test::ScriptedModel;
using test::TempFolder;

std::atomic<int> reading{0}, most_reading{0};

tools::ToolResult run_read(tools::ToolCall& c) {
  auto text = c.workspace.read(c.args["path"].get<std::string>());
  return text.ok() ? tools::ToolResult{*text} : tools::tool_error(text.error().text());
}
// Two of these return only when both run at once.
tools::ToolResult run_meet(tools::ToolCall&) {
  most_reading = std::max<int>(most_reading, ++reading);
  for (int i = 0; i < 2000 && most_reading < 2; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  --reading;
  return {most_reading >= 2 ? "met" : "alone", most_reading < 2};
}
tools::ToolResult run_write(tools::ToolCall& c) {
  const auto done = c.workspace.write(c.args["path"].get<std::string>(), c.args["content"].get<std::string>(), false);
  return done.ok() ? tools::ToolResult{"written"} : tools::tool_error(done.error().text());
}
tools::ToolResult run_command(tools::ToolCall& c) {
  const std::string command = c.args["command"];
  if (auto told = c.workspace.listener()->before_command(command); !told.ok()) return tools::tool_error(told.error().text());
  if (command == "wait") {
    while (!c.context.done()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return tools::tool_error("cancelled");
  }
  const int status = std::system(("cd " + c.workspace.path() + " && " + command + " > /dev/null 2>&1").c_str());
  return {"exit " + std::to_string(status), status != 0};
}

constexpr std::string_view kPath = R"({"type":"object","properties":{"path":{"type":"string"}},"required":["path"],"additionalProperties":false})";
constexpr tools::Tool kTools[] = {
    {{"grep", tools::Effect::read, R"({"type":"object"})", "meets"}, run_meet},
    {{"read_file", tools::Effect::read, kPath, "reads"}, run_read},
    {{"run_command", tools::Effect::execute, R"({"type":"object","properties":{"command":{"type":"string"}},"required":["command"]})", "runs"}, run_command},
    {{"write_file", tools::Effect::write,
      R"({"type":"object","properties":{"path":{"type":"string"},"content":{"type":"string"}},"required":["path","content"]})", "writes"}, run_write},
};

// A workspace, a store and a session; `request()` ties them together.
struct Bench {
  explicit Bench(std::vector<test::ScriptedReply> replies) : model(std::move(replies)) {
    store = std::move(*Store::open(state.path() + "/sessions.db"));
    session = std::move(*Session::create(*store, {"", "", "", "", work.path(), "scripted", "auto"}));
    workspace = std::move(*tools::Workspace::open(work.path()));
    checkpoints = std::move(*Checkpoints::open(state.path(), work.path()));
  }
  LoopRequest request(const std::string& prompt, Mode mode = Mode::automatic) {
    LoopRequest r{*session, model, *workspace, checkpoints.get(), {}, {}, prompt};
    r.policy.mode = mode;
    r.policy.workspace = r.policy.cwd = work.path();
    r.tools = kTools;
    return r;
  }
  template <class T>
  std::vector<T> of() const {
    std::vector<T> out;
    for (const Item& item : session->items())
      if (const auto* body = std::get_if<T>(&item.body)) out.push_back(*body);
    return out;
  }
  // Store and replay give the same list.
  void check_replay() const {
    const auto again = store->items(session->id());
    REQUIRE(again.ok());
    const auto items = session->items();
    REQUIRE(again->size() == items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      Json a = to_json(items[i]), b = to_json((*again)[i]);
      CHECK(a == b);
    }
  }
  TempFolder state, work;
  ScriptedModel model;
  std::unique_ptr<Store> store;
  std::unique_ptr<Session> session;
  std::unique_ptr<tools::Workspace> workspace;
  std::unique_ptr<Checkpoints> checkpoints;
};

}  // namespace

TEST_CASE("loop: a ten-step task with edits and commands, its diff, and undo", "[loop]") {
  Bench b({call("read_file", {{"path", "a.py"}}, "Let me look."), call("write_file", {{"path", "a.py"}, {"content", "x = 2\n"}}),
           call("run_command", {{"command", "cp a.py b.py"}}), call("read_file", {{"path", "missing.py"}}), call("no_such_tool", {{"a", 1}}),
           call("write_file", {{"path", 7}}), call("write_file", {{"path", "tests/test_a.py"}, {"content", "assert True\n"}}),
           call("run_command", {{"command", "false"}}), call("run_command", {{"command", "rm a.py"}}), say("Done: moved a.py to b.py.")});
  b.work.write("a.py", "x = 1\n");
  b.work.write("AGENTS.md", "Use tabs.\n");
  const auto before = b.work.tree();
  const auto outcome = run_loop(Context(), b.request("change the tests and a.py"));
  REQUIRE(outcome.ok());
  CHECK(outcome->achieved);
  CHECK(outcome->answer == "Done: moved a.py to b.py.");
  CHECK(outcome->steps == 10);
  CHECK(outcome->usage.input == 900);
  CHECK(outcome->denied == 0);
  CHECK(outcome->test_files == std::vector<std::string>{"tests/test_a.py"});
  CHECK(outcome->diff.find("+++ b/b.py") != std::string::npos);
  const auto results = b.of<ToolResultItem>();
  REQUIRE(results.size() == 9);
  const bool errors[] = {false, false, false, true, true, true, false, true, false};
  for (std::size_t i = 0; i < 9; ++i) CHECK(results[i].is_error == errors[i]);
  CHECK(results[4].text.find("read_file, run_command, write_file") != std::string::npos);
  CHECK(results[5].text.find("content") != std::string::npos);
  CHECK(results[2].changed_files == std::vector<std::string>{"b.py"});
  CHECK(b.of<NoticeItem>()[0].text.find("AGENTS.md") != std::string::npos);
  CHECK(b.of<CheckpointItem>().size() == 4);
  b.check_replay();
  // The prefix of each call is the one before it.
  const auto asked = b.model.requests();
  for (std::size_t i = 1; i < asked.size(); ++i) {
    CHECK(asked[i].system == asked[0].system);
    REQUIRE(asked[i].items.size() > asked[i - 1].items.size());
    for (std::size_t k = 0; k < asked[i - 1].items.size(); ++k) CHECK(asked[i].items[k].id == asked[i - 1].items[k].id);
  }
  REQUIRE(b.checkpoints->undo("").ok());
  CHECK(b.work.tree() == before);
}

TEST_CASE("loop: independent reads of one reply run at once", "[loop]") {
  test::ScriptedReply both = call("grep", Json::object());
  both.calls.push_back(both.calls[0]);
  Bench b({both, say("ok")});
  most_reading = reading = 0;
  REQUIRE(run_loop(Context(), b.request("look")).ok());
  for (const auto& result : b.of<ToolResultItem>()) CHECK(result.text == "met");
}

TEST_CASE("loop: without anyone to ask, ask means deny; the model and the user learn why", "[loop]") {
  Bench b({call("write_file", {{"path", "a"}, {"content", "1"}}), call("run_command", {{"command", "make all"}}), say("I could not.")});
  const auto outcome = run_loop(Context(), b.request("do it", Mode::ask));
  REQUIRE(outcome.ok());
  CHECK(outcome->denied == 2);
  CHECK(outcome->denied_for == "--mode auto-edit");
  CHECK(b.of<ToolResultItem>()[0].text.starts_with(prompt_text("no_one")));
  CHECK(b.of<ApprovalItem>()[0].by == "policy");
  CHECK_FALSE(b.workspace->exists("a"));
  CHECK(b.store->pending_approvals(b.session->id())->empty());
}

TEST_CASE("loop: the user is asked with the whole command; always holds for the session", "[loop]") {
  const Json make = {{"command", "touch made"}};
  Bench b({call("run_command", make), call("run_command", make), call("run_command", {{"command", "touch other"}}), say("ok")});
  std::vector<ApprovalQuestion> asked;
  auto request = b.request("do it", Mode::ask);
  request.ask = [&](const ApprovalQuestion& q) -> Result<ApprovalAnswer> {
    asked.push_back(q);
    return asked.size() == 1 ? ApprovalAnswer::always : ApprovalAnswer::deny;
  };
  const auto outcome = run_loop(Context(), request);
  REQUIRE(outcome.ok());
  REQUIRE(asked.size() == 2);
  CHECK(asked[0].detail == "touch made");
  CHECK(asked[1].detail == "touch other");
  CHECK(outcome->denied == 1);
  CHECK(outcome->denied_for.empty());
  CHECK(b.workspace->exists("made"));
  CHECK_FALSE(b.workspace->exists("other"));
}

TEST_CASE("loop: an edit of a test is asked for even where edits pass, unless the task speaks of tests", "[loop]") {
  const Json edit = {{"path", "tests/test_a.py"}, {"content", "pass\n"}};
  Bench b({call("write_file", edit), say("no")});
  const auto outcome = run_loop(Context(), b.request("make it green", Mode::auto_edit));
  REQUIRE(outcome.ok());
  CHECK(outcome->denied == 1);
  CHECK(outcome->denied_for.find("--allow") == 0);
  Bench again({call("write_file", edit), say("yes")});
  CHECK(run_loop(Context(), again.request("테스트를 고쳐줘", Mode::auto_edit))->denied == 0);
}

TEST_CASE("loop: limits end a task and say which", "[loop]") {
  const auto failing = call("read_file", {{"path", "missing"}});
  SECTION("steps") {
    Bench b({failing, call("read_file", {{"path", "x"}}), say("never")});
    auto request = b.request("go");
    request.limits.steps = 2;
    CHECK(run_loop(Context(), request)->stopped_by == "steps");
  }
  SECTION("tokens") {
    Bench b({failing, failing, failing});
    auto request = b.request("go");
    request.limits.tokens = 200;
    const auto outcome = run_loop(Context(), request);
    CHECK(outcome->stopped_by == "tokens");
    CHECK(outcome->steps == 2);
  }
  SECTION("repeated failure") {
    Bench b({failing, failing, failing, failing, failing, failing});
    const auto outcome = run_loop(Context(), b.request("go"));
    CHECK(outcome->stopped_by == "repeated failure");
    CHECK(outcome->steps == 5);
  }
  SECTION("empty replies") {
    Bench b({say(""), say(" \n"), say(""), say(""), say("")});
    const auto outcome = run_loop(Context(), b.request("go"));
    CHECK(outcome->stopped_by == "repeated failure");
    CHECK_FALSE(outcome->achieved);
  }
  SECTION("time") {
    Bench b({call("run_command", {{"command", "wait"}}), say("late")});
    auto request = b.request("go");
    request.limits.time = std::chrono::milliseconds(30);
    const auto outcome = run_loop(Context(), request);
    REQUIRE(outcome.ok());
    CHECK(outcome->stopped_by == "time");
  }
}

TEST_CASE("loop: a cancel keeps what was said and done, and leaves a sound history", "[loop]") {
  const Context context;
  SECTION("while the model speaks") {
    auto reply = say("half of");
    reply.before = [&](const Context&, const ModelRequest&) { context.cancel(); };
    Bench b({reply});
    const auto outcome = run_loop(context, b.request("go"));
    REQUIRE_FALSE(outcome.ok());
    CHECK(outcome.error().kind == ErrorKind::cancelled);
    CHECK(b.of<ErrorItem>().size() == 1);
    b.check_replay();
  }
  SECTION("while a command runs") {
    test::ScriptedReply reply = call("run_command", {{"command", "wait"}});
    reply.calls.push_back(call("write_file", {{"path", "a"}, {"content", "1"}}).calls[0]);
    Bench b({reply, say("goes on")});
    std::thread stop([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      context.cancel();
    });
    const auto outcome = run_loop(context, b.request("go"));
    stop.join();
    REQUIRE_FALSE(outcome.ok());
    CHECK(outcome.error().kind == ErrorKind::cancelled);
    CHECK_FALSE(b.workspace->exists("a"));
    REQUIRE(b.of<ToolResultItem>().size() == 2);
    CHECK(b.of<ToolResultItem>()[1].text == prompt_text("interrupted"));
    CHECK(run_loop(Context(), b.request("go on"))->achieved);
    b.check_replay();
  }
}

TEST_CASE("loop: a model that fails leaves its words and an error", "[loop]") {
  auto reply = test::fail_with({ErrorKind::model, "the wire broke", "try again"});
  reply.text = "I was about to";
  Bench b({reply});
  const auto outcome = run_loop(Context(), b.request("go"));
  REQUIRE_FALSE(outcome.ok());
  CHECK(outcome.error().kind == ErrorKind::model);
  CHECK(b.of<MessageItem>().back().text == "I was about to");
  CHECK(b.of<ErrorItem>()[0].message == "the wire broke");
}

TEST_CASE("loop: what the user types meanwhile reaches the next model call", "[loop]") {
  Bench b({call("read_file", {{"path", "x"}}), say("ok")});
  auto request = b.request("go");
  int asked = 0;
  request.steer = [&] { return ++asked == 2 ? std::vector<std::string>{"use b.py instead"} : std::vector<std::string>{}; };
  REQUIRE(run_loop(Context(), request).ok());
  const auto last = std::get<MessageItem>(b.model.requests()[1].items.back().body);
  CHECK(last.role == "user");
  CHECK(last.text == "use b.py instead");
}

TEST_CASE("prompt: history is repaired", "[prompt]") {
  const auto item = [](ItemBody body) { return Item{"i", "", 1, std::move(body)}; };
  const std::vector<Item> broken = {item(TurnItem{"p", "", ""}), item(ToolCallItem{"1", "a", Json::object(), {}}), item(ToolCallItem{"2", "b", Json::object(), {}}),
                                    item(ToolResultItem{"9", "of nobody", false, {}}), item(NoticeItem{"n"}), item(ToolResultItem{"2", "two", false, {}}),
                                    item(ToolResultItem{"2", "twice", false, {}}), item(ToolCallItem{"2", "again", Json::object(), {}}), item(MessageItem{"assistant", "end", {}})};
  const auto sound = sound_history(broken);
  std::string shape;
  for (const Item& i : sound) shape += std::string(item_type(i.body)) + " ";
  CHECK(shape == "turn tool_call tool_call tool_result tool_result message ");
  CHECK(std::get<ToolResultItem>(sound[3].body).is_error);
  CHECK(std::get<ToolResultItem>(sound[4].body).text == "two");
  const std::vector<Item> valid = {item(TurnItem{"p", "", ""}), item(ToolCallItem{"1", "a", Json::object(), {}}), item(ToolResultItem{"1", "one", false, {}}),
                                   item(ToolCallItem{"2", "b", Json::object(), {}}), item(ToolResultItem{"2", "two", false, {}})};
  const auto same = sound_history(valid);
  REQUIRE(same.size() == valid.size());
  for (std::size_t i = 0; i < valid.size(); ++i) CHECK(to_json(same[i]) == to_json(valid[i]));
}

TEST_CASE("prompt: system text and schemas stay within 8 KB and never vary", "[prompt]") {
  Json tools = Json::array();
  std::set<std::string> names;
  for (const auto& spec : tool_specs(offered_tools())) names.insert(spec.name), tools.push_back({{"name", spec.name}, {"description", spec.description}, {"parameters", spec.parameters}});
  INFO("system " << system_text().size() << " bytes, tools " << tools.dump().size());
  CHECK(system_text().size() + tools.dump().size() <= 8 * 1024);
  for (const char* name : {"read_file", "edit_file", "grep", "write_file", "apply_patch", "list_dir", "glob"}) CHECK(names.contains(name));
}

}  // namespace wright::agent
