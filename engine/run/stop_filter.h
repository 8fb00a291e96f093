// Turns tokens into the text that may be shown: what could still become a stop text, or half a UTF-8 sequence, is withheld
// together with its tokens, across token boundaries. One a request; engine thread only.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "engine/run/engine.h"

namespace wright::engine {

class StopFilter {
 public:
  explicit StopFilter(std::vector<std::string> stops);

  // Takes a token and its text. True when a stop text is complete: no more tokens then; what stood before it comes out.
  bool push(TokenId id, std::string_view bytes, TokenLogprob logprob = {});
  // What may be shown now; moved into the event.
  void release(GenerateEvent& out);
  // The end without a stop: everything that was withheld.
  void release_rest(GenerateEvent& out);

 private:
  struct Token {
    TokenId id;
    std::size_t end;  // offset in text_ behind its last byte
    TokenLogprob logprob;
  };
  void release_until(std::size_t end, GenerateEvent& out);
  std::size_t safe_end() const;
  const std::vector<std::string> stops_;
  std::size_t longest_ = 0;
  std::string text_;          // not released yet
  std::deque<Token> tokens_;  // not released yet
  std::size_t stopped_at_ = std::string::npos;
};

}  // namespace wright::engine
