#include "revocation/ocsp_responder.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "crypto/verifying.h"
#include "ocsp_message/ocsp_request.h"
#include "ocsp_message/ocsp_response.h"
#include "revocation/testing_ca.h"

namespace certwright::revocation {
namespace {

using ocsp_message::CertStatus;
using ocsp_message::OcspResponse;
using ocsp_message::OcspResponseStatus;
using test::must;

class OcspResponderTest : public testing::Test {
 protected:
  Bytes cert_id(const x509::SerialNumber& serial, const test::TestingCa& of, const der::Oid& hash = x509::oids::kSha1) {
    const auto& h = of.ca()->issuer_hash();
    if (hash == x509::oids::kSha1)
      return ocsp_message::encode_cert_id(hash, h.sha1_name, h.sha1_key, serial.integer_content());
    if (hash == x509::oids::kSha256)
      return ocsp_message::encode_cert_id(hash, h.sha256_name, h.sha256_key, serial.integer_content());
    const auto name = crypto::sha384(of.ca()->certificate().subject_tlv());
    const auto key = crypto::sha384(of.ca()->certificate().subject_public_key());
    return ocsp_message::encode_cert_id(hash, name, key, serial.integer_content());
  }
  OcspResponse ask(const std::vector<Bytes>& ids, ByteView nonce = {}) {
    return must(OcspResponse::parse(*responder.respond(ocsp_message::encode_request(ids, nonce)).der));
  }
  // By the embedded delegated certificate, which the CA signed.
  void expect_verifies(const OcspResponse& response) {
    ASSERT_EQ(response.certificates().size(), 1U);
    const auto signer = must(x509::Certificate::parse(to_bytes(response.certificates()[0])));
    EXPECT_TRUE(crypto::verify(signer.subject_public_key_info_tlv(), response.signature_algorithm_tlv(),
                               response.response_data_tlv(), response.signature_value()));
    EXPECT_TRUE(crypto::verify(ca.key().subject_public_key_info_tlv(), signer.signature_algorithm_tlv(),
                               signer.tbs_tlv(), signer.signature_value()));
    const auto hash = crypto::sha1(signer.subject_public_key());
    EXPECT_TRUE(std::ranges::equal(response.responder_key_hash(), hash));
  }

