// The Chat Completions wire against a server of our own: what it means, and what happens when it breaks.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "agent/providers/openai.h"
#include "tests/support/scripted_server.h"
#include "tools/net/http.h"
#include "tools/net/sse.h"

using namespace wright;
using namespace wright::agent;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

std::shared_ptr<Model> model(const test::ScriptedServer& server, Duration retry_for = 5s) {
  ProviderConfig config;
  config.base_url = server.url() + "/v1";
  config.api_key = "sk-test";
  config.model = "m";
  config.headers = {{"X-Extra", "yes"}};
  config.first_pause = 1ms;
  config.retry_for = retry_for;
  config.idle_timeout = 2s;
  auto made = make_provider(config);
  REQUIRE(made.ok());
  return *made;
}

ModelRequest request() {
  ModelRequest r;
  r.system = "be brief";
  r.items.push_back({"i1", "", 0, TurnItem{"weather?", "ask", "m"}});
  r.items.push_back({"i2", "i1", 0, ReasoningItem{"hm", ""}});
  r.items.push_back({"i3", "i2", 0, ToolCallItem{"c1", "get_weather", {{"city", "Oslo"}}, {}}});
  r.items.push_back({"i4", "i3", 0, ToolResultItem{"c1", "rain", false, {}}});
  r.tools = {{"get_weather", "d", {{"type", "object"}}}};
  r.effort = Effort::high;
  return r;
}

const std::vector<std::string> kEvents = {
    R"({"choices":[{"delta":{"role":"assistant","reasoning_content":"think"}}]})",
    R"({"choices":[{"delta":{"content":"I "}}]})",
    R"({"choices":[{"delta":{"content":"look"}}]})",
    R"({"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"get_weather","arguments":""}}]}}]})",
    R"({"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]}}]})",
    R"({"choices":[{"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"get_time","arguments":"{}"}}]}}]})",
    R"({"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"Rome\"}"}}]}}]})",
    R"({"choices":[{"delta":{},"finish_reason":"tool_calls"}]})",
    R"({"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":7}}})",
    "[DONE]"};

void check_whole(const ModelReply& r) {
  REQUIRE(r.items.size() == 4);
  CHECK(std::get<ReasoningItem>(r.items[0].body).text == "think");
  CHECK(std::get<MessageItem>(r.items[1].body).text == "I look");
  const auto& a = std::get<ToolCallItem>(r.items[2].body);
  CHECK((a.call_id == "a" && a.name == "get_weather" && a.arguments == json{{"city", "Rome"}}));
  CHECK(std::get<ToolCallItem>(r.items[3].body).name == "get_time");
  CHECK(r.finish == "tool_calls");
}

}  // namespace

TEST_CASE("openai: a streamed reply with parallel tool calls in fragments") {
  auto slow = test::sse_reply(kEvents);
  slow.piece = 7;
  slow.pause = 0ms;
  test::ScriptedServer server({slow});
  std::string deltas;
  auto reply = model(server)->generate(Context(), request(), [&](const ModelDelta& d) { deltas += d.text + "|"; });
  INFO((reply ? "" : reply.error().text()));
  REQUIRE(reply.ok());
  check_whole(*reply);
  CHECK(reply->usage.input == 10);
  CHECK(reply->usage.cached == 7);
  CHECK(deltas == "think|I |look|get_weather|get_time|");
  const std::string sent = server.requests().at(0);
  CHECK(sent.find("POST /v1/chat/completions HTTP/1.1") == 0);
  CHECK(sent.find("Authorization: Bearer sk-test") != std::string::npos);
  CHECK(sent.find("X-Extra: yes") != std::string::npos);
  const json body = json::parse(sent.substr(sent.find("\r\n\r\n") + 4));
  CHECK(body["messages"][0]["role"] == "system");
  CHECK(body["messages"][1] == json({{"role", "user"}, {"content", "weather?"}}));
  CHECK(body["messages"][2]["tool_calls"][0]["function"]["arguments"] == R"({"city":"Oslo"})");
  CHECK(body["messages"][3] == json({{"role", "tool"}, {"content", "rain"}, {"tool_call_id", "c1"}}));
  CHECK(body["reasoning_effort"] == "high");
  CHECK(body["tools"][0]["function"]["name"] == "get_weather");
}

TEST_CASE("openai: a stream cut at any byte is asked for again, never acted on") {
  const auto whole = test::sse_reply(kEvents);
  for (std::size_t cut = 1; cut < whole.bytes.size(); cut += 37) {
    auto broken = whole;
    broken.cut = cut;
    test::ScriptedServer server({broken, whole});
    auto reply = model(server)->generate(Context(), request(), {});
    INFO("cut at " << cut << (reply ? "" : ": " + reply.error().text()));
    REQUIRE(reply.ok());
    check_whole(*reply);
  }
}

