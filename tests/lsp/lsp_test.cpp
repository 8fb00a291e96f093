#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>

#include "base/utf8.h"
#include "lsp/documents.h"
#include "lsp/jsonrpc/framing.h"
#include "lsp/server.h"
#include "tests/support/temp_folder.h"

using namespace wright;
using namespace wright::lsp;

namespace {

// A client that talks to a Server in this process.
class Client {
 public:
  explicit Client(Host host = {}) : server_(std::move(host), [this](std::string bytes) { receive(bytes); }) {}

  Json initialize(const std::string& root, Json capabilities = Json::object(), Json options = Json::object()) {
    return request("initialize", {{"processId", nullptr}, {"rootUri", root.empty() ? Json() : Json(uri_of_path(root))}, {"capabilities", capabilities}, {"initializationOptions", options}});
  }
  void send(const Json& message) { server_.feed(frame(message.dump())); }
  bool raw(const std::string& bytes) { return server_.feed(bytes); }
  void notify(const std::string& method, Json params) { send({{"jsonrpc", "2.0"}, {"method", method}, {"params", params}}); }
  int begin(const std::string& method, Json params) {
    const int id = next_++;
    send({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}});
    return id;
  }
  // The whole answer.
  Json wait(int id) {
    std::unique_lock lock(mutex_);
    REQUIRE(arrived_.wait_for(lock, std::chrono::seconds(20), [&] { return find(id) != nullptr; }));
    return *find(id);
  }
  Json request(const std::string& method, Json params) { return wait(begin(method, params)); }
  Json result(const std::string& method, Json params) {
    const Json answer = request(method, params);
    INFO(answer.dump());
    REQUIRE(answer.contains("result"));
    return answer["result"];
  }
  int code(const std::string& method, Json params) { return request(method, params).value("error", Json::object()).value("code", 0); }
  void open(const std::string& path, const std::string& text) { notify("textDocument/didOpen", {{"textDocument", {{"uri", uri_of_path(path)}, {"languageId", "x"}, {"version", 1}, {"text", text}}}}); }
  std::vector<Json> received() {
    std::lock_guard lock(mutex_);
    return messages_;
  }
  Server& server() { return server_; }
  std::function<void(const Json&)> on_request;  // requests of the server; called on its threads

 private:
  const Json* find(int id) const {
    for (const Json& m : messages_)
      if (!m.contains("method") && m.value("id", Json()) == Json(id)) return &m;
    return nullptr;
  }
  void receive(const std::string& bytes) {
    std::vector<Json> fresh;
    {
      std::lock_guard lock(mutex_);
      reader_.feed(bytes);
      while (auto body = *reader_.next()) fresh.push_back(Json::parse(*body));
      messages_.insert(messages_.end(), fresh.begin(), fresh.end());
      arrived_.notify_all();
    }
    for (const Json& m : fresh)
      if (m.contains("method") && m.contains("id") && on_request) on_request(m);
  }
  std::mutex mutex_;
  std::condition_variable arrived_;
  FrameReader reader_;
  std::vector<Json> messages_;
  int next_ = 1;
  Server server_;
};

Json at(const std::string& path, int line, int character) { return {{"textDocument", {{"uri", uri_of_path(path)}}}, {"position", {{"line", line}, {"character", character}}}}; }

}  // namespace

TEST_CASE("lsp framing: cut anywhere, and what breaks a stream") {
  const std::string two = frame("{\"a\":1}") + "Content-Type: x\r\ncontent-length: 2\r\n\r\n{}";
  for (std::size_t cut = 0; cut <= two.size(); ++cut) {
    FrameReader reader;
    std::vector<std::string> bodies;
    for (const auto& part : {two.substr(0, cut), two.substr(cut)}) {
      reader.feed(part);
      while (auto body = *reader.next()) bodies.push_back(*body);
    }
    CHECK(bodies == std::vector<std::string>{"{\"a\":1}", "{}"});
  }
  for (const char* bad : {"Content-Length: -1\r\n\r\n{}", "Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}", "Content-Length: 99999999999999999999\r\n\r\n",
                          "Content-Length: 4294967296\r\n\r\n", "X: 1\r\n\r\n", "hello\r\n\r\n", "Content-Length: 2x\r\n\r\n{}", "Content-Length:\r\n\r\n"}) {
    INFO(bad);
    FrameReader reader;
    reader.feed(bad);
    CHECK_FALSE(reader.next().ok());
  }
}

