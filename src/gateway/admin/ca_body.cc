#include "gateway/admin/ca_body.h"

#include "crypto/digest.h"
#include "crypto/pkcs12.h"
#include "crypto/private_key.h"
#include "profile/duration.h"
#include "x509/pem.h"

namespace certwright::gateway::admin {
namespace {

constexpr std::size_t kMaxPemOctets = 256 * 1024;

std::string_view state_name(store::CaState state) {
  switch (state) {
    case store::CaState::awaiting_certificate: return "awaiting_certificate";
    case store::CaState::active: return "active";
    case store::CaState::retired: return "retired";
  }
  return "";
}

void write_members(json::Writer& w, const ca::CertificationAuthority& ca, Time now) {
  const auto& certificate = ca.certificate();
  w.member("id", ca.id());
  w.member("name", ca.record().name);
  w.member("state", state_name(ca.record().state));
  w.member("revoked", ca.is_revoked());
  w.member("can_issue", ca.can_issue(now));
  w.member("key_online", ca.signer() != nullptr);
  w.member("parent", ca.record().parent);
  w.member("subject", certificate.subject().to_text());
  w.member("not_before", to_rfc3339(certificate.not_before()));
  w.member("not_after", to_rfc3339(certificate.not_after()));
  w.member("key_algorithm", ca.record().key_algorithm);
  w.member("signature_algorithm", ca.record().signature_algorithm);
  w.member("sha256", to_hex(crypto::sha256(certificate.der())));
  w.member("subject_key_identifier", to_hex(ca.subject_key_identifier()));
  w.key("policy").raw(ca::write_whole_ca_policy(ca.policy()));
  w.member("chain", ca.chain_pem());
}

}  // namespace

void write_ca(json::Writer& w, const ca::CertificationAuthority& ca, Time now, std::string_view approval_problem) {
  w.begin_object();
  write_members(w, ca, now);
  if (!approval_problem.empty()) w.member("approval_problem", approval_problem);
  w.end_object();
}

void write_rotated(json::Writer& w, const authority::Rotated& rotated, Time now) {
  const auto& carried = rotated.carried_over;
  w.begin_object();
  write_members(w, *rotated.successor, now);
  w.key("carried_over").begin_object().member("roles", carried.roles);
  w.member("selection_rules", carried.selection_rules).member("approval_password", carried.approval_password).end_object();
  w.member("open_requests", carried.open_requests).end_object();
}

Result<ca::CaPolicy> read_policy(json::ObjectReader& reader) {
  const json::Value* policy = reader.optional_value("policy");
  if (policy == nullptr) return ca::CaPolicy{};
  auto parsed = ca::parse_ca_policy(json::write(*policy));
  if (!parsed) return fail_field(parsed.error().code, "policy." + parsed.error().field, parsed.error().detail);
  return parsed;
}

Result<NewCaBody> read_new_ca(const json::Value& body) {
  CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(body));
  NewCaBody read;
  CERTWRIGHT_TRY(read.ca.id, reader.string("id", {.max_length = 63}));
  CERTWRIGHT_TRY(const auto name, reader.optional_string("name", {.max_length = 200}));
  read.ca.name = name.value_or("");
  CERTWRIGHT_TRY(const auto kind, reader.string("kind"));
  if (kind == "root") read.kind = NewCaKind::root;
  else if (kind == "subordinate") read.kind = NewCaKind::subordinate;
  else if (kind == "request") read.kind = NewCaKind::request;
  else return fail_field(Errc::invalid, "kind", "kind: expected root, subordinate or request, got \"" + kind + "\"");
  CERTWRIGHT_TRY(const auto parent, reader.optional_string("parent", {.max_length = 63}));
  read.parent = parent.value_or("");
  if ((read.kind == NewCaKind::subordinate) == read.parent.empty())
    return fail_field(Errc::invalid, "parent", "parent: required for a subordinate, and for nothing else");
  CERTWRIGHT_TRY(read.ca.subject, reader.string("subject", {.min_length = 1, .max_length = 1024}));
  CERTWRIGHT_TRY(const auto key, reader.optional_string("key_algorithm", {.max_length = 32}));
  if (key) read.ca.key_algorithm = *key;
  CERTWRIGHT_TRY(const auto signature, reader.optional_string("signature_algorithm", {.max_length = 32}));
  read.ca.signature_algorithm = signature.value_or("");
  CERTWRIGHT_TRY(const auto validity, reader.optional_string("validity", {.max_length = 32}));
  read.ca.validity = read.kind == NewCaKind::root ? Seconds(20LL * 365 * 86400) : Seconds(5LL * 365 * 86400);
  if (validity) {
    const auto parsed = profile::parse_duration(*validity);
    if (!parsed) return fail_field(Errc::invalid, "validity", "validity: " + parsed.error().detail);
    read.ca.validity = *parsed;
  }
  CERTWRIGHT_TRY(read.ca.policy, read_policy(reader));
  CERTWRIGHT_TRY(auto excluded, reader.optional_strings("excluded_names", {.max_count = 1000, .max_length = 253}));
  CERTWRIGHT_CHECK(reader.finish());
  if (excluded) read.ca.excluded_names = std::move(*excluded);
  return read;
}

