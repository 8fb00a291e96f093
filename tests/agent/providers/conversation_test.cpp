#include <catch2/catch.hpp>

#include "agent/providers/conversation.h"

using namespace wright::agent;

TEST_CASE("conversation: items become messages") {
  ModelRequest r;
  r.system = "s";
  const auto put = [&](ItemBody body) { r.items.push_back({"", "", 0, std::move(body)}); };
  put(TurnItem{"go", "ask", "m"});
  put(MessageItem{"user", "go", {}});  // the turn's own prompt stands once
  put(ReasoningItem{"why", ""});
  put(MessageItem{"assistant", "ok", {}});
  put(ToolCallItem{"c1", "f", {{"a", 1}}, {}});
  put(ToolCallItem{"c2", "g", nlohmann::json::object(), {}});
  put(ToolResultItem{"c1", "r1", false, {}});
  put(ToolResultItem{"c2", "r2", true, {}});
  put(MessageItem{"assistant", "done", {}});
  auto m = conversation_of(r);
  REQUIRE(m.size() == 6);
  CHECK((m[0].role == "system" && m[1].role == "user" && m[1].content == "go"));
  CHECK((m[2].role == "assistant" && m[2].reasoning == "why" && m[2].content == "ok" && m[2].tool_calls.size() == 2));
  CHECK((m[3].role == "tool" && m[3].tool_call_id == "c1" && m[3].name == "f"));
  CHECK((m[5].content == "done" && m[5].tool_calls.empty()));
  put(CompactionItem{"short", 9});
  put(TurnItem{"next", "ask", "m"});
  m = conversation_of(r);
  REQUIRE(m.size() == 3);
  CHECK((m[1].content.find("short") != std::string::npos && m[2].content == "next"));
}
