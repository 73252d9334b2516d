#include "issuance/testing_service.h"

namespace certwright::issuance::service_test {
namespace {

// ---- Idempotency (DESIGN invariant 13)

IssuanceRequest keyed(std::string key, std::string entity = "web") {
  auto request = ours();
  request.idempotency_key = std::move(key);
  request.entity_id = std::move(entity);
  return request;
}

TEST_F(Issuance, TheSameKeyAndRequestGiveTheSameCertificate) {
  const auto first = must(service.issue(keyed("k")));
  clock.advance(kDay);
  const auto again = must(service.issue(keyed("k")));
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.certificate.der, first.certificate.der);
  EXPECT_EQ(certificates(), 1U);
}

TEST_F(Issuance, TheSameKeyWithAnotherRequestIsAConflict) {
  must(service.issue(keyed("k")));
  const auto other = service.issue(keyed("k", "db"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Errc::conflict);
  EXPECT_EQ(other.error().field, "idempotency_key");
  EXPECT_EQ(certificates(), 1U);
}

TEST_F(Issuance, KeysBelongToTheirPrincipal) {
  const auto first = must(service.issue(keyed("k")));
  auto other = keyed("k");
  other.principal.id = "bob";
  EXPECT_NE(must(service.issue(std::move(other))).certificate.id, first.certificate.id);
}

TEST_F(Issuance, ARunningRequestHoldsItsKeyForTwoMinutes) {
  // It died between its intent and everything else, account included.
  store.begin(Trouble::refused, 2, 1000);
  EXPECT_FALSE(service.issue(keyed("k")));
  store.end();
  EXPECT_EQ(open_intents(), 1U);

  clock.advance(Seconds(120) - Duration(1));
  const auto early = service.issue(keyed("k"));
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, Errc::conflict);
  EXPECT_THAT(early.error().detail, HasSubstr("try again shortly"));

  clock.advance(Duration(1));
  EXPECT_FALSE(must(service.issue(keyed("k"))).replayed);
  EXPECT_EQ(certificates(), 1U);
  EXPECT_EQ(open_intents(), 0U);
  EXPECT_EQ(count("INTENT_ABANDONED"), 1U);
}

TEST_F(Issuance, AHungRequestRecordsNothingOnceItsIntentIsAbandoned) {
  store::CertificateId retried = 0;
  signer->while_signing = [&] {  // for two minutes; the client asks again meanwhile
    clock.advance(Seconds(120));
    retried = must(service.issue(keyed("k"))).certificate.id;
  };
  const auto hung = service.issue(keyed("k"));
  ASSERT_FALSE(hung);
  EXPECT_EQ(hung.error().code, Errc::conflict);
  EXPECT_EQ(certificates(), 1U);
  EXPECT_EQ(count("CERTIFICATE_ISSUED"), 1U);
  EXPECT_EQ(count("INTENT_ABANDONED"), 1U);
  EXPECT_EQ(must(service.issue(keyed("k"))).certificate.id, retried);
}

TEST_F(Issuance, AHungRequestRecordsNothingAfterTheNextStartsAccount) {
  signer->while_signing = [&] {
    clock.advance(Duration(1));
    EXPECT_EQ(must(service.account_for_unfinished_intents()), 1U);
  };
  const auto hung = service.issue(request());
  ASSERT_FALSE(hung);
  EXPECT_EQ(hung.error().code, Errc::conflict);
  EXPECT_EQ(certificates(), 0U);
  EXPECT_EQ(count("INTENT_ABANDONED"), 1U);
}

TEST_F(Issuance, IdempotencyKeysAreForgottenAfterAWeek) {
  const auto first = must(service.issue(keyed("k")));
  for (std::uint64_t i = 0; i < 450; ++i) {  // more than two batches
    const store::CertificateId id = (std::uint64_t{1} << 60) + i;
    must(memory.apply({store::ReserveSerial{
        {.id = id, .serial = x509::SerialNumber::from_id(id, {1, 2, 3, 4, 5, 6, 7, 8})},
        store::IdempotencyRecord{"bob", std::to_string(i), {}, id, clock.now()}}}));
  }
  clock.advance(Seconds(1));
  const auto second = must(service.issue(keyed("l")));
  clock.advance(IssuanceService::kIdempotencyKeyKept - Seconds(1));
  EXPECT_EQ(must(service.forget_old_idempotency_keys()), 0U) << "not before its time";
  EXPECT_TRUE(must(service.issue(keyed("k"))).replayed);
  clock.advance(Duration(1));
  EXPECT_EQ(must(service.forget_old_idempotency_keys()), 451U);
  EXPECT_EQ(must(service.forget_old_idempotency_keys()), 0U);
  EXPECT_TRUE(must(service.issue(keyed("l"))).replayed);
  const auto anew = must(service.issue(keyed("k")));
  EXPECT_FALSE(anew.replayed);
  EXPECT_NE(anew.certificate.id, first.certificate.id);
  EXPECT_TRUE(must(memory.find_certificate(first.certificate.id))) << "the certificate itself stays";
}

TEST_F(Issuance, ConcurrentRequestsWithOneKeyGiveOneCertificate) {
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::set<store::CertificateId> ids;
  std::size_t running = 0;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      const auto issued = service.issue(keyed("k"));
      const std::lock_guard lock(mutex);
      if (issued) ids.insert(issued->certificate.id);
      else if (issued.error().code == Errc::conflict) ++running;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(ids.size(), 1U);
  EXPECT_LT(running, 8U);
  EXPECT_EQ(certificates(), 1U);
}

}  // namespace
}  // namespace certwright::issuance::service_test