TEST_CASE("lsp positions: three encodings there and back") {
  const std::string text = "aé한🚀b\r\nz\rq\n";
  const LineTable lines(text);
  CHECK(lines.lines() == 4);
  CHECK(lines.offset(text, {0, 4}, Encoding::utf16) == lines.offset(text, {0, 3}, Encoding::utf16));  // inside the surrogate pair
  CHECK(lines.offset(text, {0, 5}, Encoding::utf16) == 10);
  CHECK(lines.offset(text, {0, 4}, Encoding::utf32) == 10);
  CHECK(lines.offset(text, {0, 10}, Encoding::utf8) == 10);
  CHECK(lines.offset(text, {0, 99}, Encoding::utf16) == 11);
  CHECK(lines.offset(text, {99, 0}, Encoding::utf16) == text.size());
  for (const Encoding e : {Encoding::utf8, Encoding::utf16, Encoding::utf32})
    for (std::size_t i = 0; i < text.size();) {
      const auto p = lines.position(text, i, e);
      if (text[i] != '\n' || i == 0 || text[i - 1] != '\r') CHECK(lines.offset(text, p, e) == i);
      i += utf8::decode(text, i).length;
    }
}

TEST_CASE("lsp documents: ten thousand random edits equal a plain model") {
  std::mt19937 random(11);
  const char* pieces[] = {"a", "é", "한", "🚀", "\n", "\r\n", "xyz", ""};
  for (const Encoding encoding : {Encoding::utf8, Encoding::utf16, Encoding::utf32}) {
    Documents documents;
    documents.set_encoding(encoding);
    std::u32string model;  // one code point an element
    documents.open("file:///x", "x", 0, "");
    for (int round = 0; round < 3400; ++round) {
      Json changes = Json::array();
      for (int i = 0, n = 1 + static_cast<int>(random() % 3); i < n; ++i) {
        std::size_t from = model.empty() ? 0 : random() % (model.size() + 1), to = std::min(model.size(), from + random() % 4);
        const auto inside_crlf = [&](std::size_t p) { return p > 0 && p < model.size() && model[p - 1] == '\r' && model[p] == '\n'; };
        if (inside_crlf(from)) --from;  // no position names the middle of a line end
        if (inside_crlf(to)) ++to;
        std::string text;
        for (const char32_t c : model) utf8::append(text, c);
        const auto bytes = [&](std::size_t n_points) { std::string s; for (std::size_t k = 0; k < n_points; ++k) utf8::append(s, model[k]); return s.size(); };
        const LineTable lines(text);
        const std::string piece = pieces[random() % 8];
        changes.push_back({{"range", to_json(Range{lines.position(text, bytes(from), encoding), lines.position(text, bytes(to), encoding)})}, {"text", piece}});
        std::u32string points;
        for (std::size_t k = 0; k < piece.size();) {
          const auto d = utf8::decode(piece, k);
          points += d.code;
          k += d.length;
        }
        model.replace(from, to - from, points);
        if (model.size() > 120) {
          model.clear();
          changes.push_back({{"text", ""}});
        }
      }
      const auto done = documents.change("file:///x", round, changes);
      REQUIRE(done.ok());
      std::string expected;
      for (const char32_t c : model) utf8::append(expected, c);
      REQUIRE((*done)->text == expected);
    }
  }
}

