// The public OCSP door: whatever comes by GET path or POST body is answered with an OCSPResponse that
// parses, or with an HTTP error of the client's; what is at hand is the same, octet for octet.
#include <cstdlib>

#include "gateway/pki/door.h"
#include "ocsp_message/ocsp_response.h"
#include "revocation/testing_ca.h"

namespace {

struct Fixture {
  certwright::revocation::test::World world;
  certwright::revocation::test::TestingCa ca{world.store, world.cas, world.clock};
  certwright::revocation::OcspResponder ocsp{
      world.store, world.cas, world.clock,
      [this](const certwright::ca::CertificationAuthority&)
          -> certwright::Result<certwright::revocation::ResponderIdentity> { return ca.make_responder(); }};
  certwright::revocation::CrlIssuer crls{world.store, world.journal, world.cas, world.clock};
  certwright::gateway::pki::Door door{{.ocsp = ocsp, .crls = crls, .cas = world.cas, .clock = world.clock}};
};

void check(const certwright::http::Response& response) {
  if (response.status == 304 || (response.status >= 400 && response.status < 500)) return;
  if (response.status != 200) std::abort();
  if (!certwright::ocsp_message::OcspResponse::parse(certwright::to_bytes(response.body.view()))) std::abort();
}

void check_now(const std::optional<certwright::http::Response>& now, certwright::http::Response slow) {
  if (!now) return;
  slow.headers.set("X-Content-Type-Options", "nosniff");
  const auto expected = certwright::http::PreparedResponse::make(slow);
  if (!expected || !now->prepared || now->prepared->rest() != (*expected)->rest()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Fixture fixture;
  const certwright::ByteView input(data, size);
  const auto posted = fixture.door.ocsp_post("application/ocsp-request", input);
  check(posted);
  check_now(fixture.door.ocsp_post_now(input), posted);
  const std::string encoded = certwright::to_base64(input);
  for (const std::string_view path : {certwright::as_text(input), std::string_view(encoded)}) {
    const auto got = fixture.door.ocsp_get(path, {});
    check(got);
    check_now(fixture.door.ocsp_get_now(path, {}), got);
  }
  return 0;
}
