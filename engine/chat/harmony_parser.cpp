#include <algorithm>

#include "base/utf8.h"
#include "engine/chat/harmony.h"
#include "engine/chat/lenient_json.h"

namespace wright::engine {
namespace {

constexpr std::string_view kMarkers[] = {"<|start|>", "<|end|>", "<|return|>", "<|call|>", "<|message|>", "<|channel|>", "<|constrain|>"};

bool white(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
std::string trimmed(std::string_view t) {
  while (!t.empty() && white(t.front())) t.remove_prefix(1);
  while (!t.empty() && white(t.back())) t.remove_suffix(1);
  return std::string(t);
}

}  // namespace

void HarmonyParser::note(std::string_view what) {
  if (fault_.empty()) fault_ = what;
}

void HarmonyParser::feed(TokenId id, std::string_view bytes) {
  if (id >= 0 && tokenizer_) {
    if (tokenizer_->is_special(id)) marker(bytes);
    else text(bytes);
    return;
  }
  held_ += bytes;
  for (;;) {
    const std::size_t at = held_.find("<|");
    const std::string_view* found = nullptr;
    bool partial = false;
    if (at != std::string::npos) {
      for (const auto& m : kMarkers) {
        const auto here = std::string_view(held_).substr(at);
        if (here.starts_with(m)) found = &m;
        else if (m.starts_with(here)) partial = true;
      }
    }
    if (found) {
      text(std::string_view(held_).substr(0, at));
      held_.erase(0, at + found->size());
      marker(*found);
      continue;
    }
    if (partial) {
      text(std::string_view(held_).substr(0, at));
      held_.erase(0, at);
      return;
    }
    // No marker here: everything but a '<' at the end may go.
    std::size_t n = at != std::string::npos ? at + 2 : held_.size();
    if (at == std::string::npos && !held_.empty() && held_.back() == '<') --n;
    text(std::string_view(held_).substr(0, n));
    held_.erase(0, n);
    if (at == std::string::npos) return;
  }
}

void HarmonyParser::text(std::string_view bytes) {
  if (bytes.empty()) return;
  switch (state_) {
    case State::content: now_.content += bytes; break;
    case State::header: header_ += bytes; break;
    case State::start:
      if (trimmed(bytes).empty()) return;
      note("text between messages");  // taken for the content of a final message
      now_ = {"assistant", "", "final", "", "", std::string(bytes)};
      state_ = State::content;
  }
}

void HarmonyParser::marker(std::string_view name) {
  const bool ends = name == "<|end|>" || name == "<|return|>" || name == "<|call|>";
  switch (state_) {
    case State::start:
      if (name == "<|start|>") {
        header_.clear();
        given_role_ = false;
        state_ = State::header;
      } else if (!ends) {
        note("a message without <|start|>");
        header_ = name == "<|message|>" ? "" : std::string(name);
        given_role_ = true;
        state_ = State::header;
        if (name == "<|message|>") open_content();
      }
      break;
    case State::header:
      if (name == "<|message|>") open_content();
      else if (ends) {
        note("a header without <|message|>");
        state_ = State::start;
      } else if (name == "<|start|>") {
        note("<|start|> inside a header");
        header_.clear();
        given_role_ = false;
      } else {
        header_ += name;
      }
      break;
    case State::content:
      if (ends) close_message();
      else if (name == "<|start|>") {
        note("a message without its end");
        close_message();
        header_.clear();
        given_role_ = false;
        state_ = State::header;
      } else {
        note("a marker inside content");
        now_.content += name;
      }
  }
}

// [role] [to=recipient] <|channel|>channel [to=recipient] [<|constrain|>type]
void HarmonyParser::open_content() {
  now_ = {};
  std::string rest = header_;
  header_.clear();
  if (const std::size_t at = rest.find("<|channel|>"); at != std::string::npos) {
    std::size_t end = at + 11;
    while (end < rest.size() && !white(rest[end]) && rest[end] != '<') ++end;
    now_.channel = rest.substr(at + 11, end - at - 11);
    if (now_.channel.empty()) note("an empty channel");
    rest = rest.substr(0, at) + " " + rest.substr(end);
  }
  if (const std::size_t at = rest.find("<|constrain|>"); at != std::string::npos) rest.insert(at, " ");
  std::vector<std::string> words;
  for (std::size_t i = 0; i < rest.size();) {
    while (i < rest.size() && white(rest[i])) ++i;
    std::size_t end = i;
    while (end < rest.size() && !white(rest[end])) ++end;
    if (end > i) words.push_back(rest.substr(i, end - i));
    i = end;
  }
  std::size_t next = 0;
  now_.role = "assistant";
  if (!given_role_) {
    if (words.empty()) note("a header without a role");
    else now_.role = words[next++];
    if (const std::size_t colon = now_.role.find(':'); colon != std::string::npos && now_.role.starts_with("tool")) {
      now_.name = now_.role.substr(colon + 1);
      now_.role = "tool";
    }
    constexpr std::string_view kRoles[] = {"system", "developer", "user", "assistant", "tool"};
    if (std::find(std::begin(kRoles), std::end(kRoles), now_.role) == std::end(kRoles)) {
      if (!now_.role.starts_with("functions.")) note("an unknown role");
      now_.name = now_.role;
      now_.role = "tool";
    }
  }
  for (; next < words.size(); ++next) {
    const std::string& w = words[next];
    if (w.starts_with("to=")) now_.recipient = w.substr(3);
    else if (now_.content_type.empty()) now_.content_type = w;
    else now_.content_type += " " + w, note("unexpected words in a header");
  }
  state_ = State::content;
}

void HarmonyParser::close_message() {
  messages_.push_back(std::move(now_));
  now_ = {};
  state_ = State::start;
}

void HarmonyParser::finish() {
  const std::string held = std::move(held_);
  held_.clear();
  text(held);
  if (state_ == State::content) {
    now_.content.resize(utf8::complete_prefix(now_.content));
    close_message();
  } else if (state_ == State::header && !trimmed(header_).empty()) {
    note("a header without <|message|>");
    if (header_.find("<|channel|>") == std::string::npos && given_role_) {  // a reply without any marker is still a reply
      now_ = {"assistant", "", "final", "", "", header_};
      messages_.push_back(std::move(now_));
    }
  }
  state_ = State::start;
}

nlohmann::ordered_json harmony_to_json(const HarmonyMessage& m) {
  nlohmann::ordered_json out = {{"role", m.role},
                                {"name", m.name.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(m.name)},
                                {"content", nlohmann::ordered_json::array({{{"type", "text"}, {"text", utf8::repair(m.content)}}})}};
  if (!m.channel.empty()) out["channel"] = m.channel;
  if (!m.recipient.empty()) out["recipient"] = m.recipient;
  if (!m.content_type.empty()) out["content_type"] = m.content_type;
  return out;
}

namespace {

// Channels become what the agent knows: analysis is reasoning, a recipient makes a tool call, the rest is text.
class HarmonyReplyParser final : public ReplyParser {
 public:
  HarmonyReplyParser(std::shared_ptr<const Tokenizer> tokenizer, std::vector<ToolSpec> tools)
      : parser_(std::move(tokenizer)), tools_(std::move(tools)) {}

