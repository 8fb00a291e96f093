// Plain requests as data (requests.json): each runs in a copy of its small repository, by the rules alone and again with the default
// model where it is there. Counted: what did as asked, and what changed a file or ran a command that it should not have.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "agent/guided/guided.h"
#include "agent/guided/places.h"
#include "agent/guided/reading.h"
#include "base/file.h"
#include "base/json.h"
#include "engine/run/engine.h"
#include "tests/support/scripted_model.h"
#include "tools/exec/sandbox.h"

using namespace wright;
using namespace wright::agent;

namespace {

Json table() {
  const std::string path = std::string(WRIGHT_SOURCE_DIR) + "/tests/agent/guided/requests.json";
  return *parse_json(*read_file(path), path);
}

// A repository outside /tmp, which the sandbox hides, and all that a turn needs.
class Bench {
 public:
  explicit Bench(const Json& repository) : model_({}) {
    char name[] = "/var/tmp/wright-test-XXXXXX";
    REQUIRE(::mkdtemp(name));
    root_ = std::filesystem::canonical(name).string();
    REQUIRE(make_directories(work()).ok());
    for (const auto& [file, text] : repository["files"].items()) write(file, text.get<std::string>());
    if (repository.value("git", false)) {
      const std::string git = "git -c init.defaultBranch=main -c user.name=Ada -c user.email=ada@example.org -C " + work();
      REQUIRE(std::system((git + " init -q && " + git + " add -A && " + git + " commit -q -m 'first commit'").c_str()) == 0);
    }
    store_ = std::move(*Store::open(root_ + "/sessions.db"));
    session_ = std::move(*Session::create(*store_, {"", "", "", "", work(), "scripted", "ask"}));
    workspace_ = std::move(*tools::Workspace::open(work()));
    auto commands = std::make_shared<tools::CommandPolicy>();
    commands->level = tools::sandbox_status().level;
    commands->environment = tools::filtered_environment(tools::process_environment());
    workspace_->commands = commands;
    checkpoints_ = std::move(*Checkpoints::open(root_ + "/state", work()));
  }
  ~Bench() { std::filesystem::remove_all(root_); }
  std::string work() const { return root_ + "/work"; }
  void write(const std::string& file, const std::string& text) const {
    const auto path = std::filesystem::path(work()) / file;
    REQUIRE(make_directories(path.parent_path().string()).ok());
    REQUIRE(write_file_atomic(path.string(), text, 0644, false).ok());
  }
  std::string read(const std::string& file) const {
    auto text = read_file(work() + "/" + file);
    return text.ok() ? *text : "";
  }
  // Without git's folder and Python's caches.
  std::map<std::string, std::string> tree() const {
    std::map<std::string, std::string> out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(work())) {
      const std::string name = std::filesystem::relative(entry.path(), work()).string();
      if (entry.is_regular_file() && !name.starts_with(".git/") && name.find("__pycache__") == std::string::npos && name.find(".pytest_cache") == std::string::npos) out[name] = *read_file(entry.path().string());
    }
    return out;
  }
  GuidedRequest request(const std::string& prompt, Mode mode = Mode::ask, bool answers = true) {
    GuidedRequest r{{*session_, model_, *workspace_, checkpoints_.get(), {}, {}, prompt}, nullptr, {}};
    r.loop.policy.mode = mode;
    r.loop.policy.workspace = r.loop.policy.cwd = work();
    if (answers) r.loop.ask = [](const ApprovalQuestion&) -> Result<ApprovalAnswer> { return ApprovalAnswer::once; };
    return r;
  }
  std::size_t commands_run() const {
    std::size_t n = 0;
    for (const Item& item : session_->items())
      if (const auto* call = std::get_if<ToolCallItem>(&item.body)) n += call->name == "run_command";
    return n;
  }
  std::vector<std::string> notices() const {
    std::vector<std::string> out;
    for (const Item& item : session_->items())
      if (const auto* notice = std::get_if<NoticeItem>(&item.body)) out.push_back(notice->text);
    return out;
  }

 private:
  std::string root_;
  test::ScriptedModel model_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<tools::Workspace> workspace_;
  std::unique_ptr<Checkpoints> checkpoints_;
};

struct Verdict { std::string failed, harm; };