TEST_CASE("openai: what is retried and what is not") {
  const auto fine = test::sse_reply({R"({"choices":[{"delta":{"content":"ok"},"finish_reason":"stop"}]})", "[DONE]"});
  for (const int status : {429, 500, 503}) {
    test::ScriptedServer server({test::http_reply(status, R"({"error":{"message":"busy"}})"), fine});
    CHECK(model(server)->generate(Context(), request(), {}).ok());
    CHECK(server.requests().size() == 2);
  }
  for (const int status : {400, 401, 404}) {
    test::ScriptedServer server({test::http_reply(status, R"({"error":{"message":"no\u001b[31m key"}})"), fine});
    auto reply = model(server)->generate(Context(), request(), {});
    REQUIRE_FALSE(reply.ok());
    CHECK(reply.error().kind == ErrorKind::model);
    CHECK(reply.error().message.find("no\\x1b[31m key") != std::string::npos);
    CHECK(reply.error().message.find("sk-test") == std::string::npos);
    CHECK(server.requests().size() == 1);
  }
  test::ScriptedServer garbage({test::sse_reply({"{not json"}), {"HTTP/9 what\r\n\r\n"}, fine});
  CHECK(model(garbage)->generate(Context(), request(), {}).ok());
  test::ScriptedServer down({test::http_reply(503, "")});
  auto failed = model(down, 50ms)->generate(Context(), request(), {});
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().message.find("503") != std::string::npos);
  test::ScriptedServer later({test::http_reply(429, "", "Retry-After: 3000\r\n"), fine});
  CHECK_FALSE(model(later, 1s)->generate(Context(), request(), {}).ok());
  CHECK(later.requests().size() == 1);
}

TEST_CASE("openai: a call cut by the token limit is not run") {
  test::ScriptedServer server({test::sse_reply(
      {R"({"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"rm","arguments":"{\"path\":\"/tm"}}]}}]})",
       R"({"choices":[{"delta":{},"finish_reason":"length"}]})", "[DONE]"})});
  auto reply = model(server)->generate(Context(), request(), {});
  REQUIRE(reply.ok());
  CHECK(reply->items.empty());
  CHECK(reply->finish == "length");
}

TEST_CASE("openai: arguments that are no JSON object stay as text and go back as an object") {
  test::ScriptedServer server({test::sse_reply(
      {R"({"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"path\": x"}},{"index":1,"id":"b","function":{"name":"g","arguments":"[1]"}}]}}]})",
       R"({"choices":[{"delta":{},"finish_reason":"tool_calls"}]})", "[DONE]"})});
  auto reply = model(server)->generate(Context(), request(), {});
  REQUIRE(reply.ok());
  REQUIRE(reply->items.size() == 2);
  CHECK(std::get<ToolCallItem>(reply->items[0].body).arguments == json(R"({"path": x)"));
  CHECK(std::get<ToolCallItem>(reply->items[1].body).arguments == json("[1]"));
  ModelRequest next = request();
  next.items = reply->items;
  const json body = openai_chat_body("m", next);
  for (const json& call : body["messages"].back()["tool_calls"]) CHECK(json::parse(call["function"]["arguments"].get<std::string>()).is_object());
}

TEST_CASE("openai: what an attempt streamed before it broke off is not streamed again") {
  test::ScriptedServer server({test::sse_reply({R"({"choices":[{"delta":{"content":"I beg"}}]})", "{not json"}), test::sse_reply(kEvents)});
  std::string seen;
  const auto reply = model(server)->generate(Context(), request(), [&](const ModelDelta& delta) { seen += delta.text; });
  REQUIRE(reply.ok());
  check_whole(*reply);
  CHECK(seen == "I beg");
}

TEST_CASE("openai: silence ends by timeout, a cancel at once") {
  auto silent = test::sse_reply(kEvents);
  silent.cut = 200;
  silent.hang = true;
  test::ScriptedServer server({silent});
  const Context context;
  std::thread stopper([&] {
    while (server.requests().empty()) std::this_thread::sleep_for(1ms);
    context.cancel();
  });
  auto reply = model(server)->generate(context, request(), {});
  stopper.join();
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().kind == ErrorKind::cancelled);
  auto late = model(server)->generate(Context().with_timeout(100ms), request(), {});
  REQUIRE_FALSE(late.ok());
}

TEST_CASE("openai: bad configuration is refused") {
  ProviderConfig config;
  config.base_url = "ftp://x";
  config.model = "m";
  CHECK_FALSE(make_provider(config).ok());
  config.base_url = "http://x";
  config.model = "";
  CHECK_FALSE(make_provider(config).ok());
  config.wire = "carrier-pigeon";
  CHECK(make_provider(config).error().message.find("carrier-pigeon") != std::string::npos);
}

TEST_CASE("http: errors name the place") {
  tools::HttpRequest r;
  for (const char* url : {"nonsense", "ftp://a/b", "http://"}) {
    r.url = url;
    CHECK(tools::http_fetch(Context(), r, 1000).error().kind == ErrorKind::usage);
  }
  r.url = "http://127.0.0.1:1/x";
  CHECK(tools::http_fetch(Context(), r, 1000).error().kind == ErrorKind::io);
  test::ScriptedServer server({test::http_reply(200, std::string(5000, 'x'))});
  r.url = server.url() + "/a?b=c";
  CHECK(tools::http_fetch(Context(), r, 1000).error().kind == ErrorKind::limit);
  r.headers = {{"A", "b\r\nEvil: 1"}};
  CHECK(tools::http_fetch(Context(), r, 9000).error().kind == ErrorKind::usage);
}

TEST_CASE("server-sent events: any cut, any line ending") {
  const std::string text = "\xEF\xBB\xBF: note\r\nevent: a\r\ndata: 1\r\ndata:2\r\n\r\nid: 7\ndata: x\n\ndata\rdata: y\r\r";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    tools::SseReader reader;
    auto events = reader.feed(text.substr(0, cut));
    for (auto& e : reader.feed(text.substr(cut))) events.push_back(e);
    REQUIRE(events.size() == 3);
    CHECK((events[0].event == "a" && events[0].data == "1\n2"));
    CHECK((events[1].id == "7" && events[1].data == "x"));
    CHECK(events[2].data == "\ny");
  }
}
