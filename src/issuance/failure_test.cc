#include "issuance/testing_service.h"

namespace certwright::issuance::service_test {
namespace {

// ---- Serials (RFC 5280 section 4.1.2.2, DESIGN invariant 2)

TEST_F(Issuance, SerialsAreUniquePositiveAndSixteenOctets) {
  constexpr int kThreads = 4, kEach = 25'000;  // intents are made up to lint; no key is used
  struct Seen : store::testing::ForwardingStore {
    using ForwardingStore::ForwardingStore;
    Result<void> apply(const store::Transaction& transaction) override {
      const auto& serial = std::get<store::ReserveSerial>(transaction.front()).reservation.serial;
      const std::lock_guard lock(mutex);
      serials.push_back(serial);
      return fail(Errc::unavailable, "no further");
    }
    std::mutex mutex;
    std::vector<x509::SerialNumber> serials;
  } seen{memory};
  IssuanceService first{{.registration = world.registration, .store = seen, .journal = world.journal,
                         .sealer = sealer, .random = random, .clock = clock}};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        if (i % 1000 == 0) clock.advance(std::chrono::microseconds(300));
        (void)first.issue(request());
      }
    });
  for (auto& thread : threads) thread.join();
  ASSERT_EQ(seen.serials.size(), std::size_t{kThreads * kEach});
  std::set<std::uint64_t> ids, tails;
  for (const auto& serial : seen.serials) {
    const ByteView octets = serial.integer_content();
    ASSERT_EQ(octets.size(), 16U);
    ASSERT_LT(octets[0], 0x80);
    ids.insert(serial.id().value());
    std::uint64_t tail = 0;
    for (std::size_t i = 8; i < 16; ++i) tail = tail << 8 | octets[i];
    tails.insert(tail);
  }
  EXPECT_EQ(ids.size(), seen.serials.size());    // unique by construction
  EXPECT_EQ(tails.size(), seen.serials.size());  // and 64 bits of randomness behind it
}

TEST_F(Issuance, AClockSetBackRepeatsNoSerial) {
  const auto first = must(service.issue(csr_request()));
  clock.set(clock.now() - Seconds(60));
  const auto second = must(service.issue(csr_request()));
  EXPECT_GT(second.certificate.id, first.certificate.id);
}

// ---- Failures between the steps (DESIGN invariants 1 and 3)

TEST_F(Issuance, AFailingTokenLeavesAnAccountedIntent) {
  for (const auto mode : {TroubledSigner::Mode::away, TroubledSigner::Mode::wrong}) {
    signer->mode = mode;
    const auto result = service.issue(keyed("k"));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, mode == TroubledSigner::Mode::away ? Errc::unavailable : Errc::internal);
  }
  EXPECT_EQ(certificates(), 0U);
  EXPECT_EQ(open_intents(), 0U);
  EXPECT_EQ(count("INTENT_ABANDONED"), 2U);
  // Recorded once, also by the next start; and the key is free for a retry.
  EXPECT_EQ(must(service.account_for_unfinished_intents()), 0U);
  signer->mode = TroubledSigner::Mode::good;
  EXPECT_FALSE(must(service.issue(keyed("k"))).replayed);
}

struct Failure {
  const char* name;
  Trouble trouble;
  int from, to;
  std::size_t certificates;  // afterwards
  std::size_t open;          // intents without certificate, accounted for or not
  std::size_t abandoned;     // records of it, once the next start has looked
};
// apply() calls of one issue(): 1 intent, 2 record; then, on failure, 3 account, 4 idempotency key.
const Failure kFailures[] = {
    {"IntentRefused", Trouble::refused, 1, 1, 0, 0, 0},
    {"IntentAnswerLost", Trouble::lost_answer, 1, 1, 0, 1, 1},
    {"RecordRefused", Trouble::refused, 2, 2, 0, 1, 1},
    {"RecordAnswerLost", Trouble::lost_answer, 2, 2, 1, 0, 0},
    {"RecordAndAccountRefused", Trouble::refused, 2, 3, 0, 1, 1},
    {"RecordRefusedAccountAnswerLost", Trouble::lost_answer, 3, 3, 1, 0, 0},
    {"EverythingAfterTheIntentRefused", Trouble::refused, 2, 1000, 0, 1, 1},
    {"EverythingRefused", Trouble::refused, 1, 1000, 0, 0, 0},
    {"EveryAnswerLost", Trouble::lost_answer, 1, 1000, 0, 1, 1},
};

