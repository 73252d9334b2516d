#include "authority/stand_alone.h"

#include <gtest/gtest.h>

#include "crypto/private_key.h"
#include "x509/certificate.h"

namespace certwright::authority {
namespace {

// CN=test-ec-ca, 2026-07-26 to 2036-07-24; CA:TRUE, keyCertSign; made by python-cryptography.
constexpr std::string_view kCertificate = R"(-----BEGIN CERTIFICATE-----
MIIBbDCCARGgAwIBAgIRAIVB42TXSWL8DXI1IHaE81swCgYIKoZIzj0EAwIwFTET
MBEGA1UEAwwKdGVzdC1lYy1jYTAeFw0yNjA3MjYwMDAwMDBaFw0zNjA3MjQwMDAw
MDBaMBUxEzARBgNVBAMMCnRlc3QtZWMtY2EwWTATBgcqhkjOPQIBBggqhkjOPQMB
BwNCAAT9mMIDdvCLMH2MTGWb5qGi8Qy6l2RgnLn5b8Iw57r5gkHmLUuWvRr5VPmq
UuMsP2o4RXGG0V6RXpk9LfWVnrbdo0IwQDAOBgNVHQ8BAf8EBAMCAQYwDwYDVR0T
AQH/BAUwAwEB/zAdBgNVHQ4EFgQUR7flmr5jYL+ZRO/ekvp8WfzmQsIwCgYIKoZI
zj0EAwIDSQAwRgIhAMTgvB5bXBseBRo+p3egIqydB0ZJLbwQ+mTKDORhWTJPAiEA
h02nffZUJRvMzPvIPK2Tn+CufNZZqWZph5IEC0LMhoo=
-----END CERTIFICATE-----
)";
constexpr std::string_view kKey = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgpyFqdcopUb1zeVL2
dXWUGmXmMghCZQ3hFjnQtxSvYZqhRANCAAT9mMIDdvCLMH2MTGWb5qGi8Qy6l2Rg
nLn5b8Iw57r5gkHmLUuWvRr5VPmqUuMsP2o4RXGG0V6RXpk9LfWVnrbd
-----END PRIVATE KEY-----
)";
const Time kThen = from_unix_s(1'785'542'400);  // 2026-08-01

Result<ca::CaPtr> open(std::string_view certificates, std::string_view key, Time now = kThen) {
  return stand_alone_ca("files", certificates, SecretBytes::copy_of(as_bytes(key)), {}, now);
}

TEST(StandAloneCa, IsReadyToIssue) {
  const auto ca = open(kCertificate, kKey);
  ASSERT_TRUE(ca) << ca.error().detail;
  EXPECT_EQ((*ca)->id(), "files");
  EXPECT_TRUE((*ca)->is_root());
  EXPECT_TRUE((*ca)->can_issue(kThen));
  EXPECT_NE((*ca)->signer(), nullptr);
}

TEST(StandAloneCa, KeepsWhatFollowsAsItsIssuers) {
  const auto ca = open(std::string(kCertificate) + std::string(kCertificate), kKey);
  ASSERT_TRUE(ca);
  EXPECT_EQ((*ca)->chain().size(), 2U);
}

TEST(StandAloneCa, RefusesAKeyThatIsAnothers) {
  const auto other = crypto::PrivateKey::generate(**crypto::find_key_algorithm("ecdsa-p256")).value();
  const auto refused = open(kCertificate, as_text(other.pkcs8_pem().reveal()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "private_key");
  EXPECT_FALSE(open(kCertificate, "no key"));
}

TEST(StandAloneCa, RefusesWhatCannotSignNow) {
  EXPECT_EQ(open(kCertificate, kKey, from_unix_s(1'700'000'000)).error().field, "certificate");
  EXPECT_EQ(open(kCertificate, kKey, from_unix_s(2'200'000'000)).error().field, "certificate");
  EXPECT_FALSE(open("", kKey));
}

}  // namespace
}  // namespace certwright::authority
