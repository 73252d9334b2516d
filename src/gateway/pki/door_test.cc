#include "gateway/pki/door.h"

#include <map>

#include <gtest/gtest.h>

#include "gateway/web/testing_request.h"
#include "ocsp_message/ocsp_request.h"
#include "ocsp_message/ocsp_response.h"
#include "revocation/revocation_service.h"
#include "revocation/testing_ca.h"
#include "x509/certificate_list.h"
#include "x509/oids.h"

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
  revocation::RevocationService service{world.store, world.journal, world.clock};
  // The fields and the body that a prepared answer sends.
  static std::string octets_of(const std::optional<http::Response>& response) {
    return response && response->prepared ? std::string(response->prepared->rest()) : std::string();
  }
  static std::string octets_of(http::Response response) {
    response.headers.add("X-Content-Type-Options", "nosniff");
    return std::string(must(http::PreparedResponse::make(response))->rest());
  }

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

TEST_F(PkiDoor, WhatIsAtHandIsTheSameAnswer) {
  const std::string path = to_base64(request());
  EXPECT_FALSE(door.ocsp_get_now(path, {})) << "nothing was signed yet";
  EXPECT_FALSE(door.ocsp_post_now(request()));
  const auto first = door.ocsp_get(path, {});
  EXPECT_EQ(octets_of(door.ocsp_get_now(path, {})), octets_of(first));
  EXPECT_EQ(octets_of(door.ocsp_get_now("/" + http::percent_encode(path), {})), octets_of(first));
  EXPECT_EQ(octets_of(door.ocsp_post_now(request())),
            octets_of(door.ocsp_post("application/ocsp-request", request())));
  const auto spared = door.ocsp_get_now(path, {.if_none_match = first.headers.get("ETag"), .if_modified_since = {}});
  ASSERT_TRUE(spared);
  EXPECT_EQ(spared->status, 304);
  for (const std::string_view bad : {"%%%", "", "AAAA"}) EXPECT_FALSE(door.ocsp_get_now(bad, {}));
  EXPECT_FALSE(door.ocsp_get_now(to_base64(request(Bytes(16, 7))), {})) << "a nonce is never at hand";

  // The age that caches may give it shrinks while the octets are kept.
  world.clock.advance(Seconds(2));
  const auto later = door.ocsp_get(path, {});
  EXPECT_NE(later.headers.get("Cache-Control"), first.headers.get("Cache-Control"));
  EXPECT_EQ(later.headers.get("ETag"), first.headers.get("ETag"));
  EXPECT_EQ(octets_of(door.ocsp_get_now(path, {})), octets_of(later));
}

TEST_F(PkiDoor, ARevocationShowsAtOnceInWhatIsAtHand) {
  service.add_listener(ocsp);
  const store::CertificateId id = ca.issue();
  serial = ca.serial_of(id);
  const std::string path = to_base64(request());
  (void)door.ocsp_get(path, {});
  ASSERT_TRUE(door.ocsp_get_now(path, {}) && door.ocsp_post_now(request()));
  ASSERT_TRUE(service.revoke(id, x509::RevocationReason::key_compromise, world.actor));
  EXPECT_FALSE(door.ocsp_get_now(path, {}));
  EXPECT_FALSE(door.ocsp_post_now(request()));
  const auto revoked = door.ocsp_get(path, {});
  const auto parsed = must(ocsp_message::OcspResponse::parse(to_bytes(revoked.body.view())));
  EXPECT_EQ(parsed.responses()[0].status, ocsp_message::CertStatus::revoked);
  EXPECT_EQ(octets_of(door.ocsp_get_now(path, {})), octets_of(revoked));
}

TEST_F(PkiDoor, PublishedCrlsAreAtHand) {
  EXPECT_FALSE(door.crl_now("issuing.crl", {})) << "none was built yet";
  const auto built = must(door.crl("issuing.crl", {}));
  const auto now = door.crl_now("issuing.crl", {});
  ASSERT_TRUE(now);
  EXPECT_EQ(now->headers, built.headers);
  EXPECT_TRUE(std::ranges::equal(now->body.view(), built.body.view()));
  EXPECT_TRUE(door.crl_shard_now("issuing", "0.crl", {}));
  EXPECT_EQ(door.crl_now("issuing.crl", {.if_none_match = built.headers.get("ETag"), .if_modified_since = {}})->status, 304);
  for (const char* file : {"issuing.pem", "nobody.crl", ".crl"}) EXPECT_FALSE(door.crl_now(file, {})) << file;
  for (const char* file : {"0.pem", "1.crl", "00.crl"}) EXPECT_FALSE(door.crl_shard_now("issuing", file, {})) << file;
}

// What is asked for most is answered on the I/O thread, by every name it has.
TEST_F(PkiDoor, RoutesOfOcspAndCrlsAreReady) {
  const std::string path = to_base64(request());
  const auto get = door.ocsp_get(path, {});
  const auto post = door.ocsp_post("application/ocsp-request", request());
  const auto crl = must(door.crl("issuing.crl", {}));
  struct Ask {
    std::string target, rest;
    const http::Response* slow;
  };
  const std::map<std::string, Ask> asks{{"postOcsp", {"/ocsp", "", &post}},
                                        {"postCertsOcsp", {"/certs/ocsp", "", &post}},
                                        {"getOcsp", {"/ocsp/" + path, path, &get}},
                                        {"getCertsOcsp", {"/certs/ocsp/" + path, path, &get}},
                                        {"getCrl", {"/crl/issuing.crl", "", &crl}},
                                        {"getCrlShard", {"/crl/issuing/0.crl", "", &crl}}};
  std::size_t ready = 0;
  for (const auto& route : door.routes()) {
    const auto ask = asks.find(route.operation_id);
    EXPECT_EQ(static_cast<bool>(route.ready), ask != asks.end()) << route.operation_id;
    if (ask == asks.end() || !route.ready) continue;
    ++ready;
    const Bytes body = ask->second.slow == &post ? request() : Bytes{};
    const auto now = route.ready(
        web::testing::make_request(route.method, ask->second.target, {}, as_text(body)), ask->second.rest);
    ASSERT_TRUE(now) << route.operation_id;
    if (now->prepared) {
      EXPECT_EQ(octets_of(now), octets_of(*ask->second.slow)) << route.operation_id;
    } else {
      EXPECT_EQ(now->headers, ask->second.slow->headers) << route.operation_id;
      EXPECT_TRUE(std::ranges::equal(now->body.view(), ask->second.slow->body.view()));
    }
    const auto nothing = web::testing::make_request(route.method, "/crl/nobody/9.crl");
    EXPECT_FALSE(route.ready(nothing, "%%%")) << route.operation_id;
  }
  EXPECT_EQ(ready, asks.size());
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

// Certificates of the time when there was one CRL go on naming it.
TEST_F(PkiDoor, TheOneCrlOfBeforeIsShardZeroOfNow) {
  auto policy = ca.ca()->policy();
  policy.crl_shards = 4;
  ca.set_policy(policy);
  const auto by_old_name = must(door.crl("issuing.crl", {}));
  EXPECT_TRUE(std::ranges::equal(by_old_name.body.view(),
                                 must(door.crl_shard("issuing", "0.crl", {})).body.view()));
  const auto crl = must(x509::CertificateList::parse(to_bytes(by_old_name.body.view())));
  const auto* point = crl.extensions().find(x509::oids::kIssuingDistributionPoint);
  ASSERT_NE(point, nullptr);
  EXPECT_TRUE(point->critical) << "it must not pass for a CRL of all";
}

}  // namespace
}  // namespace certwright::gateway::pki