class StoreFails : public Issuance, public testing::WithParamInterface<Failure> {};

TEST_P(StoreFails, NothingIsHalfWritten) {
  const Failure& p = GetParam();
  store.begin(p.trouble, p.from, p.to);
  const auto result = service.issue(keyed("k"));
  store.end();
  const bool reaches_it = p.from <= 2;
  EXPECT_EQ(static_cast<bool>(result), !reaches_it);
  if (!result) { EXPECT_EQ(result.error().code, Errc::unavailable); }
  EXPECT_EQ(certificates(), p.certificates);
  EXPECT_EQ(open_intents() + count("INTENT_ABANDONED"), p.open);
  EXPECT_EQ(count("CERTIFICATE_ISSUED"), p.certificates);
  EXPECT_EQ(count("CERTIFICATE_INTENT"), p.certificates + p.open);
  if (result) { EXPECT_TRUE(must(memory.find_certificate(result->certificate.id))); }

  clock.advance(Seconds(1));
  const std::size_t told = count("INTENT_ABANDONED");
  EXPECT_EQ(must(service.account_for_unfinished_intents()), p.abandoned - told);
  EXPECT_EQ(must(service.account_for_unfinished_intents()), 0U);
  EXPECT_EQ(count("INTENT_ABANDONED"), p.abandoned);

  // A retry gets the certificate that exists, or a new one.
  clock.advance(Seconds(120));
  const auto retried = must(service.issue(keyed("k")));
  EXPECT_EQ(retried.replayed, p.certificates == 1);
  EXPECT_EQ(certificates(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Issuance, StoreFails, testing::ValuesIn(kFailures),
                         [](const auto& row) { return row.param.name; });

// Revoked for keyCompromise by somebody between approval and record.
TEST_F(Issuance, AKeyThatIsBlockedWhileItIsCertifiedGetsNoCertificate) {
  struct Blocking : store::testing::ForwardingStore {
    using ForwardingStore::ForwardingStore;
    Result<void> apply(const store::Transaction& transaction) override {
      if (const auto* record = std::get_if<store::RecordCertificate>(&transaction.front()))
        must(ForwardingStore::apply({store::BlockKey{record->certificate.subject_public_key_sha256, "lost"}}));
      return ForwardingStore::apply(transaction);
    }
  } blocking{memory};
  IssuanceService racing{{.registration = world.registration, .store = blocking, .journal = world.journal,
                          .sealer = sealer, .random = random, .clock = clock}};
  const auto refused = racing.issue(csr_request());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::policy);
  EXPECT_EQ(refused.error().field, "key");
  EXPECT_EQ(memory.count_lineages({}).value().value, 0U);
  EXPECT_EQ(world.records("INTENT_ABANDONED").size(), 1U);
}

TEST_F(Issuance, AnyNumberOfUnfinishedIntentsIsAccountedFor) {
  constexpr std::size_t kIntents = 2345;
  store.begin(Trouble::refused, 2, 1'000'000);
  for (std::size_t i = 0; i < kIntents; ++i) {
    (void)service.issue(with_csr(good_csr()));
    store.begin(Trouble::refused, 2, 1'000'000);
  }
  store.end();
  clock.advance(Seconds(1));
  EXPECT_EQ(must(service.account_for_unfinished_intents()), kIntents);
  EXPECT_EQ(must(service.account_for_unfinished_intents()), 0U);
  std::set<std::string> serials;
  for (const auto& record : world.records("INTENT_ABANDONED")) serials.insert(text_at(record, {"fields", "serial"}));
  EXPECT_EQ(serials.size(), kIntents);
}

}  // namespace
}  // namespace certwright::issuance::service_test
