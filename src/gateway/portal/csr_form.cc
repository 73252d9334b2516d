#include "gateway/portal/csr_form.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "http/message.h"
#include "json/object_reader.h"
#include "profile/shown.h"
#include "registration/ca_selection.h"

namespace certwright::gateway::portal {
namespace {

constexpr std::size_t kMaxCsrText = 96 * 1024;
constexpr std::size_t kMaxPasswordOctets = 256;
constexpr json::Limits kJsonLimits{.size_octets = kMaxBodyOctets, .depth = 3, .values = 256};

struct TextField {
  std::string_view name;
  std::string CsrForm::*member;
  std::size_t most_octets;
};
constexpr std::array<TextField, 5> kTexts = {{{"common_name", &CsrForm::common_name, 256},
                                              {"ca_id", &CsrForm::ca_id, 63},
                                              {"tenant_id", &CsrForm::tenant_id, 63},
                                              {"purpose_category", &CsrForm::purpose_category, 64},
                                              {"profile", &CsrForm::profile, 63}}};

Result<void> take_csr(std::string_view text, CsrForm& form) {
  auto csr = pkcs10::parse_pem_or_der(as_bytes(text));
  if (!csr) return fail_field(csr.error().code, "csr_data", "csr_data: " + csr.error().detail);
  form.csr = *std::move(csr);
  return {};
}

Result<void> take_days(std::string_view text, CsrForm& form) {
  std::int64_t days = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), days);
  if (error != std::errc() || end != text.data() + text.size() || days < 1)
    return fail_field(Errc::invalid, "validity_days",
                      fmt::format("validity_days: expected a whole number of days from 1 to {}, got {}",
                                  kMaxValidity_days, profile::shown(text)));
  form.validity_days = days;
  return {};
}

Result<void> take_extension(std::string_view name, CsrForm& form) {
  const auto known = std::ranges::find(registration::kExtensionNames, name);
  if (known == std::ranges::end(registration::kExtensionNames))
    return fail_field(Errc::invalid, "requested_extensions",
                      fmt::format("requested_extensions: {} is none of {}", profile::shown(name),
                                  fmt::join(registration::kExtensionNames, ", ")));
  if (std::ranges::find(form.extensions, name) == form.extensions.end()) form.extensions.emplace_back(name);
  return {};
}

Result<void> take_extensions(std::string_view list, CsrForm& form) {
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    std::string_view name = list.substr(0, comma);
    list.remove_prefix(std::min(list.size(), comma + 1));
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (!name.empty()) CERTWRIGHT_CHECK(take_extension(name, form));
  }
  return {};
}

Result<void> take_password(std::string_view text, CsrForm& form) {
  if (text.size() > kMaxPasswordOctets)
    return fail_field(Errc::too_large, "approval_password", "approval_password: at most 256 octets");
  form.approval_password = SecretBytes::copy_of(as_bytes(text));
  return {};
}

Result<CsrForm> read_json(std::string_view body) {
  CERTWRIGHT_TRY(const auto document, json::parse(body, kJsonLimits));
  CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(document));
  CsrForm form;
  CERTWRIGHT_TRY(const auto csr, reader.optional_string("csr_data", {.max_length = kMaxCsrText}));
  for (const auto& [name, member, most] : kTexts) {
    CERTWRIGHT_TRY(auto text, reader.optional_string(name, {.max_length = most}));
    form.*member = std::move(text).value_or("");
  }
  // Forms send numbers as text; so may programs that were written for one.
  if (const auto* days = reader.optional_value("validity_days"); days != nullptr && !days->is_null()) {
    const std::string text = days->if_string() != nullptr ? *days->if_string() : json::write(*days);
    if (!text.empty()) CERTWRIGHT_CHECK(take_days(text, form));
  }
  CERTWRIGHT_TRY(const auto extensions,
                 reader.optional_strings("requested_extensions", {.max_count = 16, .max_length = 64}));
  CERTWRIGHT_TRY(auto password, reader.optional_string("approval_password", {.max_length = kMaxPasswordOctets}));
  CERTWRIGHT_CHECK(reader.finish());
  if (password) {
    CERTWRIGHT_CHECK(take_password(*password, form));
    wipe(*password);
  }
  if (extensions)
    for (const auto& name : *extensions) CERTWRIGHT_CHECK(take_extension(name, form));
  if (csr) CERTWRIGHT_CHECK(take_csr(*csr, form));
  return form;
}

