// Form::parse: whatever is accepted comes back the same when it is written again, in either form.
#include <cstdlib>
#include <string>

#include "bytes/bytes.h"
#include "gateway/web/form.h"
#include "http/message.h"

namespace {

using certwright::gateway::web::Form;

std::string urlencoded(const Form& form) {
  std::string text;
  for (const auto& field : form.fields())
    text += certwright::http::percent_encode(field.name) + "=" + certwright::http::percent_encode(field.value) + "&";
  return text;
}

}  // namespace

// The first line is the Content-Type, the rest the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = certwright::as_text({data, size});
  const auto line = std::min(input.find('\n'), input.size());
  const std::string_view type = input.substr(0, line);
  const auto form = Form::parse(type, input.substr(std::min(size, line + 1)));
  if (form.has_value() && !Form::is_form(type)) std::abort();
  if (!form) return 0;
  if (form->fields().size() > Form::kMaxFields) std::abort();
  const auto again = Form::parse("application/x-www-form-urlencoded", urlencoded(*form));
  if (!again || again->fields().size() != form->fields().size()) std::abort();
  for (std::size_t i = 0; i < form->fields().size(); ++i)
    if (again->fields()[i].name != form->fields()[i].name || again->fields()[i].value != form->fields()[i].value)
      std::abort();
  return 0;
}
