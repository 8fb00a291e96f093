#include <catch2/catch.hpp>

#include "tests/support/scripted_model.h"

using namespace wright;

TEST_CASE("scripted model: replies in order, streamed, requests kept") {
  test::ScriptedModel model({test::say("hello world"), test::call("read_file", {{"path", "a"}}), test::fail_with({ErrorKind::model, "down", ""})});
  std::string streamed;
  agent::ModelRequest request;
  request.system = "s";
  const auto sink = [&](const agent::ModelDelta& d) { streamed += d.text; };
  auto first = model.generate(Context(), request, sink);
  REQUIRE(first.ok());
  CHECK(streamed == "hello world");
  CHECK(first->finish == "stop");
  auto second = model.generate(Context(), request, {});
  REQUIRE(second.ok());
  CHECK(std::get<agent::ToolCallItem>(second->items[0].body).call_id == "call_1");
  CHECK(second->finish == "tool_calls");
  CHECK(model.generate(Context(), request, {}).error().message == "down");
  CHECK_FALSE(model.generate(Context(), request, {}).ok());
  CHECK(model.requests().size() == 4);
  Context cancelled;
  cancelled.cancel();
  model.add(test::say("x"));
  CHECK(model.generate(cancelled, request, {}).error().kind == ErrorKind::cancelled);
}
