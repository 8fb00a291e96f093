#include "engine/tensor/quant.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "engine/format/weights.h"
#include "tests/support/shared.h"

using namespace wright::engine;

TEST_CASE("tensor/quant: every half survives the way to float and back, and rounding is to even") {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = half_to_float(half);
    if (std::isnan(value)) CHECK(std::isnan(half_to_float(float_to_half(value))));
    else if (float_to_half(value) != half) FAIL("half " << bits << " came back as " << float_to_half(value));
  }
  struct Case { float value; std::uint16_t half, bf16; };
  const Case cases[] = {{1.0f, 0x3c00, 0x3f80}, {-2.0f, 0xc000, 0xc000}, {65504.0f, 0x7bff, 0x4780}, {65519.9f, 0x7bff, 0x4780},
                        {65520.0f, 0x7c00, 0x4780}, {0x1p-24f, 0x0001, 0x3380}, {0x1p-25f, 0x0000, 0x3300},
                        {0x1.8p-24f, 0x0002, 0x33c0}, {1.0f + 0x1p-11f, 0x3c00, 0x3f80}, {1.0f + 0x3p-11f, 0x3c02, 0x3f80},
                        {1.0f + 0x1p-8f, 0x3c04, 0x3f80}, {1.0f + 0x3p-8f, 0x3c0c, 0x3f82}};
  for (const Case& c : cases) {
    INFO(c.value);
    CHECK(float_to_half(c.value) == c.half);
    CHECK(float_to_bf16(c.value) == c.bf16);
  }
  CHECK(float_to_half(std::numeric_limits<float>::infinity()) == 0x7c00);
  CHECK(std::isnan(bf16_to_float(float_to_bf16(std::numeric_limits<float>::quiet_NaN()))));
}

TEST_CASE("tensor/quant: what quantise writes, dequantise reads within half a step") {
  std::vector<float> x(256), y(256);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<float>(i) * 0.7f) * (1.0f + static_cast<float>(i / 32));
  struct Case { DType type; float step; };  // the step as a share of the block's span (largest minus smallest)
  for (const Case c : {Case{DType::f32, 0.0f}, {DType::f16, 0.001f}, {DType::bf16, 0.004f}, {DType::q8_0, 1.0f / 250}, {DType::q4_1, 1.0f / 29},
                       {DType::q4_0, 1.0f / 13}}) {
    REQUIRE(can_quantise(c.type));
    std::vector<std::byte> bytes(bytes_of(c.type, x.size()));
    quantise(c.type, x.data(), bytes.data(), x.size());
    dequantise(c.type, bytes.data(), y.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const float span = 2.0f * (1.0f + static_cast<float>(i / 32));
      INFO(info(c.type).name << " element " << i);
      CHECK(std::fabs(x[i] - y[i]) <= c.step * span);
    }
  }
}

TEST_CASE("tensor/quant: golden values of every type") {
  const auto gguf = wright::test::shared_path("golden/gguf/types.gguf");
  const auto expected = wright::test::shared_path("golden/gguf/types.safetensors");
  if (!gguf || !expected) return;
  const auto stored = open_weights(*gguf);
  const auto wanted = open_weights(*expected);
  REQUIRE(stored.ok());
  REQUIRE(wanted.ok());
  REQUIRE((*wanted)->names().size() == 16);
  for (const auto& name : (*wanted)->names()) {
    INFO(name);
    const TensorView* in = (*stored)->find(name);
    const TensorView* out = (*wanted)->find(name);
    REQUIRE(in);
    REQUIRE(info(in->type).name == name);
    REQUIRE(can_dequantise(in->type));
    REQUIRE(in->shape == out->shape);
    const auto n = static_cast<std::size_t>(in->elements());
    std::vector<float> values(n), golden(n);
    dequantise(in->type, in->data, values.data(), n);
    dequantise(out->type, out->data, golden.data(), n);
    std::size_t unequal = 0;
    for (std::size_t i = 0; i < n; ++i) unequal += !(values[i] == golden[i]);
    CHECK(unequal == 0);
  }
}
