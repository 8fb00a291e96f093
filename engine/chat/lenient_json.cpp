#include "engine/chat/lenient_json.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

#include "base/utf8.h"

namespace wright::engine {
namespace {

using nlohmann::json;
constexpr int kDepth = 100;

class Reader {
 public:
  explicit Reader(std::string_view text) : s_(text) {}
  bool repaired = false;
  std::size_t at = 0;

  std::optional<json> value(int depth) {
    space();
    if (depth > kDepth || at >= s_.size()) return std::nullopt;
    const char c = s_[at];
    if (c == '{') return object(depth);
    if (c == '[') return array(depth);
    if (c == '"' || c == '\'') return json(string());
    return bare();
  }

 private:
  void space() {
    while (at < s_.size() && (s_[at] == ' ' || s_[at] == '\n' || s_[at] == '\t' || s_[at] == '\r')) ++at;
  }

  std::optional<json> object(int depth) {
    ++at;
    json out = json::object();
    for (;;) {
      space();
      if (at >= s_.size()) return repaired = true, out;
      if (s_[at] == '}') return ++at, out;
      if (s_[at] == ',') {
        ++at;
        space();
        if (at < s_.size() && (s_[at] == '}' || s_[at] == ',')) repaired = true;
        continue;
      }
      std::string key;
      if (s_[at] == '"' || s_[at] == '\'') key = string();
      else {
        while (at < s_.size() && (std::isalnum(static_cast<unsigned char>(s_[at])) || s_[at] == '_' || s_[at] == '-')) key += s_[at++];
        if (key.empty()) return out.empty() ? std::nullopt : (repaired = true, std::optional<json>(out));
        repaired = true;
      }
      space();
      if (at >= s_.size()) return repaired = true, out;  // a key without its value
      if (s_[at] != ':') return repaired = true, out;
      ++at;
      const std::size_t begin = at;
      auto v = value(depth + 1);
      if (!v) {
        repaired = true;
        if (at == begin && at < s_.size()) return out;
        continue;
      }
      out[key] = std::move(*v);
      space();
      if (at < s_.size() && s_[at] != ',' && s_[at] != '}') repaired = true;
    }
  }

  std::optional<json> array(int depth) {
    ++at;
    json out = json::array();
    for (;;) {
      space();
      if (at >= s_.size()) return repaired = true, out;
      if (s_[at] == ']') return ++at, out;
      if (s_[at] == ',') {
        ++at;
        space();
        if (at < s_.size() && (s_[at] == ']' || s_[at] == ',')) repaired = true;
        continue;
      }
      if (s_[at] == '}') return repaired = true, out;
      const std::size_t begin = at;
      auto v = value(depth + 1);
      if (!v || at == begin) return repaired = true, out;
      out.push_back(std::move(*v));
    }
  }

  // Whether the quote at `at` really ends a string: what follows fits.
  bool ends_string() const {
    std::size_t k = at + 1;
    while (k < s_.size() && (s_[k] == ' ' || s_[k] == '\n' || s_[k] == '\t' || s_[k] == '\r')) ++k;
    return k >= s_.size() || s_[k] == ',' || s_[k] == '}' || s_[k] == ']' || s_[k] == ':';
  }

  std::string string() {
    const char quote = s_[at++];
    if (quote == '\'') repaired = true;
    std::string out;
    while (at < s_.size()) {
      const char c = s_[at];
      if (c == quote) {
        if (ends_string()) return ++at, out;
        repaired = true;  // a quote inside that was not escaped
        out += c;
        ++at;
        continue;
      }
      if (static_cast<unsigned char>(c) < 0x20) repaired = true;
      if (c != '\\') {
        out += c;
        ++at;
        continue;
      }
      if (++at >= s_.size()) break;
      const char e = s_[at++];
      switch (e) {
        case 'n': out += '\n'; break;
        case 't': out += '\t'; break;
        case 'r': out += '\r'; break;
        case 'b': out += '\b'; break;
        case 'f': out += '\f'; break;
        case '"':
        case '\\':
        case '/': out += e; break;
        case '\'':
          repaired = true;
          out += e;
          break;
        case 'u': unicode(out); break;
        default: repaired = true, out += '\\', out += e;
      }
    }
    repaired = true;  // no closing quote
    return out.substr(0, utf8::complete_prefix(out));
  }

  int hex4() {
    if (at + 4 > s_.size()) return -1;
    unsigned code = 0;
    const auto r = std::from_chars(s_.data() + at, s_.data() + at + 4, code, 16);
    if (r.ptr != s_.data() + at + 4) return -1;
    at += 4;
    return static_cast<int>(code);
  }
  void unicode(std::string& out) {
    int code = hex4();
    if (code < 0) {
      repaired = true;
      out += "\\u";
      return;
    }
    if (code >= 0xD800 && code < 0xDC00 && s_.substr(at, 2) == "\\u") {
      at += 2;
      const int low = hex4();
      if (low >= 0xDC00 && low < 0xE000) return utf8::append(out, static_cast<char32_t>(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)));
      code = -1;
    }
    if (code < 0 || (code >= 0xD800 && code < 0xE000)) repaired = true, code = 0xFFFD;
    utf8::append(out, static_cast<char32_t>(code));
  }

  std::optional<json> bare() {
    std::size_t k = at;
    while (k < s_.size() && std::string_view(",]}: \n\t\r").find(s_[k]) == std::string_view::npos) ++k;
    const std::string word(s_.substr(at, k - at));
    if (word.empty()) return std::nullopt;
    at = k;
    if (word == "true") return json(true);
    if (word == "false") return json(false);
    if (word == "null") return json(nullptr);
    if (word == "True") return repaired = true, json(true);
    if (word == "False") return repaired = true, json(false);
    if (word == "None" || word == "undefined") return repaired = true, json(nullptr);
    const json number = json::parse(word, nullptr, false);
    if (number.is_number()) return number;
    char* end = nullptr;
    const double d = std::strtod(word.c_str(), &end);
    if (end == word.c_str() + word.size() && std::isfinite(d)) return repaired = true, json(d);
    at -= word.size();
    return std::nullopt;
  }

  std::string_view s_;
};

}  // namespace

bool whole_json(std::string_view text) { return json::accept(text); }

std::optional<LenientJson> read_json(std::string_view text) {
  std::size_t begin = 0;
  bool fenced = false;
  const auto pass = [&](std::string_view what) {
    if (text.substr(begin, what.size()) != what) return;
    begin += what.size();
    fenced = true;
  };
  const auto space = [&] {
    while (begin < text.size() && (text[begin] == ' ' || text[begin] == '\n' || text[begin] == '\t' || text[begin] == '\r')) ++begin;
  };
  space();
  pass("```");
  pass("json");
  space();
  if (json::accept(text.substr(begin))) return LenientJson{json::parse(text.substr(begin)), text.size(), fenced};
  Reader reader(text.substr(begin));
  auto value = reader.value(0);
  if (!value) return std::nullopt;
  return LenientJson{std::move(*value), begin + reader.at, reader.repaired || fenced};
}

bool json_closed_at(std::string_view text, std::size_t at) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < at && i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      else if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return !in_string && depth <= 0;
}

}  // namespace wright::engine
