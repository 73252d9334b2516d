#include "gateway/certs/door.h"

#include <utility>

#include "x509/certificate.h"

namespace certwright::gateway::certs {
namespace {

constexpr std::size_t kSmallBodyOctets = 8 * 1024;
constexpr std::size_t kIssueBodyOctets = 256 * 1024;
constexpr std::size_t kCsrBodyOctets = 128 * 1024;  // a CSR of 64 KiB and what JSON adds

bool is_ca_certificate(const store::CertificateRecord& record) {
  const auto certificate = x509::Certificate::parse(record.der);
  return certificate && certificate->is_ca();
}

}  // namespace

std::vector<web::Route> Door::routes() {
  using access::Action;
  using web::Guard;
  std::vector<web::Route> table;
  const auto add = [&](std::string method, std::string pattern, Guard guard, std::string operation,
                       Answer (Door::*member)(web::Context&),
                       std::size_t body_limit_octets = kSmallBodyOctets) -> web::Route& {
    web::Route route;
    route.method = std::move(method);
    route.pattern = std::move(pattern);
    route.guard = guard;
    route.operation_id = std::move(operation);
    route.door = "certs";
    route.handler = [this, member](web::Context& context) { return (this->*member)(context); };
    route.errors = web::ErrorForm::certs_service;
    route.body_limit_octets = body_limit_octets;
    table.push_back(std::move(route));
    return table.back();
  };

  add("POST", "/certs/issue/{entityType}/{entityID}", Guard::needs(Action::certificate_issue),
      "issueCertificate", &Door::issue, kIssueBodyOctets);
  add("POST", "/certs/csrs/{entityID}", Guard::needs(Action::certificate_issue_csr),
      "issueCertificateFromCsr", &Door::issue_from_csr, kCsrBodyOctets);
  add("GET", "/certs", Guard::needs(Action::certificate_list), "listCertificates", &Door::list);
  add("GET", "/certs/{serial}", Guard::needs(Action::certificate_read), "showCertificate",
      &Door::show);
  add("GET", "/certs/{serial}/chain", Guard::needs(Action::certificate_read),
      "showCertificateChain", &Door::show_chain);
  add("PATCH", "/certs/{serial}/renew", Guard::needs(Action::certificate_renew), "renewCertificate",
      &Door::renew);
  add("PATCH", "/certs/{serial}/revoke", Guard::needs(Action::certificate_revoke),
      "revokeCertificate", &Door::revoke);
  add("PATCH", "/certs/{serial}/release", Guard::needs(Action::certificate_revoke),
      "releaseCertificate", &Door::release);
  add("POST", "/certs/entities/{entityID}/revoke", Guard::needs(Action::certificate_revoke),
      "revokeEntity", &Door::revoke_entity);
  add("GET", "/certs/{serial}/download/token", Guard::needs(Action::certificate_download),
      "grantDownload", &Door::grant_download)
      .answers_head = false;
  // The token is the credential. HEAD would use it up, and above make one, and deliver nothing.
  add("GET", "/certs/{serial}/download", Guard::open(), "downloadCertificate", &Door::download)
      .answers_head = false;
  add("GET", "/certs/ca", Guard::open(), "downloadCaChain", &Door::ca_chain).on_plain_http = true;
  add("GET", "/certs/crl", Guard::open(), "downloadCrl", &Door::crl).on_plain_http = true;
  return table;
}

Result<inventory::Lineage> Door::lineage_for(web::Context& context, access::Action action) {
  const auto serial = x509::SerialNumber::from_text(context.param("serial"));
  if (!serial && serial.error().code != Errc::too_large)
    return fail_field(Errc::bad_encoding, "serial", "serial: " + serial.error().detail);
  if (!serial) return context.unknown(action, context.param("serial"));  // nobody issues such a one
  const std::string text = serial->decimal();
  // Unscoped, so that a foreign certificate is refused by authorise() and leaves a record.
  auto lineage = d_.inventory.lineage(*serial, access::Scope::everything());
  if (!lineage) {
    if (lineage.error().code == Errc::not_found) return context.unknown(action, text);
    return tl::unexpected(std::move(lineage).error());
  }
  const auto object_of = [](const store::CertificateRecord& record) {
    return access::Object{record.tenant, record.ca, record.principal};
  };
  const store::CertificateRecord& current = lineage->current().certificate;
  CERTWRIGHT_CHECK(context.authorise(action, object_of(current), text));
  // A CA's certificate is not one of a tenant's many: revoking it ends all below it.
  if (action != access::Action::certificate_read && is_ca_certificate(current))
    CERTWRIGHT_CHECK(context.authorise(access::Action::ca_manage, {{}, current.ca, {}}, text));
  if (action == access::Action::certificate_revoke) {
    // All unexpired certificates of the lineage are meant, also those of another CA.
    for (const auto& member : lineage->certificates)
      if (member.certificate.ca != current.ca && member.certificate.not_after >= d_.clock.now())
        CERTWRIGHT_CHECK(context.authorise(action, object_of(member.certificate), text));
  }
  return lineage;
}

}  // namespace certwright::gateway::certs