// What a browser sends for a box that is ticked; a page may also send "0" for one that is not.
Result<bool> is_ticked(const web::Form::Field& field) {
  if (field.value == "on" || field.value == "1" || field.value == "true") return true;
  if (field.value.empty() || field.value == "0" || field.value == "false") return false;
  return fail_field(Errc::invalid, field.name, field.name + ": expected on, 1 or true");
}

Result<void> take_field(const web::Form::Field& field, CsrForm& form) {
  const std::string_view name = field.name;
  if (field.value.empty()) return {};  // forms send what was left empty
  if (name == "csr_data") return take_csr(field.value, form);
  if (name == "validity_days") return take_days(field.value, form);
  if (name == "approval_password") return take_password(field.value, form);
  if (name == "requested_extensions" || name == "requested_extensions[]") return take_extensions(field.value, form);
  if (std::ranges::find(registration::kExtensionNames, name) != std::ranges::end(registration::kExtensionNames)) {
    CERTWRIGHT_TRY(const bool ticked, is_ticked(field));
    return ticked ? take_extension(name, form) : Result<void>{};
  }
  const auto text = std::ranges::find(kTexts, name, &TextField::name);
  if (text == kTexts.end())
    return fail_field(Errc::invalid, field.name, profile::shown(name) + " is no field of this form");
  if (field.value.size() > text->most_octets)
    return fail_field(Errc::too_large, field.name, fmt::format("{}: at most {} octets", name, text->most_octets));
  form.*(text->member) = field.value;
  return {};
}

Result<CsrForm> read_fields(std::span<const web::Form::Field> fields) {
  CsrForm form;
  for (const auto& field : fields) {
    const bool repeats = field.name.starts_with("requested_extensions");
    // A page may offer a file and a text for the CSR: one of them is empty.
    const auto filled = [&](const web::Form::Field& other) { return other.name == field.name && !other.value.empty(); };
    if (!repeats && std::ranges::count_if(fields, filled) > 1)
      return fail_field(Errc::bad_encoding, field.name, profile::shown(field.name) + " is there twice");
    CERTWRIGHT_CHECK(take_field(field, form));
  }
  return form;
}

Result<CsrForm> read_form(std::string_view content_type, std::string_view body) {
  CERTWRIGHT_TRY(const auto form, web::Form::parse(content_type, body));
  return read_fields(form.fields());
}

Result<void> check_text(std::string_view field, std::string_view text) {
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    return fail_field(Errc::invalid, std::string(field), std::string(field) + ": control characters are not allowed");
  return {};
}

bool is_json(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  return http::equal_ignoring_case(type.substr(0, type.find(' ')), "application/json");
}

Result<CsrForm> checked(Result<CsrForm> form, Needs needs) {
  if (!form) return form;
  for (const auto& [name, member, most] : kTexts) CERTWRIGHT_CHECK(check_text(name, (*form).*member));
  if (needs == Needs::nothing) return form;
  if (!form->csr) return fail_field(Errc::invalid, "csr_data", "csr_data: required, a CSR as PEM or DER");
  if (form->common_name.empty()) return fail_field(Errc::invalid, "common_name", "common_name: required");
  return form;
}

}  // namespace

Result<CsrForm> read_csr_fields(std::span<const web::Form::Field> fields, Needs needs) {
  return checked(read_fields(fields), needs);
}

Result<CsrForm> read_csr_form(std::string_view content_type, Bytes& body, Needs needs) {
  auto form = is_json(content_type)                ? read_json(as_text(body))
              : web::Form::is_form(content_type) ? read_form(content_type, as_text(body))
                  : Result<CsrForm>(fail_field(Errc::invalid, "Content-Type",
                                               "Content-Type: send application/json, "
                                               "application/x-www-form-urlencoded or multipart/form-data"));
  wipe(body);
  return checked(std::move(form), needs);
}

Result<std::string> common_name_of(const pkcs10::CertificationRequest& csr) {
  const auto names = csr.subject().common_names();
  if (names.size() != 1)
    return fail_field(Errc::invalid, "csr_data",
                      names.empty() ? std::string("csr_data: the CSR's subject has no common name")
                                    : fmt::format("csr_data: the CSR's subject has {} common names", names.size()));
  return names.front();
}

}  // namespace certwright::gateway::portal
