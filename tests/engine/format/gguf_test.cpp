#include <catch2/catch.hpp>

#include "engine/format/stored_weights.h"
#include "tests/support/gguf_bytes.h"
#include "tests/support/shared.h"
#include "tests/support/temp_folder.h"

using namespace wright;
using namespace wright::engine;
using test::GgufBytes;

namespace {

Result<std::size_t> parse(const std::string& bytes, StoredWeights& into) {
  return parse_gguf(std::as_bytes(std::span(bytes)), into);
}

constexpr std::uint32_t kF32 = 0, kQ4_0 = 2;

}  // namespace

TEST_CASE("format/gguf: keys, shapes and offsets of a good file, versions 2 and 3") {
  for (const std::uint32_t version : {2u, 3u}) {
    GgufBytes b;
    b.header(2, 4, version).key("general.alignment", 64u).key("a.float", 0.5f).key("a.name", std::string("x\xc3\xa9"));
    b.text("a.list").raw<std::uint32_t>(9).raw<std::uint32_t>(5).raw<std::uint64_t>(2).raw<std::int32_t>(-1).raw<std::int32_t>(7);
    b.tensor("w", {64, 3}, kQ4_0, 0).tensor("b", {5}, kF32, 128).pad(64).bytes(128 + 20);
    StoredWeights w("good.gguf");
    const auto header = parse(b.str(), w);
    REQUIRE(header.ok());
    CHECK(w.names() == std::vector<std::string>{"w", "b"});
    const TensorView* view = w.find("w");
    CHECK((view->rank == 2 && view->shape[0] == 3 && view->shape[1] == 64 && view->type == DType::q4_0));
    CHECK(w.find("b")->data - view->data == 128);
    CHECK(*meta_int(w, "general.alignment") == 64);
    CHECK(*meta_float(w, "a.float") == 0.5);
    CHECK(*meta_string(w, "a.name") == "x\xc3\xa9");
    CHECK(std::get<std::vector<std::int64_t>>(*w.meta("a.list")) == std::vector<std::int64_t>{-1, 7});
    CHECK(meta_int(w, "a.name").error().message == "good.gguf: metadata key a.name is no integer");
    CHECK(meta_string(w, "absent").error().message == "good.gguf: metadata key absent is missing");
  }
}

TEST_CASE("format/gguf: every truncation of a good file is an error") {
  GgufBytes b;
  b.header(1, 2).key("k", std::string("value")).text("l").raw<std::uint32_t>(9).raw<std::uint32_t>(8).raw<std::uint64_t>(2).text("p").text("q");
  b.tensor("w", {32, 2}, kF32, 0).pad().bytes(256);
  StoredWeights whole("whole");
  REQUIRE(parse(b.str(), whole).ok());
  for (std::size_t n = 0; n < b.str().size(); ++n) {
    StoredWeights w("cut");
    INFO(n);
    CHECK(!parse(b.str().substr(0, n), w).ok());
  }
}

