// `wright eval` and `wright inspect` as a user runs them, on the tiny models of tests/data/engine.
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "engine/format/weights.h"
#include "tests/support/shared.h"
#include "tests/support/temp_folder.h"

using namespace wright;

namespace {

struct Ran { int code; std::string out, err; };

Ran run(const test::TempFolder& folder, const std::string& args) {
  const std::string command = "cd '" + folder.path() + "' && '" WRIGHT_BINARY "' " + args + " > out 2> err";
  const int status = std::system(command.c_str());
  return {WEXITSTATUS(status), folder.read("out"), folder.read("err")};
}

const std::string kModel = WRIGHT_SOURCE_DIR "/tests/data/engine/llama-mixed.gguf";

Json golden() { return Json::parse(*read_file(WRIGHT_SOURCE_DIR "/tests/data/engine/llama-mixed.json")); }

Json prompts() {
  Json list = Json::array();
  const Json recorded = golden();
  for (const auto& p : recorded["prompts"]) list.push_back(list.empty() ? Json{{"ids", p["ids"]}} : p["ids"]);
  return list;
}

}  // namespace

TEST_CASE("cli/eval: greedy ids and logits, both forms of the prompts file") {
  test::TempFolder folder({{"list.json", prompts().dump()}, {"object.json", Json{{"prompts", prompts()}}.dump()}});
  Json expected = Json::array();
  const Json recorded = golden();
  for (const auto& p : recorded["prompts"]) expected.push_back(p["greedy"]);
  for (const char* flags : {"--exact", "--exact --chunk 3 -t 1", "--exact --batch", "--exact --share-prefix --batch --kv f32"}) {
    INFO(flags);
    const auto ran = run(folder, "eval " + kModel + " --prompts object.json --greedy 8 " + flags);
    INFO(ran.err);
    REQUIRE(ran.code == 0);
    CHECK(Json::parse(ran.out)["greedy"] == expected);
  }
  REQUIRE(run(folder, "eval " + kModel + " --prompts list.json --exact --logits all.safetensors").code == 0);
  REQUIRE(run(folder, "eval " + kModel + " --prompts list.json --exact --logits last.safetensors --rows last").code == 0);
  const auto all = engine::open_weights(folder.path() + "/all.safetensors"), last = engine::open_weights(folder.path() + "/last.safetensors");
  REQUIRE((all.ok() && last.ok()));
  const auto *a = (*all)->find("logits.2"), *b = (*last)->find("logits.2");
  REQUIRE((a && b));
  CHECK((a->shape[0] == 70 && a->shape[1] == 96 && b->shape[0] == 1 && b->shape[1] == 96));
  CHECK(std::memcmp(a->data + 69 * 96 * 4, b->data, 96 * 4) == 0);
}

TEST_CASE("cli/eval: bad input is one line and the contract's exit code") {
  test::TempFolder folder({{"p.json", "[[1,2]]"}, {"outside.json", "[[1,96]]"}, {"negative.json", "[[-1]]"}, {"huge.json", "[[99999999999]]"},
                           {"text.json", "[[\"a\"]]"}, {"empty.json", "[[]]"}, {"object.json", "{}"}, {"broken.json", "[[1"},
                           {"adapter.json", R"([{"ids":[1],"adapter":"x"}])"}, {"long.json", Json{std::vector<int>(600, 1)}.dump()}, {"junk.gguf", "GGUFjunk"}});
  struct Case { std::string args, part; };
  const Case cases[] = {
      {kModel + " --prompts outside.json", "prompts[0]: id 96 is outside the vocabulary of 96"},
      {kModel + " --prompts negative.json", "id -1 is outside"},
      {kModel + " --prompts huge.json", "id 99999999999 is outside"},
      {kModel + " --prompts text.json", "text.json[0][0]"},
      {kModel + " --prompts empty.json", "prompts[0] is empty"},
      {kModel + " --prompts object.json", "prompts"},
      {kModel + " --prompts broken.json", "not valid JSON"},
      {kModel + " --prompts absent.json", "absent.json: No such file"},
      {kModel + " --prompts adapter.json", "adapters are not supported"},
      {kModel + " --prompts long.json", "the model's context is 512"},
      {kModel + " --prompts p.json --kv q9", "KV type q9 is not known"},
      {kModel + " --prompts p.json --exact --kv q8_0", "--exact keeps an f32 cache"},
      {kModel + " --prompts p.json --exact --isa avx2", "exact arithmetic runs scalar code"},
      {kModel + " --prompts p.json --device cuda", "device cuda is not built in"},
      {kModel + " --prompts p.json --rows some", "--rows"},
      {kModel + " --prompts p.json --chunk 0", "--chunk"},
      {kModel, "--prompts is required"},
      {"junk.gguf --prompts p.json", "junk.gguf"},
      {"no-such-model --prompts p.json", "no-such-model"},
  };
  for (const Case& c : cases) {
    const auto ran = run(folder, "eval " + c.args);
    INFO(c.args);
    INFO(ran.err);
    CHECK(ran.code == 2);
    CHECK(ran.out.empty());
    CHECK(ran.err.find(c.part) != std::string::npos);
    CHECK(std::count(ran.err.begin(), ran.err.end(), '\n') == 1);
  }
}

