// Html: no text, value or address leaves the place it was put into.
#include <cstdlib>
#include <string>

#include "bytes/bytes.h"
#include "gateway/pages/html.h"

namespace {

using namespace certwright::gateway::pages;

void check(bool holds) {
  if (!holds) std::abort();
}

// What stands between `before` and `after`, both of which must be there whole.
std::string_view between(std::string_view whole, std::string_view before, std::string_view after) {
  check(whole.size() >= before.size() + after.size() && whole.starts_with(before) && whole.ends_with(after));
  return whole.substr(before.size(), whole.size() - before.size() - after.size());
}

bool is_quiet(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '<' || c == '>' || c == '"' || c == '\'' || c == '\0') return false;
    if (c != '&') continue;
    bool is_reference = false;
    for (const std::string_view reference : {"&lt;", "&gt;", "&amp;", "&quot;", "&#39;"})
      is_reference = is_reference || text.substr(i).starts_with(reference);
    if (!is_reference) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = certwright::as_text({data, size});
  check(is_quiet(escaped(input)));
  check(is_quiet(between(std::move(Html().element("p", input)).take(), "<p>", "</p>")));
  check(is_quiet(between(std::move(Html().element("textarea", input)).take(), "<textarea>", "</textarea>")));
  check(is_quiet(between(std::move(Html().begin("input", {{"value", input}, {"required"}})).take(), "<input value=\"",
                         "\" required>")));
  check(is_quiet(between(document(input, Url::of({"s"}), "B"),
                         "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                         "<meta name=\"color-scheme\" content=\"light dark\"><title>",
                         "</title><link rel=\"stylesheet\" href=\"/s\"></head><body>B</body></html>\n")));
  for (const Url& url : {Url::local(input), Url::of({input}), Url::of({"requests", input, "x"}).with(input, input),
                         Url::local(input).with("next", input)}) {
    check(url.text().starts_with('/') && !url.text().starts_with("//") && !url.text().starts_with("/\\"));
    const auto html = std::move(Html().link(url, "x")).take();
    check(is_quiet(between(html, "<a href=\"", "\">x</a>")));
  }
  return 0;
}
