#include "authority/authority.h"
#include "authority/key_pair.h"
#include "x509/pem.h"

namespace certwright::authority {
namespace {

registration::IssuanceRequest system_request(std::string profile, std::string entity_type,
                                             std::string entity_id) {
  registration::IssuanceRequest request;
  request.principal = access::Principal{.id = "system", .name = "system", .tenant = "system", .email = {}, .bindings = {}};
  request.actor = audit::Actor{.principal = "system", .tenant = "system", .door = "system", .remote = ""};
  request.tenant = "system";
  request.profile = std::move(profile);
  request.entity_type = std::move(entity_type);
  request.entity_id = std::move(entity_id);
  return request;
}

// A common name is believed by old clients and becomes a SAN: it is one of the names asked for. It has
// at most 64 characters (RFC 5280 appendix A).
std::string common_name_of_server(const std::vector<std::string>& dns_names,
                                  const std::vector<std::string>& ip_addresses) {
  constexpr std::size_t kMaxCommonName = 64;
  std::string chosen = ip_addresses.empty() ? "localhost" : ip_addresses.front();
  for (const auto& name : dns_names) {
    if (name.size() > kMaxCommonName) continue;
    chosen = name;
    if (name != "localhost") break;
  }
  return chosen;
}

}  // namespace

// The key never leaves memory, so it comes to issuance as a CSR of its own.
Result<revocation::ResponderIdentity> Authority::make_responder(const ca::CertificationAuthority& ca) {
  NewCa key{.id = ca.id(), .name = {}, .subject = "CN=OCSP responder of " + ca.id(),
            .key_algorithm = "ecdsa-p256", .signature_algorithm = {}, .validity = {}, .policy = {}};
  CERTWRIGHT_TRY(const auto pair, KeyPair::generate(key));
  CERTWRIGHT_TRY(const auto request_der, sign_request(key.subject, pair));
  auto request = system_request("ocsp-responder", "ocsp-responder", ca.id());
  request.ca = ca.id();
  CERTWRIGHT_TRY(request.certification_request, pkcs10::CertificationRequest::parse(request_der));
  CERTWRIGHT_TRY(auto issued, d_.issuance.issue(std::move(request), registration::SystemAuthority()));
  CERTWRIGHT_CHECK(d_.journal.record({.type = audit::EventType::ocsp_responder_renewed,
                                      .actor = system_request("", "", "").actor,
                                      .fields = {{"ca", ca.id()},
                                                 {"serial", issued.certificate.serial.hex()},
                                                 {"not_after", to_rfc3339(issued.certificate.not_after)}}}));
  return revocation::ResponderIdentity{.certificate = std::move(issued.certificate.der),
                                       .signer = pair.signer,
                                       .not_after = issued.certificate.not_after};
}

Result<ServerIdentity> Authority::make_server_identity(const std::vector<std::string>& dns_names,
                                                       const std::vector<std::string>& ip_addresses) {
  NewCa key{.id = "server", .name = {}, .subject = "CN=" + common_name_of_server(dns_names, ip_addresses),
            .key_algorithm = "ecdsa-p256", .signature_algorithm = {}, .validity = {}, .policy = {}};
  CERTWRIGHT_TRY(const auto pair, KeyPair::generate(key));
  CERTWRIGHT_TRY(const auto request_der, sign_request(key.subject, pair));
  auto request = system_request("tls-server", "server", "certwright");
  CERTWRIGHT_TRY(request.certification_request, pkcs10::CertificationRequest::parse(request_der));
  for (const auto& name : dns_names) {
    CERTWRIGHT_TRY(auto general_name, x509::GeneralName::dns(name));
    request.names.push_back(std::move(general_name));
  }
  for (const auto& address : ip_addresses) {
    CERTWRIGHT_TRY(auto general_name, x509::GeneralName::ip(address));
    request.names.push_back(std::move(general_name));
  }
  CERTWRIGHT_TRY(const auto issued, d_.issuance.issue(std::move(request), registration::SystemAuthority()));
  return ServerIdentity{
      .chain_pem = x509::to_pem(x509::kPemCertificate, issued.certificate.der) + issued.ca->certificate_pem(),
      .private_key_pkcs8 = pair.key.pkcs8_der(),
      .not_after = issued.certificate.not_after};
}

}  // namespace certwright::authority