Result<PemChain> read_pem_chain(std::string_view pem, std::string_view field) {
  auto blocks = x509::parse_pem(pem, kMaxPemOctets);
  if (!blocks)
    return fail_field(blocks.error().code, std::string(field), std::string(field) + ": " + blocks.error().detail);
  PemChain chain;
  for (auto& block : *blocks) {
    if (block.label != x509::kPemCertificate)
      return fail_field(Errc::invalid, std::string(field),
                        std::string(field) + ": expected only CERTIFICATE blocks, found " + block.label);
    if (chain.certificate.empty()) chain.certificate = std::move(block.der);
    else chain.issuers.push_back(std::move(block.der));
  }
  return chain;
}

Result<authority::ImportedCa> read_imported_ca(const json::Value& body) {
  CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(body));
  authority::ImportedCa imported;
  CERTWRIGHT_TRY(imported.id, reader.string("id", {.max_length = 63}));
  CERTWRIGHT_TRY(const auto name, reader.optional_string("name", {.max_length = 200}));
  imported.name = name.value_or("");
  CERTWRIGHT_TRY(const auto certificate, reader.optional_string("certificate", {.max_length = kMaxPemOctets}));
  CERTWRIGHT_TRY(auto key_text, reader.optional_string("private_key", {.max_length = 64 * 1024}));
  CERTWRIGHT_TRY(auto pkcs12_text, reader.optional_string("pkcs12", {.max_length = kMaxPemOctets}));
  CERTWRIGHT_TRY(auto passphrase_text, reader.optional_string("passphrase", {.max_length = 1024}));
  CERTWRIGHT_TRY(imported.policy, read_policy(reader));
  CERTWRIGHT_CHECK(reader.finish());
  const SecretBytes passphrase = SecretBytes::copy_of(as_bytes(passphrase_text.value_or("")));
  if (passphrase_text) wipe(*passphrase_text);

  if (pkcs12_text) {
    if (certificate || key_text)
      return fail_field(Errc::invalid, "pkcs12", "pkcs12: it holds certificate and key; leave the others out");
    CERTWRIGHT_TRY(auto pkcs12, from_base64(*pkcs12_text));
    CERTWRIGHT_TRY(auto contents, crypto::import_pkcs12(pkcs12, passphrase));
    wipe(pkcs12);
    if (contents.certificates.empty())
      return fail_field(Errc::invalid, "pkcs12", "pkcs12: there is no certificate in it");
    imported.certificate = std::move(contents.certificates.front());
    for (std::size_t i = 1; i < contents.certificates.size(); ++i)
      imported.issuer_chain.push_back(std::move(contents.certificates[i]));
    if (contents.key) imported.private_key_pkcs8 = contents.key->pkcs8_der();
    return imported;
  }
  if (!certificate) return fail_field(Errc::invalid, "certificate", "certificate: required (PEM), or pkcs12");
  CERTWRIGHT_TRY(auto chain, read_pem_chain(*certificate, "certificate"));
  imported.certificate = std::move(chain.certificate);
  imported.issuer_chain = std::move(chain.issuers);
  // A root may come with itself as its only issuer.
  if (imported.issuer_chain.size() == 1 && imported.issuer_chain.front() == imported.certificate)
    imported.issuer_chain.clear();
  if (key_text) {
    const auto key = crypto::PrivateKey::from_pem(SecretBytes::copy_of(as_bytes(*key_text)), passphrase);
    wipe(*key_text);
    if (!key) return fail_field(key.error().code, "private_key", "private_key: " + key.error().detail);
    imported.private_key_pkcs8 = key->pkcs8_der();
  }
  return imported;
}

}  // namespace certwright::gateway::admin
