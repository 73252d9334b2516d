#include "authority/chain.h"

#include <algorithm>

#include "crypto/verifying.h"
#include "x509/extension.h"
#include "x509/oids.h"

namespace certwright::authority {
namespace {

std::string place(std::size_t index) {
  return index == 0 ? "certificate" : "issuer_chain[" + std::to_string(index - 1) + "]";
}

tl::unexpected<Error> refuse(std::size_t index, std::string_view reason) {
  return fail_field(Errc::invalid, place(index), place(index) + ": " + std::string(reason));
}

// `below`: how many CAs of the chain stand under this one.
Result<void> check_ca(const x509::Certificate& certificate, std::size_t below, Time now) {
  const auto* constraints = certificate.find_extension(x509::oids::kBasicConstraints);
  if (constraints == nullptr || !certificate.is_ca())
    return refuse(below, "not a CA certificate (basicConstraints cA is not TRUE)");
  CERTWRIGHT_TRY(const auto parsed, x509::parse_basic_constraints(constraints->value));
  if (parsed.path_length && *parsed.path_length < below)
    return refuse(below, "its pathLenConstraint does not allow the CAs under it");
  const auto* usage = certificate.find_extension(x509::oids::kKeyUsage);
  if (usage != nullptr) {
    CERTWRIGHT_TRY(const auto bits, x509::parse_key_usage(usage->value));
    if (!bits.has(x509::KeyUsageBit::key_cert_sign)) return refuse(below, "its keyUsage lacks keyCertSign");
  }
  if (now < certificate.not_before()) return refuse(below, "not valid yet");
  if (certificate.not_after() <= now) return refuse(below, "expired");
  return {};
}

Result<void> check_link(const x509::Certificate& subject, const x509::Certificate& issuer,
                        std::size_t index) {
  if (!std::ranges::equal(subject.issuer_tlv(), issuer.subject_tlv()))
    return refuse(index, "its issuer is not the subject of the next certificate");
  if (!crypto::verify(issuer.subject_public_key_info_tlv(), subject.signature_algorithm_tlv(),
                      subject.tbs_tlv(), subject.signature_value()))
    return refuse(index, "its signature is not the next certificate's");
  return {};
}

}  // namespace

Result<void> check_ca_chain(const x509::Certificate& certificate,
                            const std::vector<x509::Certificate>& issuer_chain, Time now) {
  constexpr std::size_t kMaxChain = 10;
  if (issuer_chain.size() > kMaxChain)
    return fail_field(Errc::too_large, "issuer_chain", "issuer_chain: at most 10 certificates");
  std::vector<const x509::Certificate*> chain{&certificate};
  for (const auto& issuer : issuer_chain) chain.push_back(&issuer);
  for (std::size_t i = 0; i < chain.size(); ++i) {
    CERTWRIGHT_CHECK(check_ca(*chain[i], i, now));
    const bool last = i + 1 == chain.size();
    if (last && !chain[i]->is_self_issued())
      return refuse(i, "the chain does not end in a self-signed root; add its issuers");
    CERTWRIGHT_CHECK(check_link(*chain[i], last ? *chain[i] : *chain[i + 1], i));
  }
  return {};
}

Result<void> check_room_below(const std::vector<x509::Certificate>& chain) {
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const auto* constraints = chain[i].find_extension(x509::oids::kBasicConstraints);
    if (constraints == nullptr) continue;
    CERTWRIGHT_TRY(const auto parsed, x509::parse_basic_constraints(constraints->value));
    if (parsed.path_length && *parsed.path_length < i + 1)
      return fail_field(Errc::policy, "parent",
                        "parent: the path length of \"" + chain[i].subject().to_text() + "\" allows no further CA");
  }
  return {};
}

}  // namespace certwright::authority
