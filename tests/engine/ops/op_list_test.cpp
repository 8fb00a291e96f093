#include "engine/ops/op_list.h"

#include <catch2/catch.hpp>

#include "engine/ops/weight_store.h"
#include "tests/support/toy_model.h"

using namespace wright;
using namespace wright::engine;

TEST_CASE("ops/op_list: the dump says each op in one line") {
  const auto text = test::toy_hybrid().ops->dump();
  for (const char* line :
       {"toy-hybrid n_vocab=97 n_layers=4 width=48 context=1024\n", "cache 0 full layer=0 kv_heads=2 key=32 value=32\n",
        "cache 1 recurrent layer=1 state=256\n", "cache 2 window layer=2 kv_heads=2 key=32 value=32 window=24\n",
        "%0 embed (48) = embed [table]\n", "%2 l0.norm1 (48) = norm eps=1e-05 %1 [layer0.norm1]\n",
        "%4 l0.q_rope (128) = rope heads=4 head_dim=32 rotary=32 freq=1..0.000177828 %3\n"}) {
    INFO(text);
    CHECK(text.find(line) != std::string::npos);
  }
}

TEST_CASE("ops/op_list: validate names the op that does not fit") {
  const OpList good = *test::toy_hybrid().ops;
  REQUIRE(good.validate().ok());
  const auto find = [](OpList& list, OpKind kind) -> Op& {
    for (Op& op : list.ops)
      if (op.kind == kind) return op;
    FAIL("no such op");
    return list.ops[0];
  };
  struct Case { void (*damage)(OpList&, Op&); OpKind kind; const char* part; };
  const Case cases[] = {
      {[](OpList&, Op& op) { op.in.push_back(0); }, OpKind::linear, "(linear l0.q): reads 2 values, expected 1 to 1"},
      {[](OpList&, Op& op) { op.in[0] = 9999; }, OpKind::add, "reads %9999, which nothing has written"},
      {[](OpList&, Op& op) { op.in[0] = op.out; }, OpKind::norm, "which nothing has written"},
      {[](OpList&, Op& op) { op.out = op.in[0]; }, OpKind::add, "a second time"},
      {[](OpList&, Op& op) { op.weights[0] = 9999; }, OpKind::linear, "names weight 9999"},
      {[](OpList& l, Op& op) { l.weights[static_cast<std::size_t>(op.weights[0])].shape = {5, 6}; }, OpKind::linear, "is (5, 6), expected (128, 48)"},
      {[](OpList&, Op& op) { std::get<AttendParams>(op.params).cache = 1; }, OpKind::attend, "cache 1 is of another kind"},
      {[](OpList&, Op& op) { std::get<AttendParams>(op.params).kv_heads = 3; }, OpKind::attend, "no multiple of 3 kv heads"},
      {[](OpList&, Op& op) { std::get<RopeParams>(op.params).inv_freq.pop_back(); }, OpKind::rope, "has 15 frequencies, expected 16"},
      {[](OpList&, Op& op) { std::get<RopeParams>(op.params).offset = 4; }, OpKind::rope, "cannot rotate"},
      {[](OpList&, Op& op) { std::get<RecurrentParams>(op.params).key_heads = 3; }, OpKind::delta_rule, "no multiple of 3 key heads"},
      {[](OpList& l, Op&) { l.caches[3].state_floats = 7; }, OpKind::decay_scan, "the state is 7 wide, expected 48"},
      {[](OpList&, Op& op) { op.params = ScaleParams{}; }, OpKind::norm, "parameters of another kind"},
      {[](OpList& l, Op&) { l.logits = 0; }, OpKind::norm, "logits are not computed from gathered output rows"},
  };
  for (const Case& c : cases) {
    OpList bad = good;
    c.damage(bad, find(bad, c.kind));
    const auto checked = bad.validate();
    REQUIRE(!checked.ok());
    INFO(checked.error().message);
    CHECK(checked.error().message.find(c.part) != std::string::npos);
  }
}

TEST_CASE("ops/weight_store: a missing tensor and a wrong shape are named") {
  const auto toy = test::toy_attention();
  OpList ops = *toy.ops;
  ops.weights[0].name = "absent";
  const auto missing = WeightStore::create(toy.weights, ops);
  REQUIRE(!missing.ok());
  CHECK(missing.error().message == "memory: tensor absent is missing");
  ops = *toy.ops;
  ops.weights[0].shape = {1, 2};
  const auto shape = WeightStore::create(toy.weights, ops);
  REQUIRE(!shape.ok());
  CHECK(shape.error().message == "memory: tensor table has shape (97, 48), its model needs (1, 2)");
}
