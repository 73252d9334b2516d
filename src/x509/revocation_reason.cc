#include "x509/revocation_reason.h"

#include <array>
#include <utility>

namespace certwright::x509 {
namespace {

constexpr std::array<std::pair<RevocationReason, std::string_view>, 10> kReasonNames = {{
    {RevocationReason::unspecified, "unspecified"},
    {RevocationReason::key_compromise, "keyCompromise"},
    {RevocationReason::ca_compromise, "cACompromise"},
    {RevocationReason::affiliation_changed, "affiliationChanged"},
    {RevocationReason::superseded, "superseded"},
    {RevocationReason::cessation_of_operation, "cessationOfOperation"},
    {RevocationReason::certificate_hold, "certificateHold"},
    {RevocationReason::remove_from_crl, "removeFromCRL"},
    {RevocationReason::privilege_withdrawn, "privilegeWithdrawn"},
    {RevocationReason::aa_compromise, "aACompromise"},
}};

}  // namespace

std::string_view name_of(RevocationReason reason) noexcept {
  for (const auto& [known, name] : kReasonNames)
    if (known == reason) return name;
  return "unspecified";
}

std::optional<RevocationReason> revocation_reason_from_name(std::string_view name) noexcept {
  for (const auto& [reason, known] : kReasonNames)
    if (known == name) return reason;
  return std::nullopt;
}

std::optional<RevocationReason> revocation_reason_from_number(std::uint64_t number) noexcept {
  for (const auto& [reason, name] : kReasonNames)
    if (static_cast<std::uint64_t>(reason) == number) return reason;
  return std::nullopt;
}

}  // namespace certwright::x509
