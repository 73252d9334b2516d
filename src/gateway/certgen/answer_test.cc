// Every answer fits into the client's buffer, by giving up the root, then names, then the key type.
#include "gateway/certgen/answer.h"

#include <gtest/gtest.h>

#include "gateway/certgen/response.h"
#include "gateway/certgen/testing_issuer.h"

namespace certwright::gateway::certgen {
namespace {

Request request_for(std::string_view host) { return {.host = host, .service = 255, .usage = {}, .upstream_certificate = {}}; }

std::size_t certificates_in(const Answer& answer) {
  const auto text = as_text(answer.body.reveal());
  std::size_t count = 0;
  for (auto at = text.find("-----BEGIN"); at != std::string_view::npos; at = text.find("-----BEGIN", at + 1)) ++count;
  return count;
}

std::size_t datagram_octets(const Answer& answer, std::string_view host) {
  Bytes head(head_octets_max(host.size()));
  return encode_head(request_for(host), head) + answer.body.size() + kTailOctetsMax;
}

TEST(ChainForm, SaysWhichIssuersFollow) {
  TestingIssuer issuer;
  const auto request = request_for("a");
  EXPECT_EQ(certificates_in(*make_answer(issuer, request, ChainForm::without_root)), 2U);
  EXPECT_EQ(certificates_in(*make_answer(issuer, request, ChainForm::with_root)), 3U);
  EXPECT_EQ(certificates_in(*make_answer(issuer, request, ChainForm::leaf_only)), 1U);
  issuer.chain_ends_in_root = false;
  EXPECT_EQ(certificates_in(*make_answer(issuer, request, ChainForm::without_root)), 3U);
  issuer.chain_octets = {};
  EXPECT_EQ(certificates_in(*make_answer(issuer, request, ChainForm::with_root)), 1U);
}

TEST(Size, TheRootGoesFirst) {
  TestingIssuer issuer;
  issuer.names_octets = 8'000;
  issuer.chain_octets = {600, 4'000};
  const auto answer = make_answer(issuer, request_for("a"), ChainForm::with_root);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->reductions.root_dropped);
  EXPECT_FALSE(answer->reductions.names_trimmed);
  EXPECT_EQ(certificates_in(*answer), 2U);
  EXPECT_EQ(issuer.issued, 1U);
}

TEST(Size, ThenNamesThatDoNotCoverTheHost) {
  TestingIssuer issuer;
  issuer.names_octets = 11'900;
  issuer.chain_octets = {600, 600};
  const auto answer = make_answer(issuer, request_for("a"), ChainForm::with_root);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->reductions.root_dropped);
  EXPECT_TRUE(answer->reductions.names_trimmed);
  EXPECT_FALSE(answer->reductions.small_key);
  EXPECT_EQ(certificates_in(*answer), 2U);
}

TEST(Size, ThenTheKeyType) {
  TestingIssuer issuer;
  issuer.key_octets = 13'000;  // no such key, but the order is what counts
  issuer.chain_octets = {2'000, 600};
  const auto answer = make_answer(issuer, request_for("a"), ChainForm::without_root);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->reductions.small_key);
  EXPECT_TRUE(answer->key_type_switched);
  EXPECT_EQ(answer->key_algorithm, "ecdsa-p256");
}

TEST(Size, AnIntermediateNeverGoes) {
  TestingIssuer issuer;
  issuer.chain_octets = {12'500, 600};
  const auto refused = make_answer(issuer, request_for("a"), ChainForm::without_root);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::too_large);
}

TEST(Size, NoCombinationIsLongerThanTheClientsBuffer) {
  TestingIssuer issuer;
  issuer.small_key_octets = 121;
  for (const std::size_t names : {0U, 9'000U, 11'000U, 11'500U, 11'800U, 12'000U, 20'000U})
    for (const std::size_t key : {48U, 121U, 1'191U})
      for (const std::size_t intermediate : {0U, 500U, 4'000U, 9'000U})
        for (const std::size_t host : {0U, 31U, 255U, 4'096U}) {
          issuer.names_octets = names;
          issuer.key_octets = key;
          issuer.chain_octets = {intermediate, 700};
          const std::string name(host, 'h');
          const auto answer = make_answer(issuer, request_for(name), ChainForm::with_root);
          if (intermediate == 9'000U && host == 4'096U) continue;  // may be too much
          ASSERT_TRUE(answer) << names << ' ' << key << ' ' << intermediate << ' ' << host;
          EXPECT_LE(datagram_octets(*answer, name), kResponseOctetsMax);
        }
}

TEST(Ttl, FollowsTheClockAndEndsWithTheCertificate) {
  TestingIssuer issuer;
  const Time now = SystemClock().now();
  issuer.not_after = now + Seconds(100'000);
  const auto answer = make_answer(issuer, request_for("a"), ChainForm::without_root);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->ttl_s_at(now), 86'400U);
  EXPECT_EQ(answer->ttl_s_at(now + Seconds(99'990)), 10U);
  EXPECT_EQ(answer->ttl_s_at(now + Seconds(100'000)), 0U);
  EXPECT_EQ(answer->ttl_s_at(now + Seconds(100'001)), 0U);
}

TEST(Errors, AreTheIssuers) {
  TestingIssuer issuer;
  issuer.failing = true;
  const auto refused = make_answer(issuer, request_for("a"), ChainForm::without_root);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
}

}  // namespace
}  // namespace certwright::gateway::certgen
