#include "engine/text/pre_tokenizer.h"

#include "base/utf8.h"
#include "engine/text/nfc.h"

namespace wright::engine {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  if (from.empty()) return;
  std::string out;
  std::size_t at = 0;
  for (std::size_t hit; (hit = text.find(from, at)) != std::string::npos; at = hit + from.size()) {
    out.append(text, at, hit - at);
    out += to;
  }
  out.append(text, at);
  text = std::move(out);
}

void replace_matches(std::string& text, const Regex& regex, std::string_view to) {
  std::string out;
  std::size_t at = 0;
  regex.each(text, [&](std::size_t begin, std::size_t end) {
    out.append(text, at, begin - at);
    out += to;
    at = end;
  });
  out.append(text, at);
  text = std::move(out);
}

struct Cut {
  std::size_t begin, end;
  bool match;
};

void apply(const SplitStep& step, std::string_view piece, std::vector<std::string_view>& out) {
  std::vector<Cut> cuts;
  std::size_t at = 0;
  step.regex.each(piece, [&](std::size_t begin, std::size_t end) {
    if (begin > at) cuts.push_back({at, begin, step.invert});
    cuts.push_back({begin, end, !step.invert});
    at = end;
  });
  if (at < piece.size()) cuts.push_back({at, piece.size(), step.invert});
  const auto emit = [&](std::size_t begin, std::size_t end) {
    if (end > begin) out.push_back(piece.substr(begin, end - begin));
  };
  switch (step.behavior) {
    case SplitBehavior::isolated:
      for (const Cut& c : cuts) emit(c.begin, c.end);
      break;
    case SplitBehavior::removed:
      for (const Cut& c : cuts)
        if (!c.match) emit(c.begin, c.end);
      break;
    case SplitBehavior::merged_with_previous: {
      bool open = false;
      std::size_t begin = 0, end = 0;
      for (const Cut& c : cuts) {
        if (c.match && open) {  // a match joins the piece before it, once
          end = c.end;
          emit(begin, end);
          open = false;
          continue;
        }
        if (open) emit(begin, end);
        begin = c.begin, end = c.end, open = !c.match;
        if (!open) emit(begin, end);
      }
      if (open) emit(begin, end);
      break;
    }
    case SplitBehavior::merged_with_next: {
      std::size_t held = std::string_view::npos;
      for (const Cut& c : cuts) {
        if (c.match) {
          if (held != std::string_view::npos) emit(held, c.begin);
          held = c.begin;
        } else {
          emit(held == std::string_view::npos ? c.begin : held, c.end);
          held = std::string_view::npos;
        }
      }
      if (held != std::string_view::npos) emit(held, piece.size());
      break;
    }
    case SplitBehavior::contiguous:
      for (std::size_t i = 0; i < cuts.size();) {
        std::size_t k = i + 1;
        while (k < cuts.size() && cuts[k].match == cuts[i].match) ++k;
        emit(cuts[i].begin, cuts[k - 1].end);
        i = k;
      }
      break;
  }
}

}  // namespace

std::string PreTokenizer::normalized(std::string_view text, bool first) const {
  std::string out(text);
  for (const NormalizeStep& step : normalize) {
    switch (step.kind) {
      case NormalizeStep::Kind::nfc: out = nfc(out); break;
      case NormalizeStep::Kind::prepend:
        if (!out.empty()) out.insert(0, step.to);
        break;
      case NormalizeStep::Kind::replace:
        if (step.pattern) replace_matches(out, *step.pattern, step.to);
        else replace_all(out, step.from, step.to);
        break;
    }
  }
  if (prefix_space && !out.empty() && out[0] != ' ') out.insert(0, " ");
  if (!space_mark.empty()) {
    replace_all(out, " ", space_mark);
    const bool wanted = prepend_mark == Mark::always || (prepend_mark == Mark::first && first);
    if (wanted && !out.empty() && out.compare(0, space_mark.size(), space_mark) != 0) out.insert(0, space_mark);
  }
  return out;
}

std::vector<std::string_view> PreTokenizer::split(std::string_view text) const {
  std::vector<std::string_view> pieces;
  if (!text.empty()) pieces.push_back(text);
  for (const SplitStep& step : splits) {
    std::vector<std::string_view> next;
    next.reserve(step.behavior == SplitBehavior::isolated ? pieces.size() * 2 + text.size() / 4 : pieces.size());
    for (const std::string_view piece : pieces) apply(step, piece, next);
    pieces = std::move(next);
  }
  if (split_at_mark && !space_mark.empty()) {
    std::vector<std::string_view> next;
    for (const std::string_view piece : pieces) {
      std::size_t begin = 0;
      for (std::size_t hit; (hit = piece.find(space_mark, begin + (begin < piece.size() ? 1 : 0))) !=
                            std::string_view::npos;) {
        if (hit > begin) next.push_back(piece.substr(begin, hit - begin));
        begin = hit;
      }
      if (begin < piece.size()) next.push_back(piece.substr(begin));
    }
    pieces = std::move(next);
  }
  return pieces;
}

}  // namespace wright::engine