TEST_CASE("format/gguf: a hostile header gives an error that names the field") {
  constexpr std::uint64_t huge = ~std::uint64_t{0};
  struct Case { const char* part; GgufBytes bytes; };
  const Case cases[] = {
      {"no GGUF file", GgufBytes().raw<std::uint64_t>(0x1234)},
      {"big-endian", GgufBytes().header(0, 0, 0x03000000)},
      {"version 1 is not supported", GgufBytes().header(0, 0, 1)},
      {"tensor_count is 18446744073709551615", GgufBytes().header(huge, 0).bytes(64)},
      {"metadata_kv_count is 18446744073709551615", GgufBytes().header(0, huge).bytes(64)},
      {"metadata key 0 has a length of 18446744073709551615", GgufBytes().header(0, 1).raw(huge).bytes(64)},
      {"metadata key 0 is empty", GgufBytes().header(0, 1).text("").bytes(64)},
      {"metadata key \"k\" stands twice", GgufBytes().header(0, 2).key("k", 1u).key("k", 2u)},
      {"metadata key \"k\" has the unknown metadata type 13", GgufBytes().header(0, 1).text("k").raw<std::uint32_t>(13).bytes(16)},
      {"array of the unsupported metadata type 9", GgufBytes().header(0, 1).text("k").raw<std::uint32_t>(9).raw<std::uint32_t>(9).bytes(16)},
      {"the length of metadata key \"k\" is 1152921504606846976",
       GgufBytes().header(0, 1).text("k").raw<std::uint32_t>(9).raw<std::uint32_t>(10).raw(std::uint64_t{1} << 60).bytes(16)},
      {"metadata key \"k\" is 2, expected 0 or 1", GgufBytes().header(0, 1).text("k").raw<std::uint32_t>(7).raw<std::uint8_t>(2)},
      {"general.alignment is 48", GgufBytes().header(0, 1).key("general.alignment", 48u)},
      {"general.alignment is 131072", GgufBytes().header(0, 1).key("general.alignment", 131072u)},
      {"general.alignment is 0", GgufBytes().header(0, 1).key("general.alignment", 0u)},
      {"n_dimensions of tensor \"w\" is 0", GgufBytes().header(1, 0).tensor("w", {}, kF32, 0).bytes(64)},
      {"n_dimensions of tensor \"w\" is 5", GgufBytes().header(1, 0).tensor("w", {1, 1, 1, 1, 1}, kF32, 0).bytes(64)},
      {"dimension 1 of tensor \"w\" is 0", GgufBytes().header(1, 0).tensor("w", {4, 0}, kF32, 0).bytes(64)},
      {"dimension 1 of tensor \"w\" is 4294967296", GgufBytes().header(1, 0).tensor("w", {1ull << 32, 1ull << 32}, kF32, 0).bytes(64)},
      {"dimension 3 of tensor \"w\"", GgufBytes().header(1, 0).tensor("w", {1ull << 15, 1ull << 15, 1ull << 14, 4}, kF32, 0).bytes(64)},
      {"the type of tensor \"w\" is 99", GgufBytes().header(1, 0).tensor("w", {4}, 99, 0).bytes(64)},
      {"dimension 0 of tensor \"w\" is 33, no multiple of the 32 elements of a q4_0 block", GgufBytes().header(1, 0).tensor("w", {33}, kQ4_0, 0).bytes(64)},
      {"the offset of tensor \"w\" is 8, no multiple of the alignment 32", GgufBytes().header(1, 0).tensor("w", {4}, kF32, 8).pad().bytes(64)},
      {"tensor \"w\" (offset 64, 16 bytes) reaches beyond the end", GgufBytes().header(1, 0).tensor("w", {4}, kF32, 64).pad().bytes(64)},
      {"tensor \"w\" (offset 18446744073709551584, 16 bytes)", GgufBytes().header(1, 0).tensor("w", {4}, kF32, huge - 31).pad().bytes(64)},
      {"tensor \"w\" (offset 0, 68 bytes)", GgufBytes().header(1, 0).tensor("w", {17}, kF32, 0).pad().bytes(64)},
      {"tensor \"w\" stands twice", GgufBytes().header(2, 0).tensor("w", {4}, kF32, 0).tensor("w", {4}, kF32, 32).pad().bytes(64)},
      {"tensors \"a\" and \"b\" overlap", GgufBytes().header(2, 0).tensor("b", {4}, kF32, 32).tensor("a", {16}, kF32, 0).pad().bytes(64)},
      {"the name of tensor 0 is empty", GgufBytes().header(1, 0).tensor("", {4}, kF32, 0).pad().bytes(64)},
      {"the name of tensor 0 has 1025 bytes", GgufBytes().header(1, 0).tensor(std::string(1025, 'n'), {4}, kF32, 0).pad().bytes(64)},
  };
  for (const Case& c : cases) {
    StoredWeights w("bad.gguf");
    const auto parsed = parse(c.bytes.str(), w);
    INFO(c.part);
    REQUIRE(!parsed.ok());
    INFO(parsed.error().message);
    CHECK(parsed.error().kind == ErrorKind::invalid);
    CHECK(parsed.error().message.find(c.part) != std::string::npos);
    CHECK(parsed.error().message.starts_with("bad.gguf: "));
  }
}

