#include "agent/shell_policy.h"

#include <vector>

namespace wright::agent {

namespace {

struct Program {
  std::string_view name;
  std::string_view letters;  // allowed one-letter options without a value; clusters are checked letter by letter
  int operands;              // most operands; -1: any
};
constexpr Program kPrograms[] = {{"cat", "AbeEnstTuv", -1}, {"ls", "aAlhrtRSd1F", -1}, {"wc", "clmwL", -1}, {"pwd", "LP", 0},
                                 {"uniq", "cdui", 1}, {"true", "", 0}, {"false", "", 0}, {"basename", "", 2}, {"dirname", "", -1},
                                 {"echo", "neE", -1}, {"diff", "uqrbwi", 2}, {"cmp", "ls", 2}};

std::string check(const std::vector<std::string>& words) {
  for (const auto& program : kPrograms) {
    if (words.empty() || program.name != words[0]) continue;
    int operands = 0;
    for (std::size_t i = 1; i < words.size(); ++i) {
      const std::string& w = words[i];
      if (w.size() > 1 && w[0] == '-') {
        for (const char c : w.substr(1))
          if (program.letters.find(c) == std::string_view::npos) return "option " + w + " of " + words[0] + " is not known to be safe";
        continue;
      }
      ++operands;
      if (words[0] == "echo") continue;
      const bool outside = w.starts_with("/") || w.starts_with("~") || ("/" + w + "/").find("/../") != std::string::npos;
      if (outside || ("/" + w).find("/.") != std::string::npos) {
        if (w != "." && !w.starts_with("./")) return w + " may lie outside the workspace or hold secrets";
        if (w.find("/.", 1) != std::string::npos) return w + " may hold secrets";
      }
    }
    if (program.operands >= 0 && operands > program.operands) return words[0] + " would take an operand as its output";
    return "";
  }
  return words.empty() ? "empty command" : words[0] + " is not known to only read";
}

}  // namespace

std::string why_not_plain_read(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  const auto end_word = [&] {
    if (in_word) words.push_back(word);
    word.clear();
    in_word = false;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("_-./,:+@%").find(c) != std::string_view::npos;
    if (plain) {
      word += c;
      in_word = true;
    } else if (c == '\'') {
      const auto close = text.find('\'', i + 1);
      if (close == std::string_view::npos) return "an open quote";
      word.append(text.substr(i + 1, close - i - 1));
      in_word = true;
      i = close;
    } else if (c == ' ') {
      end_word();
    } else if (c == '|' || c == ';' || (c == '&' && text.substr(i, 2) == "&&")) {
      end_word();
      if (auto why = check(words); !why.empty()) return why;
      words.clear();
      if (c != ';' && i + 1 < text.size() && text[i + 1] == c) ++i;
    } else {
      return "shell syntax beyond plain words";
    }
  }
  end_word();
  return check(words);
}

}  // namespace wright::agent
