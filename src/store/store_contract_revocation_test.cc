#include <algorithm>
#include <map>

#include "store/limits.h"
#include "store/store_contract.h"

namespace certwright::store::contract {
namespace {

using x509::RevocationReason;

constexpr auto kHold = RevocationReason::certificate_hold;
constexpr auto kCompromise = RevocationReason::key_compromise;
constexpr auto kSuperseded = RevocationReason::superseded;

TEST_P(StoreContract, TellsTheStatusOfASerial) {
  issue(certificate(1));
  EXPECT_EQ(status(1), StatusKind::good);
  EXPECT_EQ(status(2), StatusKind::unknown);
  EXPECT_EQ(store().certificate_status("root", serial_of(1)).value().kind, StatusKind::unknown);
  const auto other = x509::SerialNumber::from_id(id_of(1), {9, 9, 9, 9, 9, 9, 9, 9});
  EXPECT_EQ(store().certificate_status("issuing", other).value().kind, StatusKind::unknown);
  const auto foreign = x509::SerialNumber::from_decimal("17").value();
  EXPECT_EQ(store().certificate_status("issuing", foreign).value().kind, StatusKind::unknown);

  ASSERT_EQ(outcome({RevokeLineage{id_of(1), revocation(kCompromise)}}), "ok");
  const auto revoked = store().certificate_status("issuing", serial_of(1)).value();
  EXPECT_EQ(revoked.kind, StatusKind::revoked);
  ASSERT_TRUE(revoked.revocation);
  EXPECT_EQ(revoked.revocation->reason, kCompromise);
  EXPECT_EQ(revoked.revocation->revoked_at, kStart + kDay);
  EXPECT_EQ(revoked.revocation->principal, "alice");
  EXPECT_EQ(store().certificate_status("root", serial_of(1)).value().kind, StatusKind::unknown);
  EXPECT_EQ(store().certificate_status("issuing", other).value().kind, StatusKind::unknown);
}

TEST_P(StoreContract, RevokesOnce) {
  issue(certificate(1));
  EXPECT_EQ(outcome({RevokeLineage{id_of(2), revocation(kCompromise)}}), "not_found");
  EXPECT_EQ(outcome({RevokeLineage{id_of(1), revocation(kSuperseded)}}), "ok");
  EXPECT_EQ(outcome({RevokeLineage{id_of(1), revocation(kCompromise)}}), "conflict");
  EXPECT_EQ(outcome({RevokeLineage{id_of(1), revocation(kHold)}}), "conflict");
  EXPECT_EQ(stored(1).revocation->reason, kSuperseded);
  EXPECT_EQ(outcome({ReleaseHold{id_of(1)}}), "conflict");
}

TEST_P(StoreContract, RevokesEveryUnexpiredCertificateOfTheLineage) {
  auto first = certificate(1);
  first.not_after = kStart + 10 * kDay;
  issue(first);
  auto second = renewal(2, 1);
  second.not_after = kStart + 20 * kDay;
  issue(second, 1);
  auto third = renewal(3, 1);
  third.not_after = kStart + 30 * kDay;
  issue(third, 2);
  // At the very moment of notAfter the second is still valid.
  const auto at = revocation(kCompromise, kStart + 20 * kDay);
  EXPECT_EQ(outcome({RevokeLineage{id_of(2), at}}), "not_found");  // a serial is not a lineage
  EXPECT_EQ(outcome({RevokeLineage{id_of(1), at}}), "ok");
  EXPECT_EQ(status(1), StatusKind::good);
  EXPECT_EQ(status(2), StatusKind::revoked);
  EXPECT_EQ(status(3), StatusKind::revoked);
  EXPECT_EQ(outcome({RevokeLineage{id_of(1), at}}), "conflict");
}

TEST_P(StoreContract, RevokesTheNewestOfAnExpiredLineage) {
  issue(certificate(1));
  issue(renewal(2, 1), 1);
  EXPECT_EQ(outcome({RevokeLineage{id_of(1), revocation(kCompromise, kStart + 91 * kDay)}}), "ok");
  EXPECT_EQ(status(1), StatusKind::good);
  EXPECT_EQ(status(2), StatusKind::revoked);
}

TEST_P(StoreContract, HoldsAndReleasesTheWholeLineage) {
  issue(certificate(1));
  issue(renewal(2, 1), 1);
  EXPECT_EQ(outcome({ReleaseHold{id_of(1)}}), "conflict");
  EXPECT_EQ(outcome({ReleaseHold{id_of(7)}}), "not_found");
  ASSERT_EQ(outcome({RevokeLineage{id_of(1), revocation(kHold)}}), "ok");
  EXPECT_EQ(outcome({RevokeLineage{id_of(1), revocation(kHold)}}), "conflict");
  EXPECT_EQ(stored(1).revocation->reason, kHold);
  EXPECT_EQ(stored(2).revocation->reason, kHold);
  EXPECT_EQ(store().list_lineages({}, {}).value()[0].revocation->reason, kHold);
  ASSERT_EQ(outcome({ReleaseHold{id_of(1)}}), "ok");
  EXPECT_EQ(status(1), StatusKind::good);
  EXPECT_EQ(status(2), StatusKind::good);
  EXPECT_FALSE(stored(2).revocation);
  EXPECT_FALSE(store().list_lineages({}, {}).value()[0].revocation);
  EXPECT_EQ(outcome({ReleaseHold{id_of(1)}}), "conflict");
  EXPECT_EQ(outcome({RevokeLineage{id_of(1), revocation(kHold, kStart + 2 * kDay)}}), "ok");
  EXPECT_EQ(stored(2).revocation->revoked_at, kStart + 2 * kDay);
}

TEST_P(StoreContract, HoldBecomesCompromiseAndKeepsItsTime) {
  issue(certificate(1));
  ASSERT_EQ(outcome({RevokeLineage{id_of(1), revocation(kHold, kStart + kDay)}}), "ok");
  auto later = revocation(kCompromise, kStart + 5 * kDay);
  later.principal = "bob";
  ASSERT_EQ(outcome({RevokeLineage{id_of(1), later}}), "ok");
  const auto revoked = stored(1).revocation;
  ASSERT_TRUE(revoked);
  EXPECT_EQ(revoked->reason, kCompromise);
  EXPECT_EQ(revoked->revoked_at, kStart + kDay);
  EXPECT_EQ(revoked->principal, "bob");
  EXPECT_EQ(outcome({ReleaseHold{id_of(1)}}), "conflict");
  EXPECT_EQ(outcome({RevokeLineage{id_of(1), later}}), "conflict");
}

TEST_P(StoreContract, RevocationDropsKeysAndGrantsHoldDropsGrantsOnly) {
  issue(certificate(1), 0, ManagedKeyRecord{id_of(1), {1}, false});
  issue(renewal(2, 1), 1, ManagedKeyRecord{id_of(2), {2}, false});
  issue(certificate(3), 0, ManagedKeyRecord{id_of(3), {3}, false});
  ASSERT_EQ(outcome({PutDownloadGrant{{hash_of(1), id_of(1), "alice", kStart + kDay}},
                     PutDownloadGrant{{hash_of(3), id_of(3), "alice", kStart + kDay}}}),
            "ok");
  ASSERT_EQ(outcome({RevokeLineage{id_of(1), revocation(kHold)}}), "ok");
  EXPECT_TRUE(store().find_managed_key(id_of(1)).value());
  EXPECT_TRUE(store().find_managed_key(id_of(2)).value());
  EXPECT_FALSE(store().find_download_grant(hash_of(1)).value());
  EXPECT_EQ(outcome({ConsumeDownloadGrant{hash_of(1), id_of(1), kStart}}), "not_found");
  ASSERT_EQ(outcome({RevokeLineage{id_of(1), revocation(kCompromise)}}), "ok");
  EXPECT_FALSE(store().find_managed_key(id_of(1)).value());
  EXPECT_FALSE(store().find_managed_key(id_of(2)).value());
  EXPECT_TRUE(store().find_managed_key(id_of(3)).value());
  EXPECT_TRUE(store().find_download_grant(hash_of(3)).value());
}

TEST_P(StoreContract, CompromiseBlocksTheKeysOfTheLineageInTheSameCommit) {
  const auto is_blocked = [&](std::uint64_t n) {
    return store().is_key_blocked(hash_of(1000 + n)).value();
  };
  for (std::uint64_t n = 1; n <= 4; ++n) issue(certificate(n));
  issue(renewal(5, 1), 1);
  issue(renewal(6, 1), 5);
  ASSERT_EQ(outcome({RevokeLineage{id_of(2), revocation(kSuperseded)}}), "ok");
  ASSERT_EQ(outcome({RevokeLineage{id_of(3), revocation(kHold)}}), "ok");
  ASSERT_EQ(outcome({RevokeLineage{id_of(4), revocation(kCompromise)},
                     RevokeLineage{id_of(2), revocation(kCompromise)}}),
            "conflict");
  for (std::uint64_t n = 1; n <= 6; ++n) EXPECT_FALSE(is_blocked(n)) << n;
  // Also of a renewal that whoever revokes has not seen; not what is to be spared.
  ASSERT_EQ(outcome({RevokeLineage{id_of(1), revocation(kCompromise), {hash_of(1005)}}}), "ok");
  EXPECT_TRUE(is_blocked(1));
  EXPECT_FALSE(is_blocked(5));
  EXPECT_TRUE(is_blocked(6));
  ASSERT_EQ(outcome({RevokeLineage{id_of(3), revocation(kCompromise)}}), "ok");
  EXPECT_TRUE(is_blocked(3)) << "a hold that becomes final";
  EXPECT_EQ(outcome({RevokeLineage{id_of(4), revocation(kCompromise),
                                   std::vector<Sha256>(kMaxLineageRows + 1)}}),
            "too_large");
}

TEST_P(StoreContract, ALongLineageIsItsFirstAndItsNewest) {
  constexpr std::uint64_t kCertificates = kMaxLineageRows + 3;
  Transaction transaction;
  for (std::uint64_t n = 1; n <= kCertificates; ++n) {
    transaction.emplace_back(ReserveSerial{reservation(n), {}});
    transaction.emplace_back(
        RecordCertificate{n == 1 ? certificate(1) : renewal(n, 1), n == 1 ? 0 : id_of(n - 1), {}});
  }
  ASSERT_EQ(outcome(std::move(transaction)), "ok");
  const auto lineage = store().find_lineage(id_of(1)).value();
  ASSERT_EQ(lineage.size(), kMaxLineageRows);
  EXPECT_EQ(lineage[0].certificate.id, id_of(1)) << "the handle";
  for (std::size_t i = 1; i < lineage.size(); ++i)
    ASSERT_EQ(lineage[i].certificate.id, id_of(i + 4));
  EXPECT_EQ(lineage.back().current, lineage.back().certificate.id);

  ASSERT_EQ(outcome({RevokeLineage{id_of(1), revocation(kCompromise)}}), "ok");
  for (const std::uint64_t n : {1U, 4U, 5U, 1003U}) {
    EXPECT_EQ(status(n), StatusKind::revoked) << n;
    EXPECT_EQ(store().is_key_blocked(hash_of(1000 + n)).value(), n != 4) << n;
  }
}

TEST_P(StoreContract, ChangesComeInSequencePerShard) {
  for (std::uint64_t n = 1; n <= 4; ++n) {
    auto record = certificate(n);
    record.crl_shard = n == 4 ? 1 : 0;
    record.not_after = kStart + static_cast<int>(n) * 10 * kDay;
    issue(record);
  }
  for (const std::uint64_t n : {2U, 1U, 4U, 3U})
    ASSERT_EQ(outcome({RevokeLineage{id_of(n), revocation(kHold)}}), "ok");
  const auto after = [&](std::uint64_t sequence, Time expires_from = kStart,
                         std::uint32_t limit = 100) {
    return store().revocations_after("issuing", 0, sequence, expires_from, limit).value();
  };
  const auto all = after(0);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].serial, serial_of(2));
  EXPECT_EQ(all[1].serial, serial_of(1));
  EXPECT_EQ(all[2].serial, serial_of(3));
  EXPECT_LT(all[0].sequence, all[1].sequence);
  EXPECT_LT(all[1].sequence, all[2].sequence);
  EXPECT_EQ(all[0].reason, kHold);
  EXPECT_EQ(all[0].revoked_at, kStart + kDay);
  EXPECT_EQ(all[0].not_after, kStart + 20 * kDay);
  EXPECT_FALSE(all[0].removed);
  EXPECT_EQ(after(all[0].sequence).size(), 2U);
  EXPECT_EQ(after(0, kStart, 2).size(), 2U);
  EXPECT_EQ(after(0, kStart + 20 * kDay).size(), 2U);  // notAfter itself is in
  EXPECT_EQ(after(0, kStart + 20 * kDay + Duration(1)).size(), 1U);
  EXPECT_EQ(store().revocations_after("issuing", 1, 0, kStart, 9).value().size(), 1U);
  EXPECT_TRUE(store().revocations_after("root", 0, 0, kStart, 9).value().empty());

