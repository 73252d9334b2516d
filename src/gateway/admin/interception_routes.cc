#include <algorithm>

#include "aggregate/proof.h"
#include "gateway/admin/routes.h"

namespace certwright::gateway::admin {
namespace {

using access::Action;
using web::Context;
using web::Guard;

Result<http::Response> prove_interception(Context& context, const Dependencies& d) {
  CERTWRIGHT_CHECK(context.authorise(Action::audit_read, {}, "interception"));
  const std::string_view text = context.param("serial");
  const auto serial = x509::SerialNumber::from_text(text);
  if (!serial) return fail_field(Errc::bad_encoding, "serial", "serial: " + serial.error().detail);
  CERTWRIGHT_TRY(const auto hex, context.query("sha256"));
  aggregate::Sha256 digest{};
  const auto octets = from_hex(hex.value_or(""));
  if (!octets || octets->size() != digest.size())
    return fail_field(Errc::bad_encoding, "sha256", "sha256: expected 64 hexadecimal digits, of the certificate's DER");
  std::ranges::copy(*octets, digest.begin());
  std::error_code unreadable;
  if (d.aggregate_folder.empty() || !std::filesystem::exists(d.aggregate_folder, unreadable))
    return fail(Errc::conflict, "nothing is recorded here: this server keeps no aggregate log");
  CERTWRIGHT_TRY(const auto proof, aggregate::prove(d.aggregate_folder, *serial, digest, d.clock.now()));
  CERTWRIGHT_TRY(const auto verdict, aggregate::verify_proof(proof));
  json::Writer w;
  w.begin_object()
      .member("verdict", aggregate::name_of(verdict))
      .member("lost", proof.closed.lost)
      .member("proof", aggregate::write_proof(proof))
      .end_object();
  return json_response(200, std::move(w));
}

}  // namespace

std::vector<web::Route> interception_routes(const Dependencies& d) {
  return {route("GET", "/api/v1/interception/proofs/{serial}", Guard::needs(Action::audit_read), "proveInterception",
                [d](Context& context) { return prove_interception(context, d); })};
}

}  // namespace certwright::gateway::admin
