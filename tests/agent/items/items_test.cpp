#include <catch2/catch.hpp>

#include "agent/events.h"
#include "agent/items.h"

using namespace wright;
using namespace wright::agent;
using nlohmann::json;

namespace {

std::vector<ItemBody> one_of_each() {
  return {TurnItem{"do it", "ask", "local/m"},
          MessageItem{"assistant", "두 줄\nhere", {1, 2, 49151}},
          ReasoningItem{"because", "sig"},
          ToolCallItem{"c1", "read_file", {{"path", "a.cpp"}, {"limit", 3}}, {7}},
          ToolResultItem{"c1", "text", true, {"a.cpp", "b/c.cpp"}},
          PatchItem{"--- a\n+++ b\n", {"a"}, "2 tests pass"},
          PlanItem{{{"look", "done"}, {"fix", "active"}}},
          ApprovalItem{"c1", "deny", "no terminal", "mode ask", "policy"},
          CheckpointItem{"k1", "before edit", {"a"}},
          CompactionItem{"short", 12},
          SubagentItem{"s_1", "search", "found"},
          NoticeItem{"hello"},
          ErrorItem{"model", "it failed", "try again"}};
}

}  // namespace

TEST_CASE("every item type survives JSON") {
  const auto bodies = one_of_each();
  REQUIRE(bodies.size() == std::variant_size_v<ItemBody>);
  for (const ItemBody& body : bodies) {
    const Item item{"i_0123456789abcdef", "i_parent", 1234567890123, body};
    const json first = to_json(item);
    INFO(first.dump());
    const auto back = item_from_json(json::parse(first.dump()));
    REQUIRE(back.ok());
    CHECK(back->id == item.id);
    CHECK(back->parent == item.parent);
    CHECK(back->time_ms == item.time_ms);
    CHECK(back->body.index() == body.index());
    CHECK(to_json(*back) == first);
  }
}

TEST_CASE("a foreign item is an error that names the field") {
  CHECK(item_from_json(json::parse(R"({"id":"i","type":"banana"})")).error().message.find("banana") != std::string::npos);
  CHECK(item_from_json(json::parse(R"({"id":"i"})")).error().message.find("type") != std::string::npos);
  CHECK(item_from_json(json::parse(R"({"type":"message","role":3})")).error().message.find("role") != std::string::npos);
  CHECK(item_from_json(json::parse(R"({"type":"message","token_ids":["x"]})")).error().message.find("token_ids[0]") !=
        std::string::npos);
  CHECK_FALSE(item_from_json(json::parse("[]")).ok());
}

namespace {
struct FakeClock : Clock {
  TimePoint time{std::chrono::hours(1)};
  TimePoint now() const override { return time; }
};
std::vector<Event> drain(EventBus::Reader& reader) {
  std::vector<Event> out;
  for (;;) {
    const auto event = reader.next(Duration::zero());
    REQUIRE(event.ok());
    if (!*event) return out;
    out.push_back(**event);
  }
}
}  // namespace

TEST_CASE("events: deltas of an item are joined for 50 ms, order and sequence hold") {
  FakeClock clock;
  EventBus bus("s_1", clock);
  auto reader = bus.reader();
  Item item{"i_1", "", 0, MessageItem{"assistant", "", {}}};
  bus.added(item);
  bus.delta(item, "a");  // the first after a pause goes out at once
  for (int i = 0; i < 10; ++i) bus.delta(item, "b");
  auto seen = drain(reader);
  REQUIRE(seen.size() == 2);
  CHECK(seen[1].text == "a");
  clock.time += std::chrono::milliseconds(50);
  seen = drain(reader);
  REQUIRE(seen.empty());
  bus.delta(item, "c");
  seen = drain(reader);
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].text == "bbbbbbbbbbc");
  bus.delta(item, "d");
  bus.done(item);  // nothing may stand behind it
  seen = drain(reader);
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].text == "d");
  CHECK(seen[1].kind == Event::Kind::done);
  auto all = bus.reader(0);
  std::int64_t n = 0;
  for (const Event& event : drain(all)) CHECK(event.sequence == ++n);
  CHECK(n == bus.last_sequence());
}

TEST_CASE("events: a waiting reader gets a lone delta without another event") {
  EventBus bus("s_1");
  auto reader = bus.reader();
  Item item{"i_1", "", 0, MessageItem{"assistant", "", {}}};
  bus.delta(item, "x");
  bus.delta(item, "y");
  std::string text;
  while (text.size() < 2) {
    const auto event = reader.next(std::chrono::seconds(30));
    REQUIRE(event.ok());
    REQUIRE(*event);
    text += (*event)->text;
  }
  CHECK(text == "xy");
}

TEST_CASE("events: a reader that falls behind is told, others are not held up") {
  EventBus bus("s_1", Clock::system(), 8);
  auto slow = bus.reader();
  Item item{"i_1", "", 0, NoticeItem{"n"}};
  for (int i = 0; i < 20; ++i) bus.done(item);
  const auto lost = slow.next(Duration::zero());
  REQUIRE_FALSE(lost.ok());
  CHECK(lost.error().kind == ErrorKind::limit);
  CHECK(lost.error().message.find("12 events") != std::string::npos);
  CHECK(drain(slow).size() == 8);
  bus.close();
  CHECK(slow.finished());
}