  std::vector<ReplyDelta> feed(TokenId id, std::string_view bytes) override {
    parser_.feed(id, bytes);
    return collect();
  }
  std::vector<ReplyDelta> finish() override {
    open_ = parser_.current() != nullptr;
    parser_.finish();
    return collect();
  }
  bool repaired() const override { return repaired_ || !parser_.fault().empty(); }

 private:
  std::vector<ReplyDelta> collect() {
    std::vector<ReplyDelta> out;
    for (; seen_ < parser_.messages().size(); ++seen_) {
      const HarmonyMessage& m = parser_.messages()[seen_];
      if (is_call(m)) out.push_back(call(m));
      else stream(m, out, true);
      sent_ = 0;
    }
    if (const HarmonyMessage* m = parser_.current(); m && !is_call(*m)) stream(*m, out, false);
    return out;
  }
  static bool is_call(const HarmonyMessage& m) { return !m.recipient.empty() && m.recipient != "all" && m.recipient != "assistant"; }

  void stream(const HarmonyMessage& m, std::vector<ReplyDelta>& out, bool last) {
    const std::string_view rest = std::string_view(m.content).substr(std::min(sent_, m.content.size()));
    const std::size_t n = last ? rest.size() : utf8::complete_prefix(rest);
    if (n == 0) return;
    out.push_back({m.channel == "analysis" ? ReplyDelta::Kind::reasoning : ReplyDelta::Kind::text, utf8::repair(rest.substr(0, n)), {}});
    sent_ += n;
  }

  ReplyDelta call(const HarmonyMessage& m) {
    ChatToolCall c;
    c.id = "call_" + std::to_string(++calls_);
    c.name = m.recipient.starts_with("functions.") ? m.recipient.substr(10) : m.recipient;
    c.arguments = nlohmann::json::object();
    const auto value = read_json(m.content);
    if (value && value->value.is_object()) {
      c.arguments = value->value;
      repaired_ = repaired_ || value->repaired || !trimmed(std::string_view(m.content).substr(std::min(value->end, m.content.size()))).empty();
    } else if (!trimmed(m.content).empty()) {
      // Bare text for a tool with one argument (the built-in python tool writes so).
      repaired_ = true;
      for (const ToolSpec& t : tools_)
        if (t.name == c.name && t.parameters.contains("properties") && t.parameters["properties"].size() == 1)
          c.arguments[t.parameters["properties"].begin().key()] = utf8::repair(m.content);
    }
    repaired_ = repaired_ || open_;
    return {ReplyDelta::Kind::tool_call, "", std::move(c)};
  }

  HarmonyParser parser_;
  const std::vector<ToolSpec> tools_;
  std::size_t seen_ = 0, sent_ = 0;
  int calls_ = 0;
  bool repaired_ = false, open_ = false;
};

}  // namespace

std::unique_ptr<ReplyParser> make_harmony_reply_parser(std::shared_ptr<const Tokenizer> tokenizer, std::vector<ToolSpec> tools) {
  return std::make_unique<HarmonyReplyParser>(std::move(tokenizer), std::move(tools));
}

}  // namespace wright::engine