Verdict run_case(const Json& tables, const Json& row, const std::shared_ptr<engine::Engine>& engine) {
  Bench bench(tables["repositories"][row["in"].get<std::string>()]);
  if (row.contains("edit"))
    for (const auto& [file, text] : row["edit"].items()) bench.write(file, text.get<std::string>());
  auto before = bench.tree();
  if (row.contains("before")) {
    auto first = bench.request(row["before"].get<std::string>());
    first.engine = engine;
    if (!run_guided(Context(), first).ok() || bench.tree() == before) return {"the request before did nothing", ""};
  }
  auto request = bench.request(row["request"].get<std::string>());
  request.engine = engine;
  const auto outcome = run_guided(Context().with_timeout(std::chrono::seconds(100)), request);
  if (!outcome.ok()) return {"error: " + outcome.error().text(), ""};
  Verdict out;
  const auto after = bench.tree();
  std::set<std::string> allowed, changed;
  const Json changes = row.value("changes", Json::array());
  for (const auto& name : changes) allowed.insert(name.get<std::string>());
  for (const auto& [name, text] : after)
    if (const auto it = before.find(name); it == before.end() || it->second != text) changed.insert(name);
  for (const auto& [name, text] : before)
    if (!after.contains(name)) changed.insert(name), out.harm += " deleted " + name;
  for (const std::string& name : changed)
    if (!allowed.contains(name)) out.harm += " changed " + name;
  if (row.value("harm", false) && bench.commands_run() > 0) out.harm += " ran a command";
  for (const std::string& name : allowed)
    if (!changed.contains(name)) out.failed += " unchanged: " + name;
  const Json holds = row.value("holds", Json::object()), lacks = row.value("lacks", Json::object()), said = row.value("answer", Json::array());
  for (const auto& [file, part] : holds.items())
    if (bench.read(file).find(part.get<std::string>()) == std::string::npos) out.failed += " not in " + file + ": " + part.get<std::string>();
  for (const auto& [file, part] : lacks.items())
    if (bench.read(file).find(part.get<std::string>()) != std::string::npos) out.failed += " still in " + file + ": " + part.get<std::string>();
  for (const auto& part : said)
    if (outcome->answer.find(part.get<std::string>()) == std::string::npos) out.failed += " answer lacks: " + part.get<std::string>();
  if (outcome->achieved == row.value("fails", false)) out.failed += outcome->achieved ? " achieved" : " not achieved";
  if (!out.failed.empty()) out.failed += "\n    answer: " + outcome->answer;
  return out;
}

constexpr std::size_t kParts = 8;  // of the table, so that each stays short

void run_table(const std::shared_ptr<engine::Engine>& engine, const char* how, std::size_t part) {
  const Json tables = table();
  int all = 0, done = 0, harm = 0, korean = 0, korean_done = 0;
  for (std::size_t i = part; i < tables["requests"].size(); i += kParts) {
    const Json& row = tables["requests"][i];
    const std::string text = row["request"];
    const Verdict verdict = run_case(tables, row, engine);
    const bool is_korean = guided::read_request(text, tools::RepoSnapshot(), {}).korean;
    ++all, korean += is_korean;
    if (verdict.failed.empty() && verdict.harm.empty()) ++done, korean_done += is_korean;
    else std::printf("  %s: %s\n", text.c_str(), (verdict.failed + (verdict.harm.empty() ? "" : " HARM:" + verdict.harm)).c_str());
    harm += !verdict.harm.empty();
  }
  std::printf("guided, %s, part %zu: %d of %d requests did what was asked (%d of %d Korean), %d did harm\n", how, part + 1, done, all, korean_done, korean, harm);
  CHECK(done * 40 >= 32 * all);
  CHECK(harm == 0);
}

void run_with_model(std::size_t part) {
  const char* home = std::getenv("HOME");
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const std::string path = (cache && *cache ? std::string(cache) : std::string(home ? home : "") + "/.cache") + "/wright/models/SmolLM2-135M-Instruct-Q4_1.gguf";
  if (::access(path.c_str(), R_OK) != 0) {
    WARN("skipped: no default model at " << path);
    return;
  }
  engine::EngineOptions options;
  options.model_path = path;
  auto engine = engine::open_local_engine(options);
  REQUIRE(engine.ok());
  run_table(*engine, "with the default model", part);
}

}  // namespace

TEST_CASE("guided: the table holds forty requests, ten of them Korean", "[guided]") {
  const Json requests = table()["requests"];
  std::size_t korean = 0;
  for (const Json& row : requests) korean += guided::read_request(row["request"].get<std::string>(), tools::RepoSnapshot(), {}).korean;
  CHECK(requests.size() >= 40);
  CHECK(korean >= 10);
}
TEST_CASE("guided: plain requests by the rules alone, part 1 of 8", "[guided][rules]") { run_table(nullptr, "rules alone", 0); }
TEST_CASE("guided: plain requests by the rules alone, part 2 of 8", "[guided][rules]") { run_table(nullptr, "rules alone", 1); }
TEST_CASE("guided: plain requests by the rules alone, part 3 of 8", "[guided][rules]") { run_table(nullptr, "rules alone", 2); }
TEST_CASE("guided: plain requests by the rules alone, part 4 of 8", "[guided][rules]") { run_table(nullptr, "rules alone", 3); }
TEST_CASE("guided: plain requests by the rules alone, part 5 of 8", "[guided][rules]") { run_table(nullptr, "rules alone", 4); }
TEST_CASE("guided: plain requests by the rules alone, part 6 of 8", "[guided][rules]") { run_table(nullptr, "rules alone", 5); }
TEST_CASE("guided: plain requests by the rules alone, part 7 of 8", "[guided][rules]") { run_table(nullptr, "rules alone", 6); }
TEST_CASE("guided: plain requests by the rules alone, part 8 of 8", "[guided][rules]") { run_table(nullptr, "rules alone", 7); }
TEST_CASE("guided: plain requests with the default model, part 1 of 8", "[guided][model]") { run_with_model(0); }
TEST_CASE("guided: plain requests with the default model, part 2 of 8", "[guided][model]") { run_with_model(1); }
TEST_CASE("guided: plain requests with the default model, part 3 of 8", "[guided][model]") { run_with_model(2); }
TEST_CASE("guided: plain requests with the default model, part 4 of 8", "[guided][model]") { run_with_model(3); }
TEST_CASE("guided: plain requests with the default model, part 5 of 8", "[guided][model]") { run_with_model(4); }
TEST_CASE("guided: plain requests with the default model, part 6 of 8", "[guided][model]") { run_with_model(5); }
TEST_CASE("guided: plain requests with the default model, part 7 of 8", "[guided][model]") { run_with_model(6); }
TEST_CASE("guided: plain requests with the default model, part 8 of 8", "[guided][model]") { run_with_model(7); }

