// The wires: server-sent events and provider chunks, and reply parsers; the same bytes in two cuts give the same events.
#include <string>

#include "agent/providers/openai.h"
#include "engine/chat/harmony.h"
#include "engine/chat/reply_format.h"
#include "tools/net/sse.h"

namespace {

std::string replies(const wright::engine::ReplyFormat& format, std::string_view text, std::size_t cut) {
  const auto parser = wright::engine::make_reply_parser(format, {}, "");
  std::string out;
  const auto take = [&](const std::vector<wright::engine::ReplyDelta>& deltas) {
    for (const auto& d : deltas)
      if (d.kind == wright::engine::ReplyDelta::Kind::text) out += d.text;
  };
  take(parser->feed(-1, text.substr(0, cut)));
  take(parser->feed(-1, text.substr(cut)));
  take(parser->finish());
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace wright;
  if (size < 2 || size > 16384) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t cut = text.empty() ? 0 : data[0] % (text.size() + 1);
  tools::SseReader whole, parts;
  const auto a = whole.feed(text);
  auto b = parts.feed(text.substr(0, cut));
  for (auto& e : parts.feed(text.substr(cut))) b.push_back(e);
  if (a.size() != b.size()) __builtin_trap();
  agent::OpenAiStream stream;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].data != b[i].data) __builtin_trap();
    if (!stream.chunk(a[i].data, {})) break;
  }
  (void)stream.finish().ok();
  const auto names = engine::reply_format_names();
  const auto* format = engine::find_reply_format(names[data[1] % names.size()]);
  if (replies(*format, text, 0) != replies(*format, text, cut)) __builtin_trap();
  engine::HarmonyParser parser;
  parser.feed(-1, text);
  parser.finish();
  return 0;
}
