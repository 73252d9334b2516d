#include <array>

#include "crypto/algorithm.h"
#include "profile/profile.h"
#include "x509/oids.h"

namespace certwright::profile {
namespace {

namespace oids = x509::oids;

constexpr Seconds days(std::int64_t count) { return Seconds(count * 86'400); }

// Evidence of attested TLS: SEV-SNP with vTPM, Azure, TDX.
constexpr std::array<der::Oid, 3> kAttestationEvidence = {der::Oid::of({2, 99999, 1, 0}),
                                                          der::Oid::of({2, 99999, 1, 1}),
                                                          der::Oid::of({2, 99999, 1, 2})};

// FIPS 204 and 205: named whether or not this system's OpenSSL has them yet.
void add_algorithms(Profile& profile, std::string_view prefix) {
  for (const auto& row : crypto::key_algorithms())
    if (row.name.starts_with(prefix)) profile.key_algorithms.emplace_back(row.name);
}

// An end entity's profile of 90 days, without names.
Profile end_entity(std::string name, std::string description, std::vector<std::string> key_usage,
                   std::vector<der::Oid> purposes) {
  Profile profile;
  profile.name = std::move(name);
  profile.version = 1;
  profile.description = std::move(description);
  profile.validity_default = days(90);
  profile.validity_max = days(397);
  profile.backdate = Seconds(300);
  profile.key_algorithms = {"ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048",
                            "rsa-3072",   "rsa-4096",   "ed25519"};
  add_algorithms(profile, "ml-dsa-");
  profile.key_usage = std::move(key_usage);
  profile.extended_key_usage = std::move(purposes);
  profile.subject.settable = {"common_name", "organization", "organizational_unit", "country",
                              "state_or_province", "locality", "street_address", "postal_code"};
  profile.subject.common_name_to_san = false;
  return profile;
}

Profile tls_server() {
  Profile profile = end_entity("tls-server", "TLS servers, by host name or address",
                               {"digitalSignature", "keyEncipherment"}, {oids::kServerAuth});
  profile.subject.common_name_to_san = true;
  profile.dns.permitted = profile.ip.permitted = true;
  profile.names_required = true;
  return profile;
}

Profile tls_client() {
  Profile profile = end_entity("tls-client", "TLS clients: people and machines",
                               {"digitalSignature"}, {oids::kClientAuth});
  profile.dns.permitted = profile.email.permitted = profile.uri.permitted = true;
  return profile;
}

// The certs service: the common name is the entity's id, which is no host name.
Profile tls_server_client() {
  Profile profile = end_entity(
      "tls-server-client", "Mutual and mutual attested TLS; the common name is the entity's id",
      {"digitalSignature", "keyEncipherment"}, {oids::kServerAuth, oids::kClientAuth});
  profile.validity_max = days(365);
  profile.subject.common_name_required = true;
  profile.dns.permitted = profile.ip.permitted = true;
  for (const der::Oid& evidence : kAttestationEvidence)
    profile.copy_extensions.push_back({evidence, 32'768});
  return profile;
}

Profile intermediate_ca() {
  Profile profile = end_entity("intermediate-ca", "CAs below a CA of this installation",
                               {"digitalSignature", "keyCertSign", "cRLSign"}, {});
  profile.validity_default = days(5 * 365);
  profile.validity_max = days(3653);  // ten years, whatever their leap days
  profile.ca = true;
  add_algorithms(profile, "slh-dsa-");
  profile.path_length = 0;
  profile.subject.common_name_required = true;
  profile.subject.settable.insert(profile.subject.settable.end(),
                                  {"domain_component", "serial_number"});
  profile.names_max = 0;
  return profile;
}

Profile code_signing() {
  Profile profile = end_entity("code-signing", "Signers of programs and packages",
                               {"digitalSignature"}, {oids::kCodeSigning});
  add_algorithms(profile, "slh-dsa-");
  profile.validity_default = days(365);
  profile.validity_max = days(1096);
  profile.subject.common_name_required = true;
  profile.names_max = 0;
  return profile;
}

Profile email_protection() {
  Profile profile =
      end_entity("email-protection", "S/MIME: mailboxes of people",
                 {"digitalSignature", "keyEncipherment", "keyAgreement"}, {oids::kEmailProtection});
  profile.validity_default = days(365);
  profile.validity_max = days(825);
  profile.subject.common_name_to_san = true;
  profile.subject.settable.insert(profile.subject.settable.end(),
                                  {"email_address", "given_name", "surname"});
  profile.email.permitted = true;
  profile.names_required = true;
  return profile;
}

// RFC 6960 section 4.2.2.2. Short, because nocheck means that it cannot be revoked.
Profile ocsp_responder() {
  Profile profile = end_entity("ocsp-responder", "The CA's own OCSP responder",
                               {"digitalSignature"}, {oids::kOcspSigning});
  profile.internal = true;
  profile.validity_default = profile.validity_max = days(7);
  profile.ocsp_nocheck = true;
  profile.ocsp_url = false;
  profile.subject.common_name_required = true;
  profile.names_max = 0;
  return profile;
}

// The CA of the UDP certificate generator: for servers only, whatever it signs.
Profile interception_ca() {
  Profile profile = intermediate_ca();
  profile.name = "interception-ca";
  profile.description = "CAs that intercept TLS, below a root of their own";
  profile.extended_key_usage = {oids::kServerAuth};
  profile.interception_ca = true;
  return profile;
}

// DESIGN section 4, exceptions of the UDP generator's door. The defaults of names and dates count
// where there is no upstream certificate.
Profile interception() {
  Profile profile = end_entity("interception", "TLS interception: stands in for a server's certificate",
                               {"digitalSignature", "keyEncipherment", "keyAgreement"}, {oids::kServerAuth});
  profile.validity_default = days(365);
  profile.backdate = days(1);
  profile.key_algorithms = {"ecdsa-p256", "ecdsa-p384", "rsa-2048", "ed25519"};
  profile.dns.permitted = profile.ip.permitted = profile.dns_wildcards = true;
  profile.names_max = x509::kMaxGeneralNames;
  profile.record_level = store::RecordLevel::aggregate;
  profile.interception.emplace();
  return profile;
}

}  // namespace

std::vector<Profile> shipped_profiles() {
  return {tls_server(),       tls_client(),     tls_server_client(), intermediate_ca(), code_signing(),
          email_protection(), ocsp_responder(), interception_ca(),   interception()};
}

}  // namespace certwright::profile
