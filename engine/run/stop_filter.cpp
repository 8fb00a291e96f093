#include "engine/run/stop_filter.h"

#include <algorithm>

#include "base/utf8.h"

namespace wright::engine {

StopFilter::StopFilter(std::vector<std::string> stops) : stops_([&] {
  std::erase(stops, "");
  return std::move(stops);
}()) {
  for (const std::string& stop : stops_) longest_ = std::max(longest_, stop.size());
}

bool StopFilter::push(TokenId id, std::string_view bytes, TokenLogprob logprob) {
  // A stop that ends in this token begins at most longest_ - 1 bytes before it.
  const std::size_t from = text_.size() + 1 > longest_ ? text_.size() + 1 - longest_ : 0;
  text_.append(bytes);
  tokens_.push_back({id, text_.size(), std::move(logprob)});
  for (const std::string& stop : stops_) stopped_at_ = std::min(stopped_at_, text_.find(stop, from));
  return stopped_at_ != std::string::npos;
}

std::size_t StopFilter::safe_end() const {
  if (stopped_at_ != std::string::npos) return stopped_at_;
  std::size_t end = utf8::complete_prefix(text_);
  for (std::size_t begin = text_.size() >= longest_ ? text_.size() - longest_ : 0; begin < end; ++begin) {
    const std::string_view tail = std::string_view(text_).substr(begin);
    for (const std::string& stop : stops_)
      if (stop.starts_with(tail)) return begin;
  }
  return end;
}

void StopFilter::release_until(std::size_t end, GenerateEvent& out) {
  out.bytes.append(text_, 0, end);
  while (!tokens_.empty() && tokens_.front().end <= end) {
    out.ids.push_back(tokens_.front().id);
    if (tokens_.front().logprob.id >= 0) out.logprobs.push_back(std::move(tokens_.front().logprob));
    tokens_.pop_front();
  }
  text_.erase(0, end);
  for (Token& token : tokens_) token.end -= end;
}

void StopFilter::release(GenerateEvent& out) { release_until(safe_end(), out); }

void StopFilter::release_rest(GenerateEvent& out) {
  release_until(stopped_at_ != std::string::npos ? stopped_at_ : text_.size(), out);
}

}  // namespace wright::engine
