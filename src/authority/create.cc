#include <algorithm>
#include <array>

#include "authority/authority.h"
#include "authority/chain.h"
#include "authority/key_pair.h"
#include "crypto/digest.h"
#include "crypto/verifying.h"
#include "pkcs10/certification_request.h"
#include "registration/hierarchy.h"
#include "x509/name.h"
#include "x509/oids.h"
#include "x509/pem.h"
#include "x509/tbs_certificate.h"

namespace certwright::authority {
namespace {

constexpr Seconds kBackdate = std::chrono::minutes(5);
constexpr Seconds kMaxCaValidity = std::chrono::hours(24 * 366 * 30);

// A root has no limits but its policy: clients need not look into a trust anchor (RFC 5280 section 6.1.1),
// and what a foreign parent excludes it decides itself.
Result<void> check_excludes_nothing(const NewCa& ca) {
  if (ca.excluded_names.empty()) return {};
  return fail_field(Errc::invalid, "excluded_names", "excluded_names: for a subordinate of a CA here only");
}

std::vector<std::pair<std::string_view, std::string>> describe(const store::CaRecord& record, Time not_after) {
  return {{"ca", record.id},
          {"name", record.name},
          {"parent", record.parent},
          {"algorithm", record.signature_algorithm},
          {"not_after", to_rfc3339(not_after)},
          {"sha256", to_hex(crypto::sha256(record.certificate))}};
}

// Interception has a CA profile of its own.
std::string_view profile_for(const ca::CaPolicy& policy, const registration::ProfileDirectory& profiles) {
  const bool intercepts = std::ranges::any_of(policy.profiles, [&](const std::string& name) {
    const auto profile = profiles.find(name);
    return profile != nullptr && profile->interception;
  });
  return intercepts ? "interception-ca" : "intermediate-ca";
}

Result<std::optional<x509::NameConstraints>> constraints_of(const NewCa& ca) {
  if (ca.excluded_names.empty()) return std::optional<x509::NameConstraints>();
  x509::NameConstraints constraints;
  for (std::size_t i = 0; i < ca.excluded_names.size(); ++i) {
    const std::string& text = ca.excluded_names[i];
    auto name = text.find('/') != std::string::npos ? x509::GeneralName::ip_constraint(text)
                                                    : x509::GeneralName::dns_constraint(text);
    if (!name)
      return fail_field(Errc::invalid, "excluded_names[" + std::to_string(i) + "]",
                        "excluded_names[" + std::to_string(i) + "]: " + name.error().detail);
    constraints.excluded.push_back(std::move(*name));
  }
  return std::optional(std::move(constraints));
}

// A successor keeps its predecessor's limits.
Result<std::optional<x509::NameConstraints>> constraints_of(const x509::Certificate& certificate) {
  const auto* extension = certificate.find_extension(x509::oids::kNameConstraints);
  if (extension == nullptr) return std::optional<x509::NameConstraints>();
  return x509::parse_name_constraints(extension->value).map([](auto read) { return std::optional(std::move(read)); });
}

// A root's own certificate is the one that no profile describes: RFC 5280 sections 4.1 and 4.2.1.
Result<x509::TbsCertificate> build_root(const NewCa& ca, ByteView spki_tlv, ByteView algorithm_tlv,
                                        const x509::SerialNumber& serial, Time now) {
  CERTWRIGHT_TRY(const auto subject, x509::Name::from_text(ca.subject));
  if (subject.empty())
    return fail_field(Errc::invalid, "subject", "subject: a CA needs a name, e.g. \"CN=Acme Root CA,O=Acme\"");
  CERTWRIGHT_TRY(const auto key_bits, x509::subject_public_key_bits(spki_tlv));
  const auto key_identifier = crypto::sha1(key_bits);
  x509::TbsCertificate tbs{.serial_number = serial,
                           .signature_algorithm_tlv = to_bytes(algorithm_tlv),
                           .issuer_tlv = to_bytes(subject.tlv()),
                           .not_before = std::chrono::floor<Seconds>(now - kBackdate),
                           .not_after = std::chrono::floor<Seconds>(now + ca.validity),
                           .subject_tlv = to_bytes(subject.tlv()),
                           .subject_public_key_info_tlv = to_bytes(spki_tlv),
                           .extensions = {}};
  using enum x509::KeyUsageBit;
  CERTWRIGHT_CHECK(tbs.extensions.add({x509::oids::kBasicConstraints, true,
                                       x509::encode_basic_constraints({.ca = true, .path_length = {}})}));
  CERTWRIGHT_CHECK(tbs.extensions.add(
      {x509::oids::kKeyUsage, true, x509::encode_key_usage({digital_signature, key_cert_sign, crl_sign})}));
  CERTWRIGHT_CHECK(tbs.extensions.add({x509::oids::kSubjectKeyIdentifier, false,
                                       x509::encode_subject_key_identifier(key_identifier)}));
  return tbs;
}

}  // namespace

Result<void> Authority::check_new_ca(const NewCa& ca) const {
  CERTWRIGHT_CHECK(check_ca_id(ca.id));
  CERTWRIGHT_CHECK(ca::parse_ca_policy(ca::write_ca_policy(ca.policy)));
  CERTWRIGHT_CHECK(check_profiles(ca.policy));
  if (ca.validity <= Seconds(0) || ca.validity > kMaxCaValidity)
    return fail_field(Errc::invalid, "validity", "validity: more than 0 and at most 30 years");
  return {};
}

Result<ca::CaPtr> Authority::create_root(const NewCa& ca, const audit::Actor& actor) {
  CERTWRIGHT_CHECK(check_new_ca(ca));
  CERTWRIGHT_CHECK(check_approval_rules(ca.policy));
  CERTWRIGHT_CHECK(check_excludes_nothing(ca));
  CERTWRIGHT_TRY(const auto pair, KeyPair::generate(ca));
  CERTWRIGHT_TRY(auto record, new_record(ca, pair));

  std::array<std::uint8_t, 16> serial_octets{};
  d_.random.fill(serial_octets);
  serial_octets[0] = static_cast<std::uint8_t>((serial_octets[0] & 0x3f) | 0x40);  // positive, full length
  CERTWRIGHT_TRY(const auto serial, x509::SerialNumber::parse(serial_octets));
  const ByteView key = pair.signer->subject_public_key_info_tlv();
  const ByteView algorithm = pair.signer->signature_algorithm_tlv();
  CERTWRIGHT_TRY(const auto tbs, build_root(ca, key, algorithm, serial, d_.clock.now()));
  CERTWRIGHT_TRY(const auto encoded, x509::encode(tbs));
  // The key is new and in no store yet: a crash here leaves nothing that could be trusted.
  CERTWRIGHT_TRY(const auto signature, pair.signer->sign(signer::PreparedRootCertificate(encoded)));
  CERTWRIGHT_CHECK(crypto::verify(key, algorithm, encoded.tlv(), signature));
  record.certificate = x509::assemble_certificate(encoded, algorithm, signature).release();
  CERTWRIGHT_CHECK(check_hierarchy(record));
  const audit::Event event{.type = audit::EventType::ca_created,
                           .actor = actor,
                           .fields = describe(record, tbs.not_after)};
  return store_ca(std::move(record), pair.signer, event);
}

Result<ca::CaPtr> Authority::create_subordinate(const NewCa& ca, std::string_view parent,
                                                const access::Principal& principal,
                                                const audit::Actor& actor) {
  CERTWRIGHT_CHECK(check_approval_rules(ca.policy));
  CERTWRIGHT_TRY(auto constraints, constraints_of(ca));
  return create_subordinate(ca, std::move(constraints), parent, principal, actor);
}

Result<ca::CaPtr> Authority::create_subordinate(const NewCa& ca, std::optional<x509::NameConstraints> constraints,
                                                std::string_view parent, const access::Principal& principal,
                                                const audit::Actor& actor) {
  CERTWRIGHT_CHECK(check_new_ca(ca));
  const auto issuer = d_.cas.find(parent);
  if (issuer == nullptr)
    return fail_field(Errc::not_found, "parent", "parent: there is no CA \"" + std::string(parent) + "\"");
  CERTWRIGHT_TRY(const auto cas, d_.store.list_cas());
  if (std::ranges::find(cas, ca.id, &store::CaRecord::id) != cas.end())
    return fail_field(Errc::conflict, "id", "id: there is a CA \"" + ca.id + "\" already");
  // Issuance looks at the parent's own path length; those above it are looked at here.
  std::vector<x509::Certificate> issuers;
  for (const ByteView link : issuer->chain()) {
    CERTWRIGHT_TRY(auto certificate, x509::Certificate::parse(to_bytes(link)));
    issuers.push_back(std::move(certificate));
  }
  CERTWRIGHT_CHECK(check_room_below(issuers));
  // Looked at again when it is stored; here before anything is signed.
  CERTWRIGHT_CHECK(registration::check_hierarchy(d_.cas, d_.profiles, issuer->root_certificate(), ca.id,
                                                 ca.policy.profiles));
  CERTWRIGHT_TRY(const auto pair, KeyPair::generate(ca));
  CERTWRIGHT_TRY(const auto request_der, sign_request(ca.subject, pair));
  CERTWRIGHT_TRY(auto request, pkcs10::CertificationRequest::parse(request_der));

  registration::IssuanceRequest issuance;
  issuance.principal = principal;
  issuance.actor = actor;
  issuance.tenant = "system";
  issuance.ca = std::string(parent);
  issuance.profile = profile_for(ca.policy, d_.profiles);
  issuance.name_constraints = std::move(constraints);
  issuance.entity_type = "ca";
  issuance.entity_id = ca.id;
  issuance.certification_request = std::move(request);
  issuance.validity = ca.validity;
  CERTWRIGHT_TRY(const auto issued, issue_ca(std::move(issuance), principal));

  CERTWRIGHT_TRY(auto record, new_record(ca, pair));
  record.parent = std::string(parent);
  record.certificate = issued.certificate.der;
  for (const ByteView link : issuer->chain()) record.issuer_chain.push_back(to_bytes(link));
  CERTWRIGHT_CHECK(check_hierarchy(record));
  const audit::Event event{.type = audit::EventType::ca_created,
                           .actor = actor,
                           .fields = describe(record, issued.certificate.not_after)};
  return store_ca(std::move(record), pair.signer, event);
}

Result<Rotated> Authority::rotate(std::string_view id, const access::Principal& principal,
                                  const audit::Actor& actor) {
  const auto present = d_.cas.find(id);
  if (present == nullptr)
    return fail_field(Errc::not_found, "ca", "ca: there is no CA \"" + std::string(id) + "\"");
  if (present->record().parent.empty())
    return fail_field(Errc::conflict, "ca",
                      "ca: the issuer of \"" + present->id() + "\" is not here; create a CA of kind request");
  CERTWRIGHT_TRY(const auto successor_id, next_id(present->id()));
  CERTWRIGHT_TRY(auto constraints, constraints_of(present->certificate()));
  const auto& certificate = present->certificate();
  auto validity = std::chrono::floor<Seconds>(certificate.not_after() - certificate.not_before() - kBackdate);
  // No certificate outlives its issuer, and a parent near its end must not stop a rotation.
  if (const auto parent = d_.cas.find(present->record().parent); parent != nullptr)
    validity = std::min(validity, std::chrono::floor<Seconds>(parent->not_after() - d_.clock.now()));
  CERTWRIGHT_TRY(const auto successor,
                 create_subordinate({.id = successor_id,
                                     .name = present->record().name,
                                     .subject = certificate.subject().to_text(),
                                     .key_algorithm = present->record().key_algorithm,
                                     .signature_algorithm = present->record().signature_algorithm,
                                     .validity = validity,
                                     .policy = present->policy()},
                                    std::move(constraints), present->record().parent, principal, actor));
  CERTWRIGHT_TRY(const auto carried_over, carry_over(present->id(), successor_id, actor));
  CERTWRIGHT_CHECK(retire(present->id(), actor));
  return Rotated{.successor = successor, .carried_over = carried_over};
}

// "issuing" -> "issuing-2" -> "issuing-3": the first that is free.
Result<std::string> Authority::next_id(const std::string& id) const {
  CERTWRIGHT_TRY(const auto cas, d_.store.list_cas());
  std::string stem = id;
  unsigned number = 1;
  if (const auto dash = id.rfind('-'); dash != std::string::npos && dash + 1 < id.size() &&
                                       id.find_first_not_of("0123456789", dash + 1) == std::string::npos &&
                                       id.size() - dash <= 5) {
    stem = id.substr(0, dash);
    number = static_cast<unsigned>(std::stoul(id.substr(dash + 1)));
  }
  for (;;) {
    std::string candidate = stem + "-" + std::to_string(++number);
    if (std::ranges::find(cas, candidate, &store::CaRecord::id) == cas.end()) return candidate;
  }
}

// The system's own hands (init) need no role; a person does.
Result<issuance::IssuedCertificate> Authority::issue_ca(registration::IssuanceRequest request,
                                                        const access::Principal& principal) {
  if (principal.id == "system") return d_.issuance.issue(std::move(request), registration::SystemAuthority());
  request.tenant = principal.tenant;
  return d_.issuance.issue(std::move(request));
}

Result<Bytes> Authority::sign_request(std::string_view subject_text, const KeyPair& pair) const {
  CERTWRIGHT_TRY(const auto subject, x509::Name::from_text(subject_text));
  if (subject.empty())
    return fail_field(Errc::invalid, "subject", "subject: a CA needs a name, e.g. \"CN=Acme Issuing CA,O=Acme\"");
  return sign_request(subject, pair);
}

Result<Bytes> Authority::sign_request(const x509::Name& subject, const KeyPair& pair) const {
  CERTWRIGHT_TRY(const auto info,
                 pkcs10::encode_request_info(subject, pair.signer->subject_public_key_info_tlv(), {}));
  CERTWRIGHT_TRY(const auto signature, pair.signer->sign(signer::PreparedCaRequest(info)));
  return pkcs10::assemble_request(info, pair.signer->signature_algorithm_tlv(), signature).release();
}

Result<std::string> Authority::create_request(const NewCa& ca, const audit::Actor& actor) {
  CERTWRIGHT_CHECK(check_new_ca(ca));
  CERTWRIGHT_CHECK(check_approval_rules(ca.policy));
  CERTWRIGHT_CHECK(check_excludes_nothing(ca));
  CERTWRIGHT_TRY(const auto pair, KeyPair::generate(ca));
  CERTWRIGHT_TRY(const auto request, sign_request(ca.subject, pair));
  CERTWRIGHT_TRY(auto record, new_record(ca, pair));
  record.state = store::CaState::awaiting_certificate;
  CERTWRIGHT_CHECK(store_ca(std::move(record), pair.signer,
                            {.type = audit::EventType::ca_request_exported,
                             .actor = actor,
                             .fields = {{"ca", ca.id}, {"sha256", to_hex(crypto::sha256(request))}}},
                            store::PutSetting{"ca-subject:" + ca.id, to_bytes(as_bytes(ca.subject))}));
  return x509::to_pem(x509::kPemCertificateRequest, request);
}

Result<std::string> Authority::export_request(std::string_view id, const audit::Actor& actor) {
  CERTWRIGHT_TRY(const auto record, find_record(id));
  if (record.sealed_key.empty())
    return fail_field(Errc::conflict, "ca", "ca: the key of \"" + record.id + "\" is not here");
  CERTWRIGHT_TRY(const auto pair, open_key(record));
  Bytes request;
  if (record.certificate.empty()) {
    CERTWRIGHT_TRY(const auto text, d_.store.find_setting("ca-subject:" + record.id));
    CERTWRIGHT_TRY(request, sign_request(text ? as_text(*text) : std::string_view(), pair));
  } else {  // a new certificate for the same key, e.g. before the old one expires: its name as it is, whoever gave it
    CERTWRIGHT_TRY(const auto certificate, x509::Certificate::parse(record.certificate));
    CERTWRIGHT_TRY(request, sign_request(certificate.subject(), pair));
  }
  CERTWRIGHT_CHECK(d_.journal.record(
      {.type = audit::EventType::ca_request_exported,
       .actor = actor,
       .fields = {{"ca", record.id}, {"sha256", to_hex(crypto::sha256(request))}}}));
  return x509::to_pem(x509::kPemCertificateRequest, request);
}

}  // namespace certwright::authority
