#include "engine/remote/message.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "engine/remote/wire.h"

namespace wright::engine {
namespace {

// Enumerations are checked against their last value.
template <class Io, class E>
void enumeration(Io& io, E& value, E last) {
  auto number = static_cast<std::int32_t>(value);
  io(number);
  if constexpr (Io::reading) {
    if (number < 0 || number > static_cast<std::int32_t>(last)) return io.fail();
    value = static_cast<E>(number);
  }
}

template <class Io, class... T>
void each(Io& io, T&... values) {
  (io(values), ...);
}

}  // namespace

// One list of fields a struct, for both directions; found by name lookup from wire.h.
template <class Io> void fields(Io& io, Error& e) {
  enumeration(io, e.kind, ErrorKind::failed);
  each(io, e.message, e.next);
}
template <class Io> void fields(Io& io, Sampling& s) {
  each(io, s.temperature, s.top_k, s.top_p, s.min_p, s.repeat_penalty, s.presence_penalty, s.frequency_penalty, s.penalty_window,
       s.seed, s.logit_bias, s.logprobs);
}
template <class Io> void fields(Io& io, std::shared_ptr<const Json>& schema) {
  std::string text;
  if constexpr (!Io::reading)
    if (schema) text = dump_json(*schema);
  io(text);
  if constexpr (Io::reading) {
    if (text.empty()) return;
    auto parsed = parse_json(text, "schema");
    if (!parsed.ok()) return io.fail();
    schema = std::make_shared<const Json>(std::move(*parsed));
  }
}
template <class Io> void fields(Io& io, GenerateRequest& r) {
  each(io, r.prompt, r.sampling, r.max_tokens, r.ignore_end, r.stops, r.schema, r.choices, r.drafts);
  enumeration(io, r.priority, Priority::search);
  io(r.keep_cache);
}
template <class Io> void fields(Io& io, ScoreRequest::Group& g) { each(io, g.prefix, g.candidates); }
template <class Io> void fields(Io& io, ScoreRequest& r) {
  each(io, r.text, r.groups);
  enumeration(io, r.priority, Priority::search);
}
template <class Io> void fields(Io& io, Usage& u) {
  each(io, u.prompt_tokens, u.cached_tokens, u.completion_tokens, u.queue_ms, u.prefill_ms, u.decode_ms);
}
template <class Io> void fields(Io& io, TokenLogprob& t) { each(io, t.id, t.logprob, t.top); }
template <class Io> void fields(Io& io, GenerateEvent& e) {
  each(io, e.ids, e.bytes, e.logprobs, e.prefill_share, e.done);
  enumeration(io, e.finish, Finish::error);
  each(io, e.error, e.usage);
}
template <class Io> void fields(Io& io, ScoreReply& r) { each(io, r.logprobs, r.usage); }
template <class Io> void fields(Io& io, EngineInfo& i) {
  each(io, i.model_path, i.model_name, i.architecture, i.device, i.context_length, i.n_vocab, i.fingerprint);
}
template <class Io> void fields(Io& io, EngineStats& s) {
  each(io, s.resident_bytes, s.kv_bytes, s.cached_tokens, s.prompt_tokens, s.reread_tokens, s.completion_tokens, s.requests, s.running,
       s.waiting, s.last_token_unix_ms);
}
template <class Io> void fields(Io& io, BackendOptions& b) {
  each(io, b.exact, b.isa, b.threads);
  enumeration(io, b.kv, KvType::q8_0);
  io(b.page_capacity);
}
template <class Io> void fields(Io& io, EngineOptions& o) { each(io, o.model_path, o.backend, o.context_length, o.cache_bytes); }

template <class Io> void fields(Io& io, OpenMessage& m) { each(io, m.build_id, m.options); }
template <class Io> void fields(Io& io, SubmitMessage& m) { each(io, m.id, m.request); }
template <class Io> void fields(Io& io, ScoreMessage& m) { each(io, m.id, m.request); }
template <class Io> void fields(Io& io, CancelMessage& m) { io(m.id); }
template <class Io> void fields(Io&, AskStatsMessage&) {}
template <class Io> void fields(Io& io, HelloMessage& m) { each(io, m.build_id, m.error, m.info); }
template <class Io> void fields(Io& io, EventMessage& m) { each(io, m.id, m.event); }
template <class Io> void fields(Io& io, ScoredMessage& m) { each(io, m.id, m.error, m.reply); }
template <class Io> void fields(Io& io, StatsMessage& m) { io(m.stats); }

namespace {

// The alternative with number `kind`, read from the rest.
template <std::size_t I = 0>
bool read_as(std::size_t kind, WireReader& reader, Message& out) {
  if constexpr (I == std::variant_size_v<Message>) {
    return false;
  } else {
    if (kind != I) return read_as<I + 1>(kind, reader, out);
    fields(reader, out.emplace<I>());
    return true;
  }
}

}  // namespace

std::string encode(const Message& message) {
  WireWriter writer;
  writer(static_cast<std::uint8_t>(message.index()));
  std::visit([&](const auto& m) { fields(writer, const_cast<std::remove_cvref_t<decltype(m)>&>(m)); }, message);
  return writer.take();
}

Result<Message> decode(std::string_view bytes) {
  WireReader reader(bytes);
  std::uint8_t kind = 0;
  reader(kind);
  Message out;
  if (!reader.ok() || !read_as(kind, reader, out))
    return Error{ErrorKind::invalid, fmt::format("engine message: unknown kind {} in {} bytes", kind, bytes.size()), ""};
  if (!reader.at_end())
    return Error{ErrorKind::invalid, fmt::format("engine message of kind {}: its {} bytes do not fit its fields", kind, bytes.size()), ""};
  return out;
}

std::string own_build_id() {
  struct stat s {};
  if (stat("/proc/self/exe", &s) != 0) return "unknown";
  return fmt::format("{:x}-{:x}-{:x}-{:x}.{:x}", s.st_dev, s.st_ino, s.st_size, s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
}

}  // namespace wright::engine