  test::World world;
  test::TestingCa ca{world.store, world.cas, world.clock};
  test::TestingCa other{world.store, world.cas, world.clock, "other"};
  OcspResponder responder{world.store, world.cas, world.clock,
                          [this](const ca::CertificationAuthority& of) -> Result<ResponderIdentity> {
                            return of.id() == "other" ? other.make_responder() : ca.make_responder();
                          }};
  RevocationService service{world.store, world.journal, world.clock};
};

TEST_F(OcspResponderTest, GoodRevokedAndUnknown) {
  service.add_listener(responder);
  const auto id = ca.issue();
  const auto serial = ca.serial_of(id);
  auto good = ask({cert_id(serial, ca)});
  ASSERT_EQ(good.status(), OcspResponseStatus::successful);
  EXPECT_EQ(good.responses()[0].status, CertStatus::good);
  expect_verifies(good);
  ASSERT_TRUE(service.revoke(id, x509::RevocationReason::key_compromise, world.actor));
  const auto revoked = ask({cert_id(serial, ca)});
  EXPECT_EQ(revoked.responses()[0].status, CertStatus::revoked);
  EXPECT_EQ(revoked.responses()[0].reason, x509::RevocationReason::key_compromise);
  expect_verifies(revoked);
  const auto unissued = ask({cert_id(must(x509::SerialNumber::from_decimal("4242")), ca)});
  ASSERT_EQ(unissued.status(), OcspResponseStatus::successful);
  EXPECT_EQ(unissued.responses()[0].status, CertStatus::unknown);
  expect_verifies(unissued);
}

struct HashCase { const char* name; der::Oid hash; OcspResponseStatus status; };
class OcspHash : public OcspResponderTest, public testing::WithParamInterface<HashCase> {};
TEST_P(OcspHash, DecidesWhetherTheIssuerIsKnown) {
  const auto serial = ca.serial_of(ca.issue());
  EXPECT_EQ(ask({cert_id(serial, ca, GetParam().hash)}).status(), GetParam().status);
}
INSTANTIATE_TEST_SUITE_P(Rfc6960Section4_1_1, OcspHash,
                         testing::Values(HashCase{"Sha1", x509::oids::kSha1, OcspResponseStatus::successful},
                                         HashCase{"Sha256", x509::oids::kSha256, OcspResponseStatus::successful},
                                         HashCase{"Sha384", x509::oids::kSha384, OcspResponseStatus::unauthorized}),
                         [](const auto& c) { return std::string(c.param.name); });

TEST_F(OcspResponderTest, SeveralOfOneIssuerButNotOfTwo) {
  const auto a = ca.serial_of(ca.issue()), b = ca.serial_of(ca.issue());
  const auto both = ask({cert_id(a, ca), cert_id(b, ca, x509::oids::kSha256)});
  ASSERT_EQ(both.responses().size(), 2U);
  expect_verifies(both);
  EXPECT_EQ(ask({cert_id(a, ca), cert_id(a, other)}).status(), OcspResponseStatus::unauthorized);
  auto foreign = cert_id(a, ca);
  foreign[20] ^= 1;  // in the name hash
  EXPECT_EQ(ask({foreign}).status(), OcspResponseStatus::unauthorized);
}

struct NonceCase { const char* name; std::size_t octets; OcspResponseStatus status; };
class OcspNonce : public OcspResponderTest, public testing::WithParamInterface<NonceCase> {};
TEST_P(OcspNonce, IsEchoedFromOneTo128Octets) {
  const Bytes nonce(GetParam().octets, 0x5a);
  const auto answer = ask({cert_id(ca.serial_of(ca.issue()), ca)}, nonce);
  EXPECT_EQ(answer.status(), GetParam().status);
  if (answer.status() != OcspResponseStatus::successful) return;
  ASSERT_TRUE(answer.nonce());
  EXPECT_TRUE(std::ranges::equal(*answer.nonce(), nonce));
}
INSTANTIATE_TEST_SUITE_P(Rfc9654Section2_1, OcspNonce,
                         testing::Values(NonceCase{"One", 1, OcspResponseStatus::successful},
                                         NonceCase{"ThirtyTwo", 32, OcspResponseStatus::successful},
                                         NonceCase{"Most", 128, OcspResponseStatus::successful},
                                         NonceCase{"OneMore", 129, OcspResponseStatus::malformed_request}),
                         [](const auto& c) { return std::string(c.param.name); });

TEST_F(OcspResponderTest, WhatIsNoRequestIsMalformed) {
  for (const char* hex : {"", "30", "3000", "0500", "30030a0100ff"}) {
    const auto answer = must(OcspResponse::parse(*responder.respond(must(from_hex(hex))).der));
    EXPECT_EQ(answer.status(), OcspResponseStatus::malformed_request) << hex;
  }
}

TEST_F(OcspResponderTest, ACachedAnswerFollowsTheRevocationAndIsSignedAgainInTime) {
  service.add_listener(responder);
  const auto id = ca.issue();
  const auto request = ocsp_message::encode_request({cert_id(ca.serial_of(id), ca)}, {});
  EXPECT_FALSE(responder.respond_from_cache(request));
  const auto first = responder.respond(request);
  ASSERT_TRUE(first.cacheable);
  const auto cached = responder.respond_from_cache(request);
  ASSERT_TRUE(cached);
  EXPECT_EQ(*cached->der, *first.der);
  world.clock.advance(std::chrono::minutes(61));  // past nextUpdate
  EXPECT_GT(responder.respond(request).next_update, world.clock.now());
  ASSERT_TRUE(service.revoke(id, x509::RevocationReason::certificate_hold, world.actor));
  EXPECT_FALSE(responder.respond_from_cache(request));
  EXPECT_EQ(must(OcspResponse::parse(*responder.respond(request).der)).responses()[0].status, CertStatus::revoked);
  ASSERT_TRUE(service.release(id, world.actor));
  EXPECT_EQ(must(OcspResponse::parse(*responder.respond(request).der)).responses()[0].status, CertStatus::good);
}

// An answer computed from the old status must not outlive the revocation in the cache.
TEST_F(OcspResponderTest, NoStaleGoodAfterRevocationUnderLoad) {
  service.add_listener(responder);
  for (int round = 0; round < 20; ++round) {
    const auto id = ca.issue();
    const auto request = ocsp_message::encode_request({cert_id(ca.serial_of(id), ca)}, {});
    std::atomic<bool> stop{false};
    std::vector<std::thread> clients;
    for (int i = 0; i < 3; ++i)
      clients.emplace_back([&] { while (!stop) (void)responder.respond(request); });
    ASSERT_TRUE(service.revoke(id, x509::RevocationReason::superseded, world.actor));
    const auto after = must(OcspResponse::parse(*responder.respond(request).der));
    EXPECT_EQ(after.responses()[0].status, CertStatus::revoked);
    stop = true;
    for (auto& client : clients) client.join();
    EXPECT_EQ(must(OcspResponse::parse(*responder.respond(request).der)).responses()[0].status, CertStatus::revoked);
  }
}

}  // namespace
}  // namespace certwright::revocation