TEST_CASE("lsp lifecycle and bad input") {
  Client client;
  CHECK(client.code("textDocument/hover", Json::object()) == -32002);
  const Json init = client.initialize("", {{"general", {{"positionEncodings", {"utf-32", "utf-8"}}}}});
  CHECK(init["result"]["capabilities"]["positionEncoding"] == "utf-8");
  CHECK(client.code("initialize", Json::object()) != 0);
  CHECK(client.code("no/such", Json::object()) == -32601);
  CHECK(client.code("workspace/executeCommand", {{"command", "rm"}}) == -32602);
  client.open("/nowhere/a.py", "x = 1\n");
  CHECK(client.code("textDocument/hover", at("/nowhere/a.py", -1, -1)) == -32602);
  CHECK(client.code("textDocument/documentSymbol", {{"textDocument", {{"uri", 5}}}}) == -32602);
  client.notify("textDocument/didChange", {{"textDocument", {{"uri", "file:///nowhere/a.py"}, {"version", 2}}}, {"contentChanges", {{{"range", 1}, {"text", "y"}}}}});
  client.notify("textDocument/didChange", 7);
  client.send(Json::array({1}));
  CHECK(client.raw(frame("not json")));
  CHECK(client.raw(frame("\xff\xfe{")));
  CHECK(client.server().documents().find("file:///nowhere/a.py")->text == "x = 1\n");
  CHECK(client.result("shutdown", Json()).is_null());
  CHECK(client.code("textDocument/hover", at("/nowhere/a.py", 0, 0)) == -32600);
  client.notify("exit", Json());
  CHECK(client.server().exit_code() == 0);
}

TEST_CASE("lsp: symbols, definition, references and hover over files and unsaved buffers") {
  const test::TempFolder folder({{"lib.py", "# Adds two numbers.\ndef add(a, b):\n    return a + b\n\n\nclass Box:\n    def size(self):\n        return add(1, 2)\n"},
                                 {"main.py", "from lib import add\n\nprint(add(2, 3))\n"}});
  Client client;
  client.initialize(folder.path(), {{"textDocument", {{"documentSymbol", {{"hierarchicalDocumentSymbolSupport", true}}}}}});
  const std::string lib = folder.path() + "/lib.py", main = folder.path() + "/main.py";
  client.open(lib, folder.read("lib.py"));
  client.open(main, folder.read("main.py"));
  const Json symbols = client.result("textDocument/documentSymbol", at(lib, 0, 0));
  REQUIRE(symbols.size() == 2);
  CHECK(symbols[0]["name"] == "add");
  CHECK(symbols[1]["children"][0]["name"] == "size");
  const Json found = client.result("textDocument/definition", at(main, 2, 7));
  REQUIRE(found.size() == 1);
  CHECK(found[0]["uri"] == uri_of_path(lib));
  CHECK(found[0]["range"]["start"] == Json({{"line", 1}, {"character", 4}}));
  Json ask = at(lib, 1, 5);
  ask["context"] = {{"includeDeclaration", false}};
  CHECK(client.result("textDocument/references", ask).size() == 3);  // the import, two calls
  const Json hover = client.result("textDocument/hover", at(main, 2, 7));
  const std::string text = hover["contents"]["value"];
  CHECK(text.find("def add(a, b):") != std::string::npos);
  CHECK(text.find("Adds two numbers") != std::string::npos);
  CHECK(text.find("lib.py:2") != std::string::npos);
  CHECK(client.result("workspace/symbol", {{"query", "siz"}})[0]["name"] == "size");
  // A buffer that is not saved counts.
  client.notify("textDocument/didChange", {{"textDocument", {{"uri", uri_of_path(lib)}, {"version", 2}}}, {"contentChanges", {{{"text", "\n\n\ndef add(x):\n    pass\n"}}}}});
  CHECK(client.result("textDocument/definition", at(main, 2, 7))[0]["range"]["start"]["line"] == 3);
}