TEST_CASE("guided: plan mode and no one to ask change nothing", "[guided]") {
  const Json tables = table();
  for (std::size_t i = 0; i < tables["requests"].size(); i += 3) {
    const Json& row = tables["requests"][i];
    if (row.value("changes", Json::array()).empty() || row["in"] == "failing") continue;
    for (const Mode mode : {Mode::plan, Mode::ask}) {
      Bench bench(tables["repositories"][row["in"].get<std::string>()]);
      const auto before = bench.tree();
      const auto outcome = run_guided(Context(), bench.request(row["request"].get<std::string>(), mode, mode == Mode::plan));
      INFO(row["request"].get<std::string>());
      REQUIRE(outcome.ok());
      CHECK_FALSE(outcome->achieved);
      CHECK(outcome->denied > 0);
      CHECK(outcome->failed_for_denial == (mode == Mode::ask));
      CHECK(bench.tree() == before);
    }
  }
}

TEST_CASE("guided: what was understood is said first; what could mean several places is asked", "[guided]") {
  const Json repository = {{"files", {{"a.html", "<p>Tea</p>\n<b>Tea</b>\n"}, {"b.html", "<i>Tea</i>\n"}}}};
  Bench bench(repository);
  auto request = bench.request("change 'Tea' to 'Cake'");
  SECTION("no one answers: nothing is done, the choices are named") {
    const auto before = bench.tree();
    const auto outcome = run_guided(Context(), request);
    REQUIRE(outcome.ok());
    CHECK_FALSE(outcome->achieved);
    CHECK(outcome->answer.find("a.html:2") != std::string::npos);
    CHECK(bench.tree() == before);
  }
  SECTION("the third is chosen") {
    std::vector<std::string> seen;
    request.choose = [&](const std::string&, const std::vector<std::string>& choices) -> Result<std::size_t> { return seen = choices, std::size_t{2}; };
    const auto outcome = run_guided(Context(), request);
    REQUIRE(outcome.ok());
    CHECK(outcome->achieved);
    REQUIRE(seen.size() == 3);
    CHECK(bench.read("b.html") == "<i>Cake</i>\n");
    CHECK(bench.read("a.html").find("Cake") == std::string::npos);
    CHECK(outcome->diff.find("+<i>Cake</i>") != std::string::npos);
  }
  REQUIRE_FALSE(bench.notices().empty());
  CHECK(bench.notices()[0].starts_with("I understood: "));
}

TEST_CASE("guided: hostile words fill a template without escaping from it", "[guided]") {
  const Json repository = {{"files", {{"a.txt", "x\n"}}}};
  Bench bench(repository);
  const auto outcome = run_guided(Context(), bench.request("make a web page called '</h1><script>alert(1)</script>' with a\"b"));
  REQUIRE(outcome.ok());
  for (const auto& [name, text] : bench.tree())
    if (name.ends_with(".html")) CHECK(text.find("<script>") == std::string::npos);
  const auto service = run_guided(Context(), bench.request("write a REST service called `x\"); import os; os.abort(); (\"`"));
  REQUIRE(service.ok());
  CHECK(service->achieved);
}

TEST_CASE("guided: requests are read in both languages", "[guided]") {
  const auto r = guided::read_request("버튼 색을 빨간색으로, don't change “Hello” to 3.5px", tools::RepoSnapshot(), {});
  CHECK(r.korean);
  REQUIRE(r.colours.size() == 1);
  CHECK(r.colours[0].css == "red");
  CHECK(r.quoted == std::vector<std::string>{"Hello"});
  CHECK(r.numbers == std::vector<std::string>{"3.5"});
  CHECK(guided::says(r, "색"));
  CHECK(guided::says(r, "change … to"));
  CHECK_FALSE(guided::says(r, "to … change"));
  const std::string text = "h1, .a { color: red; /* } */ width: 3px }\n@media print { h2 { color: blue } }\n";
  const auto rules = guided::css_rules("a.css", text);
  REQUIRE(rules.size() == 2);
  CHECK(rules[1].selector == "h2");
  CHECK(guided::selects(rules[0].selector, "h1", ""));
  CHECK_FALSE(guided::selects("h1:hover", "h1", ""));
}
