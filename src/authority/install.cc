#include <algorithm>

#include "authority/authority.h"
#include "authority/chain.h"
#include "authority/key_pair.h"
#include "crypto/digest.h"
#include "crypto/public_key.h"

namespace certwright::authority {
namespace {

Result<std::vector<x509::Certificate>> parse_chain(const std::vector<Bytes>& chain) {
  std::vector<x509::Certificate> parsed;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    auto certificate = x509::Certificate::parse(chain[i]);
    if (!certificate) {
      const std::string field = "issuer_chain[" + std::to_string(i) + "]";
      return fail_field(certificate.error().code, field, field + ": " + certificate.error().detail);
    }
    parsed.push_back(std::move(*certificate));
  }
  return parsed;
}

// Two CAs of one key and name would answer for each other's certificates, and neither's CRL would
// hold what the other revoked.
Result<void> check_key_is_new(const store::Store& store, ByteView subject_public_key_info) {
  CERTWRIGHT_TRY(const auto cas, store.list_cas());
  for (const auto& ca : cas)
    if (std::ranges::equal(ca.subject_public_key_info, subject_public_key_info))
      return fail_field(Errc::conflict, "certificate", "certificate: its key is that of CA \"" + ca.id + "\" already");
  return {};
}

// The id of the CA here that issued it, if there is one.
std::string parent_of(const ca::CaDirectory& cas, const std::vector<Bytes>& issuer_chain) {
  if (issuer_chain.empty()) return "";
  for (const auto& ca : cas.all())
    if (std::ranges::equal(ca->certificate().der(), issuer_chain.front())) return ca->id();
  return "";
}

}  // namespace

Result<ca::CaPtr> Authority::install(std::string_view id, ByteView certificate_der,
                                     const std::vector<Bytes>& issuer_chain, const audit::Actor& actor) {
  CERTWRIGHT_TRY(const auto certificate, x509::Certificate::parse(to_bytes(certificate_der)));
  CERTWRIGHT_TRY(const auto issuers, parse_chain(issuer_chain));
  CERTWRIGHT_CHECK(check_ca_chain(certificate, issuers, d_.clock.now()));
  const audit::Event event{.type = audit::EventType::ca_certificate_installed,
                           .actor = actor,
                           .fields = {{"not_after", to_rfc3339(certificate.not_after())},
                                      {"sha256", to_hex(crypto::sha256(certificate_der))},
                                      {"issuer", certificate.issuer().to_text()}}};
  return replace(id, event, [&](store::CaRecord& record, audit::Event&) -> Result<void> {
    if (!std::ranges::equal(record.subject_public_key_info, certificate.subject_public_key_info_tlv()))
      return fail_field(Errc::invalid, "certificate",
                        "certificate: it is for another key than CA \"" + record.id + "\" has");
    if (record.state == store::CaState::retired)
      return fail_field(Errc::conflict, "ca", "ca: \"" + record.id + "\" is retired");
    // A new certificate for the same key keeps the name: what it issued names it as issuer.
    if (!record.certificate.empty()) {
      CERTWRIGHT_TRY(const auto before, x509::Certificate::parse(record.certificate));
      if (!std::ranges::equal(before.subject_tlv(), certificate.subject_tlv()))
        return fail_field(Errc::invalid, "certificate", "certificate: its subject is not the CA's present one");
    }
    record.certificate = to_bytes(certificate_der);
    record.issuer_chain = issuer_chain;
    record.parent = parent_of(d_.cas, issuer_chain);
    record.state = store::CaState::active;
    return check_hierarchy(record);
  });
}

Result<ca::CaPtr> Authority::import(ImportedCa imported, const audit::Actor& actor) {
  CERTWRIGHT_CHECK(check_ca_id(imported.id));
  CERTWRIGHT_CHECK(check_profiles(imported.policy));
  CERTWRIGHT_CHECK(check_approval_rules(imported.policy));
  CERTWRIGHT_TRY(const auto certificate, x509::Certificate::parse(imported.certificate));
  CERTWRIGHT_TRY(const auto issuers, parse_chain(imported.issuer_chain));
  CERTWRIGHT_CHECK(check_ca_chain(certificate, issuers, d_.clock.now()));
  if (!find_record(imported.id)) CERTWRIGHT_CHECK(check_key_is_new(d_.store, certificate.subject_public_key_info_tlv()));
  CERTWRIGHT_TRY(const auto described, crypto::check_public_key(certificate.subject_public_key_info_tlv()));

  NewCa ca{.id = imported.id, .name = imported.name, .subject = {}, .signature_algorithm = {},
           .validity = {}, .policy = imported.policy};
  store::CaRecord record;
  std::shared_ptr<signer::Signer> signer;
  if (!imported.private_key_pkcs8.empty()) {
    CERTWRIGHT_TRY(auto key, crypto::PrivateKey::from_pkcs8(imported.private_key_pkcs8));
    if (!std::ranges::equal(key.subject_public_key_info_tlv(), certificate.subject_public_key_info_tlv()))
      return fail_field(Errc::invalid, "private_key", "private_key: it is not the certificate's");
    const auto& algorithm = crypto::default_signature_algorithm(key.algorithm());
    CERTWRIGHT_TRY(const auto pair, KeyPair::create(std::move(key), algorithm));
    CERTWRIGHT_TRY(record, new_record(ca, pair));
    signer = pair.signer;
  } else {
    record = store::CaRecord{
        .id = ca.id,
        .name = ca.name.empty() ? ca.id : ca.name,
        .state = store::CaState::active,
        .parent = {},
        .certificate = {},
        .issuer_chain = {},
        .sealed_key = {},
        .subject_public_key_info = to_bytes(certificate.subject_public_key_info_tlv()),
        .key_algorithm = std::string(described.algorithm->name),
        .signature_algorithm = std::string(crypto::default_signature_algorithm(*described.algorithm).name),
        .policy = ca::write_ca_policy(ca.policy),
        .revision = 1,
        .created_at = d_.clock.now()};
  }
  record.certificate = std::move(imported.certificate);
  record.issuer_chain = std::move(imported.issuer_chain);
  record.parent = parent_of(d_.cas, record.issuer_chain);
  CERTWRIGHT_CHECK(check_hierarchy(record));
  const audit::Event event{.type = audit::EventType::ca_imported,
                           .actor = actor,
                           .fields = {{"ca", record.id},
                                      {"name", record.name},
                                      {"parent", record.parent},
                                      {"algorithm", record.key_algorithm},
                                      {"not_after", to_rfc3339(certificate.not_after())},
                                      {"sha256", to_hex(crypto::sha256(record.certificate))}}};
  return store_ca(std::move(record), std::move(signer), event);
}

}  // namespace certwright::authority