TEST_CASE("lsp: a keystroke cancels the suggestion before it; silence when the model is not sure") {
  std::mutex mutex;
  std::condition_variable changed;
  int begun = 0, cancelled = 0;
  Host host;
  host.complete = [&](const Context& context, const CompletionRequest& request) -> Result<CompletionAnswer> {
    if (request.before.ends_with("quick")) return CompletionAnswer{"ly()", 0.9};
    if (request.before.ends_with("unsure")) return CompletionAnswer{};
    std::unique_lock lock(mutex);
    ++begun;
    changed.notify_all();
    lock.unlock();
    while (!context.done()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ++cancelled;
    return context.check().error();
  };
  Client client(host);
  client.initialize("", {{"textDocument", {{"inlineCompletion", Json::object()}}}});
  client.open("/a.py", "slow\nquick\nunsure\n");
  const int slow = client.begin("textDocument/inlineCompletion", at("/a.py", 0, 4));
  {
    std::unique_lock lock(mutex);
    REQUIRE(changed.wait_for(lock, std::chrono::seconds(10), [&] { return begun == 1; }));
  }
  const Json quick = client.result("textDocument/inlineCompletion", at("/a.py", 1, 5));
  CHECK(quick["items"][0]["insertText"] == "ly()");
  CHECK(client.wait(slow)["error"]["code"] == -32800);
  CHECK(client.result("textDocument/inlineCompletion", at("/a.py", 2, 6))["items"].empty());
  CHECK(client.result("textDocument/completion", at("/a.py", 1, 5))["items"][0]["textEdit"]["newText"] == "ly()");
  CHECK(client.code("textDocument/inlineCompletion", at("/b.py", 0, 0)) == -32602);
}

TEST_CASE("lsp: wright.fix shows progress and lands in the editor's buffer") {
  const test::TempFolder folder(std::map<std::string, std::string>{{"한 a.py", "def f(x):\n    return x - 1  # é\n\n\ndef g():\n    pass\n"}});
  const std::string path = folder.path() + "/한 a.py", after = "def f(x):\n    return x + 1  # é\n\n\ndef g():\n    pass\n";
  Host host;
  host.run_job = [&](const Context&, const std::string& method, const Json& params, const std::string& cwd, const auto& on_event, const auto& ask) -> Result<Json> {
    CHECK(method == "fix");
    CHECK(params["test"] == "make test");
    CHECK(cwd == folder.path());
    on_event({{"text", "running the tests"}, {"runs", 1}, {"max_runs", 200}});
    const auto answer = ask({{"text", "really?"}, {"choices", {"yes", "no"}}});
    CHECK((answer.ok() && *answer == "yes"));
    return Json{{"verified", true}, {"files", {{"한 a.py", after}}}, {"description", "changed - to +"}, {"tests_after", "3 passed"}};
  };
  Client client(host);
  Json applied;
  client.on_request = [&](const Json& m) {
    Json result;
    if (m["method"] == "window/showMessageRequest") result = {{"title", "yes"}};
    if (m["method"] == "workspace/applyEdit") {
      applied = m["params"];
      result = {{"applied", true}};
    }
    std::thread([&client, m, result] { client.send({{"jsonrpc", "2.0"}, {"id", m["id"]}, {"result", result}}); }).detach();
  };
  client.initialize(folder.path(), {{"window", {{"workDoneProgress", true}}}, {"workspace", {{"applyEdit", true}, {"workspaceEdit", {{"documentChanges", true}}}}}}, {{"test", "make test"}});
  client.open(path, folder.read("한 a.py"));
  const Json actions = client.result("textDocument/codeAction", {{"textDocument", {{"uri", uri_of_path(path)}}}, {"context", {{"diagnostics", Json::array()}}}});
  CHECK(actions[0]["title"] == "Fix with Wright");
  CHECK(client.result("workspace/executeCommand", {{"command", "wright.fix"}, {"arguments", {Json::object()}}})["verified"] == true);
  const Json change = applied["edit"]["documentChanges"][0];
  CHECK(change["textDocument"] == Json({{"uri", uri_of_path(path)}, {"version", 1}}));
  CHECK(change["edits"][0]["newText"] == "    return x + 1  # é\n");
  CHECK(change["edits"][0]["range"] == Json({{"start", {{"line", 1}, {"character", 0}}}, {"end", {{"line", 2}, {"character", 0}}}}));
  bool began = false, ended = false;
  for (const Json& m : client.received())
    if (m.value("method", "") == "$/progress") {
      began = began || m["params"]["value"]["kind"] == "begin";
      ended = ended || m["params"]["value"]["kind"] == "end";
    }
  CHECK((began && ended));
  // Unsaved changes would not be what the tests see.
  client.notify("textDocument/didChange", {{"textDocument", {{"uri", uri_of_path(path)}, {"version", 2}}}, {"contentChanges", {{{"text", "x"}}}}});
  CHECK(client.code("workspace/executeCommand", {{"command", "wright.fix"}}) == -32801);
}
