// read_csr_form: whatever is accepted holds what it promises, and the same in JSON as in a form.
// Input: the Content-Type up to a line feed, then the body.
#include <algorithm>
#include <cstdlib>

#include "gateway/portal/csr_form.h"
#include "json/writer.h"
#include "registration/ca_selection.h"

using namespace certwright;
using gateway::portal::CsrForm;
using gateway::portal::Needs;

namespace {

std::string as_json(const CsrForm& form) {
  json::Writer w;
  w.begin_object();
  if (form.csr) w.member("csr_data", form.csr->pem());
  w.member("common_name", form.common_name).member("ca_id", form.ca_id).member("tenant_id", form.tenant_id);
  w.member("purpose_category", form.purpose_category).member("profile", form.profile);
  if (form.validity_days) w.member("validity_days", std::to_string(*form.validity_days));
  w.key("requested_extensions").begin_array();
  for (const auto& extension : form.extensions) w.value(extension);
  w.end_array().end_object();
  return std::move(w).take();
}

bool is_utf8(const CsrForm& form) {
  for (const auto* text : {&form.common_name, &form.ca_id, &form.tenant_id, &form.purpose_category, &form.profile})
    if (std::ranges::any_of(*text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) return false;
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = as_text({data, size});
  const auto line = std::min(input.find('\n'), input.size());
  Bytes body = to_bytes(as_bytes(input.substr(std::min(size, line + 1))));
  const auto form = gateway::portal::read_csr_form(input.substr(0, line), body, Needs::nothing);
  if (!body.empty()) std::abort();  // it may have held a password
  if (!form) {
    if (form.error().detail.empty()) std::abort();
    return 0;
  }
  if (form->extensions.size() > std::size(registration::kExtensionNames)) std::abort();
  if (form->validity_days && *form->validity_days < 1) std::abort();
  if (form->common_name.size() > 256 || form->approval_password.size() > 256) std::abort();
  for (const char c : form->common_name)
    if (static_cast<unsigned char>(c) < 0x20) std::abort();
  if (!is_utf8(*form)) return 0;
  Bytes again_body = to_bytes(as_bytes(as_json(*form)));
  const auto again = gateway::portal::read_csr_form("application/json", again_body, Needs::nothing);
  if (!again || again->common_name != form->common_name || again->extensions != form->extensions ||
      again->validity_days != form->validity_days || again->csr.has_value() != form->csr.has_value())
    std::abort();
  return 0;
}
