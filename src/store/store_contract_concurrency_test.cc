#include <atomic>
#include <functional>
#include <thread>

#include "store/store_contract.h"

namespace certwright::store::contract {
namespace {

constexpr int kThreads = 16;

// Runs `body(thread)` in all threads at once.
void in_threads(const std::function<void(int)>& body) {
  std::atomic<int> waiting{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      ++waiting;
      while (waiting < kThreads) std::this_thread::yield();
      body(t);
    });
  for (auto& thread : threads) thread.join();
}

TEST_P(StoreContract, OneOfManyThreadsWinsEachRace) {
  constexpr int kRounds = 20;
  for (std::uint64_t round = 1; round <= kRounds; ++round) {
    issue(certificate(round));
    ASSERT_EQ(outcome({PutDownloadGrant{{hash_of(round), id_of(round), "a", kStart + kDay}}}),
              "ok");
    std::atomic<int> serials{0}, grants{0}, keys{0}, leases{0}, renewals{0}, settings{0}, requests{0};
    in_threads([&](int t) {
      const auto won = [&](std::atomic<int>& count, const Transaction& transaction) {
        const auto done = store().apply(transaction);
        if (done) {
          ++count;
        } else {
          EXPECT_TRUE(done.error().code == Errc::conflict || done.error().code == Errc::gone)
              << done.error().detail;
        }
      };
      const auto own = 1000 + round * 100 + static_cast<std::uint64_t>(t);
      won(serials, {ReserveSerial{reservation(100'000 + round), {}}, AppendAuditLeaf{{1}}});
      won(grants,
          {AppendAuditLeaf{{2}}, ConsumeDownloadGrant{hash_of(round), id_of(round), kStart}});
      const IdempotencyRecord key{"alice", std::to_string(round), hash_of(1), id_of(own), kStart};
      won(keys, {ReserveSerial{reservation(own), key}});
      won(leases, {AcquireLease{std::to_string(round), std::to_string(t), kStart, kStart + kDay}});
      won(settings, {PutSettingOnce{std::to_string(round), {1}}, AppendAuditLeaf{{3}}});
      RequestRecord request;
      request.id = std::to_string(own);
      request.revision = 1;
      request.state = RequestState::pending;
      request.principal = "bob";
      request.request_sha256 = hash_of(own);
      request.idempotency_key = std::to_string(round);
      won(requests, {PutRequest{request}});
      const auto next = 200'000 + own;
      EXPECT_TRUE(store().apply({ReserveSerial{reservation(next), {}}}));
      won(renewals, {RecordCertificate{renewal(next, round), id_of(round), {}}});
    });
    EXPECT_EQ(serials, 1);
    EXPECT_EQ(grants, 1);
    EXPECT_EQ(keys, 1);
    EXPECT_EQ(leases, 1);
    EXPECT_EQ(renewals, 1);
    EXPECT_EQ(settings, 1);
    EXPECT_EQ(requests, 1);
  }
  EXPECT_EQ(store().audit_size().value(), 3U * kRounds);
}

TEST_P(StoreContract, EveryThreadReadsItsOwnWrites) {
  constexpr std::uint64_t kEach = 60;
  std::atomic<std::uint64_t> leaves{0};
  in_threads([&](int t) {
    const auto entity = "entity" + std::to_string(t);
    for (std::uint64_t i = 1; i <= kEach; ++i) {
      const auto n = 1000 * (static_cast<std::uint64_t>(t) + 1) + i;
      ASSERT_TRUE(store().apply({ReserveSerial{reservation(n), {}}, AppendAuditLeaf{{1}}}));
      ASSERT_TRUE(store().find_reservation(id_of(n)).value());
      auto record = certificate(n);
      record.entity_id = entity;
      record.names = {"only" + std::to_string(n)};
      record.tenant = t % 2 == 0 ? "even" : "odd";
      const auto made = store().apply({RecordCertificate{record, 0, {}}, AppendAuditLeaf{{2}}});
      ASSERT_TRUE(made) << made.error().detail;
      leaves += 2;
      const auto at_least = leaves.load();
      ASSERT_GE(store().audit_size().value(), at_least);
      ASSERT_TRUE(store().find_certificate(serial_of(n)).value());
      const auto by_name = filter([&](auto& f) { f.name = record.names[0]; });
      ASSERT_EQ(store().list_lineages(by_name, {}).value().size(), 1U);
      const auto by_entity = filter([&](auto& f) { f.entity_id = entity; });
      ASSERT_EQ(store().count_lineages(by_entity).value().value, i);
      ASSERT_EQ(store().list_lineages(by_entity, {.limit = 100}).value().size(), i);
      if (i % 10 == 0) {
        const auto gone = store().apply(
            {RevokeLineage{id_of(n), revocation(x509::RevocationReason::superseded)}});
        ASSERT_TRUE(gone) << gone.error().detail;
        ASSERT_EQ(status(n), StatusKind::revoked);
      }
    }
  });
  // Positions are dense.
  const auto size = store().audit_size().value();
  EXPECT_EQ(size, 2 * kEach * kThreads);
  const auto all = store().audit_leaves(0, 100'000).value();
  ASSERT_EQ(all.size(), size);
  for (std::uint64_t i = 0; i < size; ++i) ASSERT_EQ(all[i].position, i);
  EXPECT_EQ(store().count_lineages({}).value().value, kEach * kThreads);
  const auto even = filter([](auto& f) { f.tenants = {"even"}; });
  EXPECT_EQ(store().count_lineages(even).value().value, kEach * kThreads / 2);
  EXPECT_EQ(store().revocations_after("issuing", 0, 0, kStart, 1000).value().size(),
            kEach / 10 * kThreads);
}

TEST_P(StoreContract, AFailingTransactionDoesNotDisturbItsNeighbours) {
  ASSERT_EQ(outcome({PutSettingOnce{"taken", {1}}}), "ok");
  in_threads([&](int t) {
    for (int i = 0; i < 40; ++i) {
      const auto name = std::to_string(t) + "." + std::to_string(i);
      if (t % 3 == 0) {
        // Writes, and then fails.
        EXPECT_FALSE(store().apply(
            {PutSetting{name, {1}}, AppendAuditLeaf{{1}}, PutSettingOnce{"taken", {2}}}));
        EXPECT_FALSE(store().find_setting(name).value());
      } else {
        EXPECT_TRUE(store().apply({PutSetting{name, {1}}, AppendAuditLeaf{{1}}}));
        EXPECT_TRUE(store().find_setting(name).value());
      }
    }
  });
  EXPECT_EQ(store().audit_size().value(), 40U * (kThreads - (kThreads + 2) / 3));
  EXPECT_EQ(store().find_setting("taken").value(), Bytes{1});
}

}  // namespace
}  // namespace certwright::store::contract