  // Released: gone from what is revoked now, and announced to who knew it.
  ASSERT_EQ(outcome({ReleaseHold{id_of(1)}}), "ok");
  EXPECT_EQ(after(0).size(), 2U);
  const auto news = after(all[2].sequence);
  ASSERT_EQ(news.size(), 1U);
  EXPECT_TRUE(news[0].removed);
  EXPECT_EQ(news[0].serial, serial_of(1));
  // Changed: once, with its latest state.
  ASSERT_EQ(outcome({RevokeLineage{id_of(2), revocation(kCompromise)}}), "ok");
  const auto changed = after(news[0].sequence);
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_EQ(changed[0].serial, serial_of(2));
  EXPECT_EQ(changed[0].reason, kCompromise);
  EXPECT_FALSE(changed[0].removed);
  EXPECT_EQ(after(0).size(), 2U);
  EXPECT_TRUE(after(changed[0].sequence).empty());
}

TEST_P(StoreContract, FollowingTheChangesGivesWhatIsRevoked) {
  std::map<std::string, RevocationReason> followed;
  std::uint64_t at = 0;
  std::uint32_t random = 12345;
  for (std::uint64_t n = 1; n <= 10; ++n) issue(certificate(n));
  for (int step = 0; step < 200; ++step) {
    random = random * 1664525 + 1013904223;
    const auto lineage = id_of(1 + (random >> 8) % 10);
    if (random >> 30 == 0) {
      static_cast<void>(apply({ReleaseHold{lineage}}));
    } else {
      const bool real = (random >> 20) % 16 == 0;
      static_cast<void>(apply({RevokeLineage{lineage, revocation(real ? kCompromise : kHold)}}));
    }
    if (step % 7 != 0) continue;
    const auto changes = store().revocations_after("issuing", 0, at, kStart, 1000).value();
    for (const auto& change : changes) {
      EXPECT_GT(change.sequence, at);
      at = change.sequence;
      if (change.removed) {
        followed.erase(change.serial.hex());
      } else {
        followed[change.serial.hex()] = change.reason;
      }
    }
    std::map<std::string, RevocationReason> now;
    const auto entries = store().revocations_after("issuing", 0, 0, kStart, 1000).value();
    for (const auto& entry : entries) now[entry.serial.hex()] = entry.reason;
    ASSERT_EQ(followed, now) << step;
  }
}

