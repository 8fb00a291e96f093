#include <algorithm>

#include "base/utf8.h"
#include "engine/chat/reply_format.h"

namespace wright::engine {
namespace {

bool white(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

std::string_view trim(std::string_view t) {
  while (!t.empty() && white(t.front())) t.remove_prefix(1);
  while (!t.empty() && white(t.back())) t.remove_suffix(1);
  return t;
}

bool ends_with(std::string_view t, std::string_view tail) { return t.size() >= tail.size() && t.substr(t.size() - tail.size()) == tail; }

class TableParser final : public ReplyParser {
 public:
  TableParser(const ReplyFormat& format, Tools tools, std::optional<std::string> tail) : format_(format), tools_(std::move(tools)) {
    if (format_.think_open.empty()) return;
    if (!tail) {
      settled_ = false;
      return;
    }
    const std::size_t open = tail->rfind(format_.think_open), close = tail->rfind(format_.think_close);
    if (open != std::string::npos && (close == std::string::npos || close < open)) thinking_ = true;
    // An empty pair, as templates write it where thinking is switched off, leaves the reply outside.
    if (!thinking_ && close != std::string::npos) thought_ = true;
  }

  std::vector<ReplyDelta> feed(TokenId, std::string_view bytes) override {
    text_ += bytes;
    while (advance(false)) {
    }
    return std::move(out_);
  }

  std::vector<ReplyDelta> finish() override {
    drop_ends();
    finishing_ = true;
    while (advance(true)) {
    }
    return std::move(out_);
  }

  bool repaired() const override { return repaired_; }

 private:
  std::string_view rest() const { return std::string_view(text_).substr(at_); }

  // Where `marker` first stands in rest(), or npos.
  std::size_t find(std::string_view marker) const { return marker.empty() ? std::string_view::npos : rest().find(marker); }

  // How much of rest() is surely no start of a marker and no end token. White space at its end is held too: it may have
  // to go.
  std::size_t safe(const std::vector<std::string_view>& markers) const {
    const std::string_view r = rest();
    std::size_t end = r.size();
    for (bool whole = true; whole;) {
      whole = false;
      while (end > 0 && white(r[end - 1])) --end;
      std::size_t keep = 0;
      for (const auto m : markers)
        for (std::size_t n = std::min(m.size(), end); n > keep; --n)
          if (r.substr(end - n, n) == m.substr(0, n)) {
            keep = n;
            whole = n == m.size();
            break;
          }
      end -= keep;
    }
    end = std::min(end, utf8::complete_prefix(r.substr(0, end)));
    while (end > 0 && white(r[end - 1])) --end;
    return end;
  }

  void put(ReplyDelta::Kind kind, std::string_view text) {
    if (!text.empty()) out_.push_back({kind, utf8::repair(text), {}});
  }

  void drop_ends() {
    for (bool again = true; again;) {
      again = false;
      std::string_view t = text_;
      while (!t.empty() && white(t.back())) t.remove_suffix(1);
      for (const auto end : format_.ends)
        if (ends_with(t, end) && t.size() - end.size() >= at_) {
          text_.resize(t.size() - end.size());
          again = true;
          break;
        }
    }
  }

  // One step; false when it must wait for more (or is done).
  bool advance(bool last) {
    if (!settled_) return settle(last);
    return thinking_ ? reasoning(last) : content(last);
  }

  // Nothing is known of the prompt: the first marker tells what came before it.
  bool settle(bool last) {
    const std::size_t open = find(format_.think_open), close = find(format_.think_close);
    std::size_t block = std::string_view::npos;
    for (const CallBlock& b : format_.blocks)
      if (!b.at_start) block = std::min(block, find(b.open));
    if (open != std::string_view::npos && open <= close && open < block && trim(rest().substr(0, open)).empty()) {
      settled_ = true;
      return true;
    }
    if (close != std::string_view::npos && close < open) {
      settled_ = thinking_ = true;
      return true;
    }
    if (last) {
      settled_ = true;
      thinking_ = format_.starts_thinking && block == std::string_view::npos && open == std::string_view::npos;
      return true;
    }
    return false;
  }

  bool reasoning(bool last) {
    if (!begun_) {
      while (at_ < text_.size() && white(text_[at_])) ++at_;
      if (rest().starts_with(format_.think_open)) {  // the model repeats what the prompt ended with
        at_ += format_.think_open.size();
        return true;
      }
      if (!last && format_.think_open.starts_with(rest())) return false;
      begun_ = true;
    }
    const std::size_t close = find(format_.think_close);
    if (close != std::string_view::npos) {
      std::string_view t = rest().substr(0, close);
      while (!t.empty() && white(t.back())) t.remove_suffix(1);
      put(ReplyDelta::Kind::reasoning, t);
      at_ += close + format_.think_close.size();
      thinking_ = false;
      thought_ = true;
      begun_ = false;
      return true;
    }
    // A tool call inside reasoning that is never closed counts as a call; what it is shows at the end only.
    std::vector<std::string_view> markers = {format_.think_close};
    std::size_t block = std::string_view::npos;
    for (const CallBlock& b : format_.blocks) {
      if (b.at_start) continue;
      block = std::min(block, find(b.open));
      markers.push_back(b.open);
    }
    if (last) {
      const std::string_view t = block == std::string_view::npos ? trim_right(rest()) : trim_right(rest().substr(0, block));
      put(ReplyDelta::Kind::reasoning, t);
      thinking_ = false;
      thought_ = true;
      repaired_ = true;
      at_ = block == std::string_view::npos ? text_.size() : at_ + block;
      return block != std::string_view::npos;
    }
    const std::size_t n = std::min(block, safe(markers));
    std::string_view t = rest().substr(0, n);
    if (block != std::string_view::npos) t = trim_right(t);
    put(ReplyDelta::Kind::reasoning, t);
    at_ += t.size();
    return false;
  }

  static std::string_view trim_right(std::string_view t) {
    while (!t.empty() && white(t.back())) t.remove_suffix(1);
    return t;
  }

  bool content(bool last) {
    if (!begun_) {
      // White space after reasoning or between calls goes; at the start of a plain reply it stays.
      if (thought_ || called_) {
        while (at_ < text_.size() && white(text_[at_])) ++at_;
      }
      const std::string_view r = trim(rest());
      if (r.empty() && !last) return false;
      if (!thought_ && !format_.think_open.empty()) {
        if (r.starts_with(format_.think_open)) {
          at_ += rest().find(format_.think_open) + format_.think_open.size();
          thinking_ = true;
          return true;
        }
        if (!last && format_.think_open.starts_with(r)) return false;
      }
      for (const CallBlock& b : format_.blocks) {
        if (!b.at_start) continue;
        if (r.starts_with(b.open)) return finishing_ && take_block(b, rest().find(b.open));
        if (!last && b.open.starts_with(r)) return false;
      }
      begun_ = true;
    }
    // The first block that opens.
    const CallBlock* first = nullptr;
    std::size_t open = std::string_view::npos;
    std::vector<std::string_view> markers(format_.ends.begin(), format_.ends.end());
    for (const CallBlock& b : format_.blocks) {
      if (b.at_start) continue;
      markers.push_back(b.open);
      const std::size_t at = find(b.open);
      if (at < open) open = at, first = &b;
    }
    if (!format_.think_close.empty()) markers.push_back(format_.think_close);
    if (first) {
      const std::string_view before = trim_right(rest().substr(0, open));
      put(ReplyDelta::Kind::text, before);
      at_ += before.size();
      return take_block(*first, open - before.size());
    }
    if (last) {
      std::string_view t = rest();
      if (thought_ || called_) t = trim_right(t);
      if (called_ && trim(t).empty()) t = {};
      put(ReplyDelta::Kind::text, t);
      at_ = text_.size();
      return false;
    }
    const std::size_t n = safe(markers);
    put(ReplyDelta::Kind::text, rest().substr(0, n));
    at_ += n;
    return false;
  }

  // The block that opens `skip` bytes into rest().
  bool take_block(const CallBlock& b, std::size_t skip) {
    const std::size_t begin = at_ + skip + (b.keep_open ? 0 : b.open.size());
    const std::string_view body = std::string_view(text_).substr(begin);
    std::size_t end = std::string_view::npos, first = std::string_view::npos;
    if (!b.close.empty()) {
      for (std::size_t k = body.find(b.close); k != std::string_view::npos; k = body.find(b.close, k + 1)) {
        const std::size_t stop = b.keep_open ? k + b.close.size() : k;
        if (first == std::string_view::npos) first = k;
        if (!b.complete || b.complete(body.substr(0, stop))) {
          end = k;
          break;
        }
      }
    }
    if (end == std::string_view::npos) {
      if (!finishing_) return false;
      if (!b.close.empty()) repaired_ = true;
      end = first == std::string_view::npos ? body.size() : first;
    }
    const bool closed = end + b.close.size() <= body.size() && !b.close.empty() && body.substr(end, b.close.size()) == b.close;
    const std::size_t stop = b.keep_open && closed ? end + b.close.size() : end;
    ParsedCalls parsed = b.parse(body.substr(0, stop), tools_);
    const std::size_t next = begin + end + (closed ? b.close.size() : 0);
    repaired_ = repaired_ || parsed.repaired;
    if (parsed.calls.empty()) {  // no sense in it: it stays readable as text
      if (!b.at_start) repaired_ = true;
      put(ReplyDelta::Kind::text, std::string_view(text_).substr(at_, next - at_));
      begun_ = true;
    } else {
      called_ = true;
      begun_ = false;
    }
    at_ = next;
    for (ChatToolCall& call : parsed.calls) {
      call.id = "call_" + std::to_string(++calls_);
      out_.push_back({ReplyDelta::Kind::tool_call, "", std::move(call)});
    }
    return true;
  }

  const ReplyFormat& format_;
  const Tools tools_;
  std::string text_;
  std::size_t at_ = 0;     // what stands before was given out
  bool settled_ = true;    // whether we know if the reply began inside reasoning
  bool thinking_ = false;  // inside reasoning
  bool thought_ = false;   // reasoning was closed (or the prompt closed it)
  bool begun_ = false;     // something of the present section was given out
  bool called_ = false, finishing_ = false, repaired_ = false;
  int calls_ = 0;
  std::vector<ReplyDelta> out_;
};

}  // namespace

std::unique_ptr<ReplyParser> make_reply_parser(const ReplyFormat& format, Tools tools, std::optional<std::string> prompt_tail) {
  return std::make_unique<TableParser>(format, std::move(tools), std::move(prompt_tail));
}

}  // namespace wright::engine
