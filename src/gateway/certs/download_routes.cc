#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "gateway/certs/door.h"
#include "gateway/certs/response_body.h"
#include "gateway/certs/zip_archive.h"

namespace certwright::gateway::certs {
namespace {

constexpr std::int64_t kChainMaxAge_s = 3'600;
constexpr std::int64_t kCrlMaxAge_s = 300;

// Certificates for anybody come from the first CA that can issue and is no root; a root serves
// where there is nothing else.
ca::CaPtr default_ca(const ca::CaDirectory& cas, Time now) {
  ca::CaPtr root;
  for (const auto& ca : cas.all()) {
    if (!ca->can_issue(now)) continue;
    if (!ca->is_root()) return ca;
    if (!root) root = ca;
  }
  return root;
}

}  // namespace

Door::Answer Door::grant_download(web::Context& context) {
  CERTWRIGHT_TRY(const auto lineage, lineage_for(context, access::Action::certificate_download));
  CERTWRIGHT_TRY(const auto token,
                 d_.downloads.grant(lineage.current(), context.principal(), context.actor()));
  auto response = json_answer(200, token_json(token));
  response.headers.set("Cache-Control", "no-store");
  response.secret = true;
  return response;
}

Door::Answer Door::download(web::Context& context) {
  CERTWRIGHT_TRY(const auto token, context.query("token"));
  if (!token || token->empty())
    return fail_field(Errc::bad_encoding, "token",
                      "query parameter token is required; get one from .../download/token");
  const auto serial = x509::SerialNumber::from_text(context.param("serial"));
  if (!serial && serial.error().code != Errc::too_large)
    return fail_field(Errc::bad_encoding, "serial", "serial: " + serial.error().detail);
  // Without a good token nobody learns here which serials exist.
  const auto refused =
      fail_field(Errc::unauthenticated, "token", "this is not a valid download token");
  if (!serial) return refused;
  const auto certificate = d_.inventory.find(*serial, access::Scope::everything());
  if (!certificate && certificate.error().code == Errc::not_found) return refused;
  if (!certificate) return tl::unexpected(certificate.error());

  CERTWRIGHT_TRY(const auto bundle, d_.downloads.redeem(*certificate, *token, context.actor()));
  std::vector<ZipEntry> entries{{"ca.pem", as_bytes(bundle.ca_pem)},
                                {"cert.pem", as_bytes(bundle.certificate_pem)}};
  if (!bundle.key_pem.empty()) entries.push_back({"key.pem", bundle.key_pem.reveal(), 0600});
  CERTWRIGHT_TRY(auto zip, make_zip(entries, d_.clock.now()));
  auto response = http::respond(200, "application/zip", std::move(zip));
  response.headers.set("Content-Disposition", "attachment; filename=certificates.zip");
  response.headers.set("Cache-Control", "no-store");
  response.secret = true;
  return response;
}

Result<ca::CaPtr> Door::ca_for(const web::Context& context) const {
  CERTWRIGHT_TRY(const auto id, context.query("ca"));
  auto ca = id ? d_.cas.find(*id) : default_ca(d_.cas, d_.clock.now());
  if (ca == nullptr) return fail_field(Errc::not_found, "ca", "there is no such CA");
  return ca;
}

Door::Answer Door::ca_chain(web::Context& context) {
  CERTWRIGHT_TRY(const auto ca, ca_for(context));
  auto response = http::respond(200, "application/pem-certificate-chain", ca->chain_pem());
  response.headers.set("Cache-Control", fmt::format("public, max-age={}", kChainMaxAge_s));
  return response;
}

Door::Answer Door::crl(web::Context& context) {
  CERTWRIGHT_TRY(const auto ca, ca_for(context));
  CERTWRIGHT_TRY(const auto crl, d_.crls.current(ca->id(), 0));
  const std::string etag = "\"" + crl->etag + "\"";
  http::Response response;
  if (context.request.header("If-None-Match") == etag)
    response.status = 304;
  else
    response = http::respond(200, "application/pkix-crl", crl->der);
  // Short, so that a revocation is not held back by a cache for a whole period.
  const std::int64_t age_s = std::clamp<std::int64_t>(
      to_unix_s(crl->next_update) - to_unix_s(d_.clock.now()), 0, kCrlMaxAge_s);
  response.headers.set("ETag", etag);
  response.headers.set("Cache-Control", fmt::format("public, max-age={}", age_s));
  return response;
}

}  // namespace certwright::gateway::certs