TEST_P(StoreContract, CrlNumbersOnlyGrow) {
  CrlRecord crl{"issuing", 0, 5, 17, kStart, kStart + kDay, {1, 2}};
  EXPECT_FALSE(store().find_crl("issuing", 0).value());
  EXPECT_EQ(outcome({PutCrl{crl}}), "ok");
  EXPECT_EQ(outcome({PutCrl{crl}}), "conflict");
  crl.number = 4;
  EXPECT_EQ(outcome({PutCrl{crl}}), "conflict");
  crl.number = 6;
  crl.der.clear();
  EXPECT_EQ(outcome({PutCrl{crl}}), "ok");
  crl.shard = 1;
  crl.number = 1;
  EXPECT_EQ(outcome({PutCrl{crl}}), "ok");
  const auto found = store().find_crl("issuing", 0).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->number, 6U);
  EXPECT_EQ(found->sequence, 17U);
  EXPECT_EQ(found->this_update, kStart);
  EXPECT_EQ(found->next_update, kStart + kDay);
  EXPECT_TRUE(found->der.empty());
  EXPECT_EQ(store().find_crl("issuing", 1).value()->number, 1U);
  crl.number = std::uint64_t{1} << 63;
  EXPECT_EQ(outcome({PutCrl{crl}}), "invalid");
}

}  // namespace
}  // namespace certwright::store::contract
