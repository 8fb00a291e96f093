#include <catch2/catch.hpp>
#include <cstring>

#include "engine/format/plain_tensors.h"
#include "engine/format/safetensors_writer.h"
#include "engine/format/weights.h"
#include "tests/support/shared.h"
#include "tests/support/temp_folder.h"

using namespace wright;
using namespace wright::engine;

namespace {

std::string file(const std::string& header, std::size_t data, char fill = 0) {
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + std::string(data, fill);
}

std::string message_of(const test::TempFolder& folder, const std::string& name = "") {
  const auto opened = open_weights(name.empty() ? folder.path() : folder.path() + "/" + name);
  return opened ? "opened" : opened.error().message;
}

}  // namespace

TEST_CASE("format/safetensors: a bad header gives an error that names the field") {
  struct Case { const char* header; std::size_t data; const char* part; };
  const Case cases[] = {
      {R"({"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}})", 16, "opened"},
      {R"({"w":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"__metadata__":{"a":"b"}})", 4, "opened"},
      {R"({"w":{"dtype":"F9","shape":[1],"data_offsets":[0,4]}})", 4, "\"w\".dtype: unknown type \"F9\""},
      {R"({"w":{"shape":[1],"data_offsets":[0,4]}})", 4, "dtype"},
      {R"({"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4, "shape[0]: -1 is out of range"},
      {R"({"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}})", 4, "shape[1]: 4294967296 is out of range"},
      {R"({"w":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", 4, "shape[0]"},
      {R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", 8, "data_offsets: 8 bytes, the shape needs 4"},
      {R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 4, "[4, 8] lies outside the 4 bytes of data"},
      {R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}})", 4, "[-4, 0] lies outside"},
      {R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", 4, "[4, 0] lies outside"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8, "\"a\" and \"b\" overlap"},
      {R"([1])", 4, "no JSON object"},
      {R"({"w")", 4, "not valid JSON"},
  };
  for (const Case& c : cases) {
    test::TempFolder folder({{"m.safetensors", file(c.header, c.data)}});
    INFO(c.header);
    INFO(message_of(folder, "m.safetensors"));
    CHECK(message_of(folder, "m.safetensors").find(c.part) != std::string::npos);
  }
  test::TempFolder folder({{"short.safetensors", "abc"}, {"long.safetensors", std::string("\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10)}});
  CHECK(message_of(folder, "short.safetensors").find("shorter than a safetensors header") != std::string::npos);
  CHECK(message_of(folder, "long.safetensors").find("the header length is 9223372036854775807") != std::string::npos);
}

TEST_CASE("format/safetensors: hub folders, sharded and not") {
  const std::string a = file(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4);
  const std::string b = file(R"({"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4);
  const auto index = [](const char* shard) { return std::string(R"({"weight_map":{"a":"1.safetensors","b":")") + shard + "\"}}"; };
  test::TempFolder folder({{"1.safetensors", a}, {"2.safetensors", b}});
  CHECK(message_of(folder).find("has no config.json") != std::string::npos);
  folder.write("config.json", R"({"model_type":"llama"})");
  CHECK(message_of(folder).find("neither model.safetensors nor model.safetensors.index.json") != std::string::npos);
  folder.write("model.safetensors.index.json", index("2.safetensors"));
  const auto whole = open_weights(folder.path());
  REQUIRE(whole.ok());
  CHECK((*whole)->names() == std::vector<std::string>{"a", "b"});
  CHECK(!(*whole)->is_gguf());
  folder.write("model.safetensors.index.json", index("../2.safetensors"));
  CHECK(message_of(folder).find("is no plain file name") != std::string::npos);
  folder.write("model.safetensors.index.json", index("3.safetensors"));
  CHECK(message_of(folder).find("3.safetensors") != std::string::npos);
  folder.write("model.safetensors.index.json", index("1.safetensors"));
  CHECK(message_of(folder).find("tensor \"b\" of the index is missing") != std::string::npos);
  folder.write("config.json", "[]");
  CHECK(message_of(folder).find("expected an object") != std::string::npos);
}

TEST_CASE("format/safetensors: what the writer writes, the reader reads") {
  test::TempFolder folder;
  const std::string path = folder.path() + "/out.safetensors";
  auto writer = SafetensorsWriter::create(path, {{"one", {2, 2}}, {"two", {3}}});
  REQUIRE(writer.ok());
  const std::vector<float> one{1, 2, 3, 4}, two{5, 6, 7};
  REQUIRE(writer->append(one).ok());
  CHECK(!writer->finish().ok());
  REQUIRE(writer->append(two).ok());
  CHECK(!writer->append(two).ok());
  REQUIRE(writer->finish().ok());
  const auto back = open_weights(path);
  REQUIRE(back.ok());
  const TensorView* view = (*back)->find("two");
  REQUIRE(view);
  CHECK(std::memcmp(view->data, two.data(), 12) == 0);
  CHECK(folder.tree().size() == 1);
  CHECK(SafetensorsWriter::create(folder.path() + "/absent/out.safetensors", {}).error().kind == ErrorKind::not_found);
}

TEST_CASE("format/plain_tensors: packed pairs come out as their unpacked twins") {
  const auto packed = test::shared_path("golden/models/gptoss-mxfp4"), plain = test::shared_path("golden/models/gptoss-bf16");
  if (!packed || !plain) return;
  const auto a = open_weights(*packed), b = open_weights(*plain);
  REQUIRE(a.ok());
  REQUIRE(b.ok());
  const auto tensors = plain_tensors(**a);
  REQUIRE(tensors.ok());
  std::size_t pairs = 0;
  for (const auto& t : *tensors) {
    const auto twin = plain_tensor(**b, t.name);
    REQUIRE(twin.ok());
    const bool pair = t.stored == "mxfp4 pair";
    pairs += pair;
    if (!pair) continue;
    // (experts, rows, cols) packed, (experts, cols, rows) not.
    const auto rows = static_cast<std::size_t>(t.shape[1]), cols = t.cols;
    REQUIRE(twin->cols == rows);
    std::vector<float> row(cols), other(rows);
    std::size_t unequal = 0;
    for (std::size_t r = 0; r < t.rows; ++r) {
      t.read_row(r, row.data());
      for (std::size_t c = 0; c < cols; ++c) {
        twin->read_row(r / rows * cols + c, other.data());
        unequal += row[c] != other[r % rows];
      }
    }
    INFO(t.name);
    CHECK(unequal == 0);
  }
  CHECK(pairs > 0);
}

TEST_CASE("format/plain_tensors: 8-bit floats need their scale") {
  test::TempFolder folder({{"m.safetensors", file(R"({"w":{"dtype":"F8_E4M3","shape":[2,2],"data_offsets":[0,4]}})", 4, 0x38)}});
  const auto bare = open_weights(folder.path() + "/m.safetensors");
  REQUIRE(bare.ok());
  CHECK(plain_tensors(**bare).error().message.find("the scale of tensor \"w\" (type f8_e4m3) is missing") != std::string::npos);
  std::string bytes = file(R"({"w":{"dtype":"F8_E4M3","shape":[2,2],"data_offsets":[0,4]},"w_scale":{"dtype":"BF16","shape":[2,1],"data_offsets":[4,8]}})", 4, 0x38);
  bytes += std::string("\x80\x3f\x00\x40", 4);  // 1 and 2
  folder.write("m.safetensors", bytes);
  const auto weights = open_weights(folder.path() + "/m.safetensors");
  REQUIRE(weights.ok());
  const auto tensor = plain_tensor(**weights, "w");
  REQUIRE(tensor.ok());
  float row[2];
  tensor->read_row(1, row);
  CHECK((row[0] == 2.0f && row[1] == 2.0f));
  CHECK(plain_tensor(**weights, "x").error().kind == ErrorKind::not_found);
}