TEST_CASE("format/gguf: split files are one model; a missing or foreign part is an error") {
  const auto part = [](std::uint16_t number, const char* tensor, std::int32_t total = 2, std::uint16_t count = 3) {
    GgufBytes b;
    b.header(tensor ? 1 : 0, 3).text("split.no").raw<std::uint32_t>(2).raw(number).text("split.count").raw<std::uint32_t>(2).raw(count);
    b.text("split.tensors.count").raw<std::uint32_t>(5).raw(total);
    if (tensor) b.tensor(tensor, {4}, kF32, 0).pad().bytes(16);
    return b.str();
  };
  test::TempFolder folder({{"m-00001-of-00003.gguf", part(0, nullptr)}, {"m-00002-of-00003.gguf", part(1, "a")}, {"m-00003-of-00003.gguf", part(2, "b")}});
  const std::string first = folder.path() + "/m-00001-of-00003.gguf";
  const auto whole = open_weights(first);
  REQUIRE(whole.ok());
  CHECK((*whole)->names() == std::vector<std::string>{"a", "b"});
  CHECK(open_weights(folder.path() + "/m-00002-of-00003.gguf").error().message.find("file 2 of a split model") != std::string::npos);
  folder.write("m-00003-of-00003.gguf", part(1, "b"));
  CHECK(open_weights(first).error().message.find("split.no 1 of split.count 3, expected 2 of 3") != std::string::npos);
  folder.write("m-00003-of-00003.gguf", part(2, "a"));
  CHECK(open_weights(first).error().message.find("tensor \"a\" stands in two files") != std::string::npos);
  folder.write("m-00003-of-00003.gguf", part(2, nullptr));
  CHECK(open_weights(first).error().message.find("split.tensors.count is 2, the files hold 1") != std::string::npos);
  std::filesystem::remove(folder.path() + "/m-00003-of-00003.gguf");
  CHECK(open_weights(first).error().kind == ErrorKind::not_found);
  folder.write("renamed.gguf", part(0, nullptr));
  CHECK(open_weights(folder.path() + "/renamed.gguf").error().text().find("must end in -00001-of-00003.gguf") != std::string::npos);
}

TEST_CASE("format/gguf: the golden split file equals its unsplit twin") {
  const auto split = test::shared_path("golden/gguf/qwen3moe-bf16-00001-of-00003.gguf"), one = test::shared_path("golden/gguf/qwen3moe-bf16.gguf");
  if (!split || !one) return;
  const auto a = open_weights(*split), b = open_weights(*one);
  REQUIRE(a.ok());
  REQUIRE(b.ok());
  REQUIRE((*a)->names().size() == (*b)->names().size());
  for (const auto& name : (*b)->names()) {
    const TensorView *x = (*a)->find(name), *y = (*b)->find(name);
    INFO(name);
    REQUIRE(x);
    CHECK((x->shape == y->shape && x->type == y->type && std::memcmp(x->data, y->data, x->bytes()) == 0));
  }
  CHECK((*a)->fingerprint() != (*b)->fingerprint());
}

TEST_CASE("format/weights: the fingerprint follows the contents") {
  const auto file = [](const char* value, char fill) {
    GgufBytes b;
    b.header(1, 1).key("k", std::string(value)).tensor("w", {1024}, kF32, 0).pad();
    return b.str() + std::string(4096, fill);
  };
  test::TempFolder folder({{"a.gguf", file("x", 0)}, {"b.gguf", file("x", 0)}, {"c.gguf", file("y", 0)}, {"d.gguf", file("x", 1)}});
  const auto print = [&](const char* name) { return (*open_weights(folder.path() + "/" + name))->fingerprint(); };
  CHECK(print("a.gguf") == print("b.gguf"));
  CHECK(print("a.gguf") != print("c.gguf"));
  CHECK(print("a.gguf") != print("d.gguf"));
  CHECK(open_weights(folder.path() + "/absent.gguf").error().kind == ErrorKind::not_found);
  folder.write("empty.gguf", "");
  CHECK(!open_weights(folder.path() + "/empty.gguf").ok());
}
