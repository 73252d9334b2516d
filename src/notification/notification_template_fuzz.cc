// Of a template that is accepted no fact becomes markup, another line of the subject, or a placeholder.
// Input: the HTML template, a NUL, then the value of every fact.
#include <algorithm>
#include <cstdlib>

#include "bytes/bytes.h"
#include "notification/template.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace certwright;
  using namespace certwright::notification;
  const auto input = as_text(ByteView(data, size));
  const auto nul = std::min(input.find('\0'), input.size());
  const std::string html(input.substr(0, nul));
  const std::string value(nul < input.size() ? input.substr(nul + 1) : std::string_view());
  const Template wording{"{{common_name}}", "{{common_name}}\n", html};
  if (!check_template(EventKind::request_pending, wording)) return 0;
  const auto made = render(wording, {{"common_name", value}, {"request", value}, {"reason", value}, {"names", value}});
  for (const char markup : {'<', '>', '"', '\''})
    if (std::ranges::count(made.html, markup) > std::ranges::count(html, markup)) std::abort();
  if (made.subject.find_first_of("\r\n") != std::string::npos) std::abort();
  if (std::ranges::count(made.text, '\n') > 1) std::abort();
  return 0;
}
