#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace certwright::x509 {

// CRLReason, RFC 5280 section 5.3.1. 7 is not used.
enum class RevocationReason : std::uint8_t {  // stored
  unspecified = 0,
  key_compromise = 1,
  ca_compromise = 2,
  affiliation_changed = 3,
  superseded = 4,
  cessation_of_operation = 5,
  certificate_hold = 6,
  remove_from_crl = 8,
  privilege_withdrawn = 9,
  aa_compromise = 10,
};

// The standard's name: "keyCompromise", "cACompromise", "aACompromise", ...
std::string_view name_of(RevocationReason reason) noexcept;
// Exactly the standard's names.
std::optional<RevocationReason> revocation_reason_from_name(std::string_view name) noexcept;
std::optional<RevocationReason> revocation_reason_from_number(std::uint64_t number) noexcept;

}  // namespace certwright::x509
