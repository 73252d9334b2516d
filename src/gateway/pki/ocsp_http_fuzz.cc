// The public OCSP door: whatever comes by GET path or POST body is answered with an OCSPResponse that
// parses, or with an HTTP error of the client's.
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Fixture fixture;
  const certwright::ByteView input(data, size);
  check(fixture.door.ocsp_post("application/ocsp-request", input));
  check(fixture.door.ocsp_get(certwright::as_text(input), {}));
  check(fixture.door.ocsp_get(certwright::to_base64(input), {}));
  return 0;
}