TEST_CASE("cli/inspect: header, op list and memory; tensors as f32; no architecture needed") {
  test::TempFolder folder;
  const auto text = run(folder, "inspect " + kModel);
  REQUIRE(text.code == 0);
  for (const char* part : {"llama.block_count = 2", "blk.0.attn_q.weight q4_k [256,256]", "= attend heads=4 kv_heads=2", "kv_heads=2 key=64 value=64"})
    CHECK(text.out.find(part) != std::string::npos);
  const auto json = Json::parse(run(folder, "inspect " + kModel + " --json -c 128 --kv f32").out);
  CHECK(json["memory"]["kv_per_token"] == 2 * 2 * 128 * 4);
  CHECK(json["memory"]["kv"] == 128 * 2 * 2 * 128 * 4);
  CHECK(json["architecture"] == "llama");
  CHECK(json["tensors"].size() == 22);
  REQUIRE(run(folder, "inspect " + kModel + " --tensor blk.0.attn_v.weight --out one.safetensors").code == 0);
  REQUIRE(run(folder, "inspect " + kModel + " --all --out all.safetensors").code == 0);
  const auto one = engine::open_weights(folder.path() + "/one.safetensors"), all = engine::open_weights(folder.path() + "/all.safetensors");
  REQUIRE((one.ok() && all.ok()));
  CHECK((*one)->names().size() == 1);
  CHECK((*all)->names().size() == 22);
  const auto *a = (*one)->find("blk.0.attn_v.weight"), *b = (*all)->find("blk.0.attn_v.weight");
  CHECK((a->type == engine::DType::f32 && a->shape[0] == 128 && a->shape[1] == 256));
  CHECK(std::memcmp(a->data, b->data, a->bytes()) == 0);
  const auto again = Json::parse(run(folder, "inspect all.safetensors --json").out);
  CHECK(again["op_list"].is_null());
  CHECK(again["op_list_error"].get<std::string>().find("model_type") != std::string::npos);
  CHECK(run(folder, "inspect " + kModel + " --tensor absent --out x").code == 2);
  CHECK(run(folder, "inspect " + kModel + " --all").err.find("--out is missing") != std::string::npos);
  CHECK(run(folder, "inspect " + kModel + " --out x").code == 2);
  CHECK(run(folder, "inspect absent.gguf").code == 2);
}

TEST_CASE("cli/tokenize: a GGUF's own vocabulary") {
  const auto vocabulary = test::shared_path("golden/tokenizers/vocab/smollm2-vocab.gguf");
  if (!vocabulary) return;
  test::TempFolder folder(std::map<std::string, std::string>{{"in", "Hello world"}});
  const auto ids = run(folder, "tokenize '" + *vocabulary + "' < in");
  INFO(ids.err);
  REQUIRE(ids.code == 0);
  CHECK(Json::parse(ids.out) == Json{19556, 905});
}
