// Requests and the scanners of pages and style sheets: any bytes are read without a fault, and every range lies in the text.
#include <cstdlib>
#include <string>

#include "agent/guided/places.h"
#include "agent/guided/reading.h"

namespace {

void require(bool good) {
  if (!good) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace wright::agent::guided;
  if (size > 20'000) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const Reading reading = read_request(text, wright::tools::RepoSnapshot(), {"a.py", "src/b.html"});
  for (const Word& word : reading.words) require(word.begin < word.end && word.end <= reading.text.size());
  says(reading, "make … blue/red* title");
  element_in(reading);
  for (const Assignment& a : assignments(text)) require(a.begin <= a.end && a.end <= text.size());
  for (const char* file : {"a.css", "a.html"})
    for (const CssRule& rule : css_rules(file, text)) {
      require(rule.open <= rule.close && rule.close <= text.size());
      selects(rule.selector, "h1 button", "title btn");
      for (const Declaration& d : rule.declarations) require(d.begin <= d.end && d.end <= text.size());
    }
  for (const HtmlElement& e : html_elements(text)) require(e.open < e.open_end && e.inner <= e.inner_end && e.inner_end <= text.size() && e.style <= e.style_end && e.style_end <= text.size());
  return 0;
}
