#include "gateway/pki/door.h"

#include <gtest/gtest.h>

#include "ocsp_message/ocsp_request.h"
#include "ocsp_message/ocsp_response.h"
#include "revocation/testing_ca.h"

namespace certwright::gateway::pki {
namespace {

using revocation::test::must;

class PkiDoor : public testing::Test {
 protected:
  Bytes request(ByteView nonce = {}) {
    const auto& hash = ca.ca()->issuer_hash();
    return ocsp_message::encode_request(
        {ocsp_message::encode_cert_id(x509::oids::kSha1, hash.sha1_name, hash.sha1_key, serial.integer_content())}, nonce);
  }
  static ocsp_message::OcspResponseStatus status_of(const http::Response& response) {
    return must(ocsp_message::OcspResponse::parse(to_bytes(response.body.view()))).status();
  }

  revocation::test::World world;
  revocation::test::TestingCa ca{world.store, world.cas, world.clock};
  x509::SerialNumber serial = ca.serial_of(ca.issue());
  revocation::OcspResponder ocsp{world.store, world.cas, world.clock,
                                 [this](const ca::CertificationAuthority&) -> Result<revocation::ResponderIdentity> {
                                   return ca.make_responder();
                                 }};
  revocation::CrlIssuer crls{world.store, world.journal, world.cas, world.clock};
  Door door{{.ocsp = ocsp, .crls = crls, .cas = world.cas, .clock = world.clock}};
};

TEST_F(PkiDoor, GetMayBeCachedPostWithNonceMayNot) {
  const auto get = door.ocsp_get(to_base64(request()), {});
  EXPECT_EQ(get.status, 200);
  EXPECT_EQ(get.headers.get("Content-Type"), "application/ocsp-response");
  EXPECT_NE(get.headers.get("Cache-Control").find("max-age="), std::string_view::npos);
  EXPECT_TRUE(get.headers.has("ETag"));
  EXPECT_EQ(status_of(get), ocsp_message::OcspResponseStatus::successful);
  const auto again = door.ocsp_get(to_base64(request()), {.if_none_match = get.headers.get("ETag"), .if_modified_since = {}});
  EXPECT_EQ(again.status, 304);
  EXPECT_TRUE(again.body.empty());
  const Bytes nonce(16, 7);
  const auto post = door.ocsp_post("application/ocsp-request", request(nonce));
  EXPECT_EQ(post.status, 200);
  EXPECT_NE(post.headers.get("Cache-Control").find("no-store"), std::string_view::npos);
}

TEST_F(PkiDoor, OcspErrorsAreOcspAnswers) {
  const auto malformed = door.ocsp_post("application/ocsp-request", Bytes{0x30, 0x00});
  EXPECT_EQ(malformed.status, 200);
  EXPECT_EQ(status_of(malformed), ocsp_message::OcspResponseStatus::malformed_request);
  EXPECT_EQ(door.ocsp_get("%%%", {}).status, 200);
  EXPECT_EQ(door.ocsp_post("text/plain", Bytes{1, 2, 3}).status, 415);
}

TEST_F(PkiDoor, CrlsAndIssuersAsDerAndPem) {
  const auto der = must(door.crl("issuing.crl", {}));
  EXPECT_EQ(der.headers.get("Content-Type"), "application/pkix-crl");
  EXPECT_EQ(der.body.view()[0], 0x30);
  EXPECT_EQ(must(door.crl("issuing.crl", {.if_none_match = der.headers.get("ETag"), .if_modified_since = {}})).status, 304);
  EXPECT_TRUE(must(door.crl("issuing.pem", {})).body.text().starts_with("-----BEGIN X509 CRL-----"));
  EXPECT_EQ(must(door.crl_shard("issuing", "0.crl", {})).status, 200);
  const auto certificate = must(door.ca_certificate("issuing.cer", {}));
  EXPECT_TRUE(std::ranges::equal(certificate.body.view(), ca.certificate()));
  EXPECT_TRUE(must(door.ca_chain("issuing", {})).body.text().starts_with("-----BEGIN CERTIFICATE-----"));
  for (const char* file : {"nobody.crl", "issuing", "issuing.txt", ".crl", "issuing.crl.crl"})
    EXPECT_EQ(door.crl(file, {}).error().code, Errc::not_found) << file;
  for (const char* file : {"1.crl", "-1.crl", "00.crl", "99999999999999999999.crl", "x.crl"})
    EXPECT_EQ(door.crl_shard("issuing", file, {}).error().code, Errc::not_found) << file;
}

}  // namespace
}  // namespace certwright::gateway::pki
