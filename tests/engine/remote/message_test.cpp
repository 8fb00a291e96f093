#include "engine/remote/message.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace wright;
using namespace wright::engine;

namespace {

SubmitMessage full_submit() {
  SubmitMessage m;
  m.id = 7;
  m.request.prompt = {1, 2, -3};
  m.request.sampling.temperature = 0.7f;
  m.request.sampling.seed = ~0ull;
  m.request.sampling.logit_bias = {{5, -1.5f}};
  m.request.stops = {"a", std::string("b\0c", 3)};
  m.request.schema = std::make_shared<const Json>(Json{{"type", "object"}});
  m.request.choices = {"x"};
  m.request.drafts = {{1}, {}, {2, 3}};
  m.request.priority = Priority::keystroke;
  m.request.keep_cache = false;
  return m;
}

std::vector<Message> samples() {
  EventMessage event;
  event.id = 9;
  event.event.ids = {4};
  event.event.bytes = "\xff\xfe";
  event.event.logprobs = {{4, -0.1f, {{4, -0.1f}, {5, -2}}}};
  event.event.prefill_share = 0.25;
  event.event.done = true;
  event.event.finish = Finish::error;
  event.event.error = {ErrorKind::model, "m", "n"};
  ScoredMessage scored;
  scored.reply.logprobs = {{{-1.0f, -2.0f}, {}}, {}};
  OpenMessage open{"id", {}};
  open.options.model_path = "/m.gguf";
  open.options.backend.kv = KvType::q8_0;
  ScoreMessage score;
  score.request = {{1, 2}, {{1, {{3}, {4, 5}}}}, Priority::search};
  StatsMessage stats;
  stats.stats.kv_bytes = 5;
  return {open, full_submit(), score, CancelMessage{3}, AskStatsMessage{}, HelloMessage{"id", {}, {"p", "n", "a", "d", 5, 6, 7}}, event, scored, stats};
}

}  // namespace

TEST_CASE("remote: messages come back as they went", "[remote]") {
  for (const Message& m : samples()) {
    CAPTURE(m.index());
    const std::string bytes = encode(m);
    const auto back = decode(bytes);
    REQUIRE(back.ok());
    CHECK(back->index() == m.index());
    CHECK(encode(*back) == bytes);
  }
  const auto back = decode(encode(full_submit()));
  const auto& r = std::get<SubmitMessage>(*back).request;
  CHECK(r.prompt == std::vector<TokenId>{1, 2, -3});
  CHECK(r.sampling.logit_bias[0].second == -1.5f);
  CHECK(r.stops[1].size() == 3);
  CHECK((*r.schema)["type"] == "object");
  CHECK(r.drafts.size() == 3);
  CHECK(r.priority == Priority::keystroke);
}

TEST_CASE("remote: every cut and every changed byte of a message is an error or a message, never a crash", "[remote]") {
  for (const Message& m : samples()) {
    const std::string bytes = encode(m);
    for (std::size_t n = 0; n < bytes.size(); ++n) CHECK(!decode(bytes.substr(0, n)).ok());
    CHECK(!decode(bytes + 'x').ok());
    for (std::size_t i = 0; i < bytes.size(); ++i)
      for (const char c : {'\0', '\x01', '\x7f', '\xff'}) {
        std::string changed = bytes;
        changed[i] = c;
        if (const auto back = decode(changed); back.ok()) CHECK(encode(*back).size() > 0);
      }
  }
  CHECK_THAT(decode("\x63").error().message, Catch::Contains("unknown kind 99"));
}
