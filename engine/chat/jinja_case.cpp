// Letter case as Python's str has it, for single code points, by the C library's Unicode tables (locale C.UTF-8, built into
// glibc); ß in capitals is SS. Mappings that hang on a word's other letters (final sigma) are not done.
#include <locale.h>
#include <wctype.h>

#include "base/utf8.h"
#include "engine/chat/jinja_eval.h"

namespace wright::engine::jinja {
namespace {

locale_t unicode() {
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

bool letter(char32_t c) { return iswalpha_l(static_cast<wint_t>(c), unicode()) != 0; }

void put(std::string& out, char32_t c, bool upper, bool whole_upper) {
  if (upper && c == U'ß') out += whole_upper ? "SS" : "Ss";
  else utf8::append(out, static_cast<char32_t>(upper ? towupper_l(static_cast<wint_t>(c), unicode()) : towlower_l(static_cast<wint_t>(c), unicode())));
}

}  // namespace

std::string with_case(std::string_view text, Case wanted) {
  std::string out;
  out.reserve(text.size());
  bool start = true;
  for (std::size_t i = 0; i < text.size();) {
    const auto d = utf8::decode(text, i);
    const bool upper = wanted == Case::upper || (start && wanted != Case::lower);
    if (d.valid) put(out, d.code, upper, wanted == Case::upper);
    else out.append(text, i, d.length);
    start = wanted == Case::title && !letter(d.code);
    i += d.length;
  }
  return out;
}

}  // namespace wright::engine::jinja
