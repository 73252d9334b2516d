#include "registration/removed_names.h"

#include <algorithm>
#include <optional>

#include "profile/shown.h"
#include "x509/general_name.h"
#include "x509/name.h"
#include "x509/oids.h"

namespace certwright::registration {
namespace {

constexpr std::string_view kUri = "URI:";

std::string folded(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

std::string_view without_dots_at_the_end(std::string_view text) {
  while (text.ends_with('.')) text.remove_suffix(1);
  return text;
}

// Does a value of the subject say the name? Whatever its attribute: clients read hosts, addresses and mailboxes
// out of more than one.
bool says(std::string_view value, std::string_view name) {
  const std::string_view bare = name.substr(std::min(name.find(':') + 1, name.size()));
  if (folded(without_dots_at_the_end(value)) == folded(without_dots_at_the_end(bare))) return true;
  const auto address = x509::GeneralName::ip(value);  // an address has more than one text
  return address && address->to_text() == name;
}

tl::unexpected<Error> refuse_removal(std::string_view name, std::string_view why) {
  return fail_field(Errc::invalid, "names_removed", "names_removed: " + profile::shown(name) + std::string(why));
}

tl::unexpected<Error> in_subject(std::string_view name) {
  return refuse_removal(name, " is in the subject too, which nobody changes; deny the request instead");
}

}  // namespace

bool is_same_name_text(std::string_view a, std::string_view b) {
  return a == b || (!a.starts_with(kUri) && folded(a) == folded(b));
}

Result<void> remove_names(const std::vector<std::string>& removed, profile::CertificateRequest& request) {
  for (const auto& text : removed) {
    const auto erased =
        std::erase_if(request.names, [&](const auto& name) { return is_same_name_text(name.to_text(), text); });
    if (erased == 0) return refuse_removal(text, " is not one of the request's names");
    for (const auto& attribute : request.subject)
      if (says(attribute.value, text)) return in_subject(text);
  }
  return {};
}

Result<void> check_removed(const std::vector<std::string>& removed, const x509::TbsCertificate& certificate) {
  if (removed.empty()) return {};
  std::vector<x509::GeneralName> names;
  if (const auto* extension = certificate.extensions.find(x509::oids::kSubjectAltName); extension != nullptr) {
    CERTWRIGHT_TRY(names, x509::parse_general_names(extension->value));
  }
  CERTWRIGHT_TRY(const auto subject, x509::Name::parse(certificate.subject_tlv));
  for (const auto& text : removed) {
    if (std::ranges::any_of(names, [&](const auto& name) { return is_same_name_text(name.to_text(), text); }))
      return refuse_removal(text, " would be in the certificate all the same; deny the request instead");
    for (std::size_t i = 0; i < subject.size(); ++i)
      if (says(subject.attribute(i).text(), text)) return in_subject(text);
  }
  return {};
}

}  // namespace certwright::registration
