#include "agent/reply_stream.h"

#include "base/utf8.h"

namespace wright::agent {

void ReplyStream::take(const ModelDelta& delta) {
  if (delta.kind == ModelDelta::Kind::tool_call_begin) return;  // announced whole: its arguments are not known yet
  const bool text = delta.kind == ModelDelta::Kind::text;
  std::optional<Growing>& growing = text ? text_ : reasoning_;
  if (!growing) growing = Growing{session_.begin(text ? ItemBody(MessageItem{"assistant", "", {}}) : ItemBody(ReasoningItem{})), ""};
  growing->text += delta.text;
  const std::string_view rest = std::string_view(growing->text).substr(growing->told);
  const std::size_t whole = utf8::complete_prefix(rest);
  session_.delta(growing->item, rest.substr(0, whole));
  growing->told += whole;
}

Result<void> ReplyStream::finish(std::optional<Growing>& growing, ItemBody body) {
  Item item = growing ? std::move(growing->item) : session_.begin(body);
  growing.reset();
  item.body = std::move(body);
  return session_.finish(item);
}

Result<void> ReplyStream::settle(const std::vector<Item>& items) {
  for (const Item& item : items) {
    if (std::holds_alternative<MessageItem>(item.body)) WRIGHT_CHECK(finish(text_, item.body));
    else if (std::holds_alternative<ReasoningItem>(item.body)) WRIGHT_CHECK(finish(reasoning_, item.body));
    else WRIGHT_CHECK(session_.append(item.body));
  }
  return {};
}

Result<void> ReplyStream::abandon() {
  if (reasoning_) WRIGHT_CHECK(finish(reasoning_, ReasoningItem{reasoning_->text, ""}));
  if (text_) WRIGHT_CHECK(finish(text_, MessageItem{"assistant", text_->text, {}}));
  return {};
}

}  // namespace wright::agent
