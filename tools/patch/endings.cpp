#include "tools/patch/endings.h"

#include "tools/patch/lines.h"
#include "tools/patch/planners.h"
#include "tools/patch/unified_diff.h"

namespace wright::tools::patch {

namespace {
constexpr std::string_view kBom = "\xEF\xBB\xBF";
}

std::string to_lf(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') out += text[i];
    else if (i + 1 >= text.size() || text[i + 1] != '\n') out += '\n';
  }
  return out;
}

LfText to_lf_text(std::string_view bytes) {
  return {to_lf(bytes.starts_with(kBom) ? bytes.substr(kBom.size()) : bytes), std::string(bytes)};
}

std::string from_lf_text(const LfText& file, std::string_view after) {
  std::string_view original = file.original;
  std::string out;
  if (original.starts_with(kBom)) {
    out = kBom;
    original.remove_prefix(kBom.size());
  }
  if (original == file.text) return out.append(after);
  const Source source = split_source(original, true, false);
  const auto lines = split_keep(after);
  std::size_t old_at = 0, new_at = 0;
  const auto keep = [&](std::size_t until) {
    for (; new_at < until; ++new_at, ++old_at) out.append(source.lines[old_at].text).append(source.lines[old_at].ending);
  };
  for (const auto& change : diff_lines(file.text, after)) {
    keep(change.new_begin);
    for (; new_at < change.new_end; ++new_at)
      out.append(without_ending(lines[new_at])).append(lines[new_at].ends_with('\n') ? source.ending : "");
    old_at = change.old_end;
  }
  keep(lines.size());
  return out;
}

}  // namespace wright::tools::patch
