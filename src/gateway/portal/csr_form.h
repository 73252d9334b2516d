#pragma once
// What comes with a CSR: the body of POST /csr/process and /csr/select, in each of its three forms.
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bytes/secret_bytes.h"
#include "clock/clock.h"
#include "errors/result.h"
#include "gateway/web/form.h"
#include "pkcs10/certification_request.h"

namespace certwright::gateway::portal {

inline constexpr std::size_t kMaxBodyOctets = 192 * 1024;  // a CSR of 64 KiB, percent-encoded, and the rest
inline constexpr std::int64_t kMaxValidity_days = 3650;
inline constexpr std::int64_t kDay_s = 86'400;

struct CsrForm {
  std::optional<pkcs10::CertificationRequest> csr{};  // PEM or DER; a file, or text
  std::string common_name{};
  std::optional<std::int64_t> validity_days{};  // 1 or more; not yet held against any limit
  std::string ca_id{};                          // empty: selected
  std::string tenant_id{};                      // empty: the caller's
  std::string purpose_category{};               // a word of the tenant's; empty: none
  std::vector<std::string> extensions{};        // of kExtensionNames, each once; empty: none asked for
  std::string profile{};                        // ours: a profile by name; empty: found by the extensions
  SecretBytes approval_password{};
};

enum class Needs : std::uint8_t { csr, nothing };  // /csr/process; /csr/select

// `content_type` decides: application/json, application/x-www-form-urlencoded or multipart/form-data. JSON
// members and form fields have the same names; "requested_extensions" is an array in JSON, and in forms a
// field that may be repeated or hold several names with commas; a checkbox named like an extension is one.
// `body` is wiped: it may hold the password.
// Errors: bad_encoding, invalid and too_large with the field, for unknown ones too; invalid, field
// "Content-Type".
Result<CsrForm> read_csr_form(std::string_view content_type, Bytes& body, Needs needs);
// The same of a form's fields that were read already, and of the password apart (empty: none): among the fields
// there would be copies of it that nobody wipes.
Result<CsrForm> read_csr_fields(std::span<const web::Form::Field> fields, SecretBytes approval_password, Needs needs);

// The one common name of the CSR's subject. Errors: invalid, field "csr_data", if it has none or several.
Result<std::string> common_name_of(const pkcs10::CertificationRequest& csr);

}  // namespace certwright::gateway::portal
