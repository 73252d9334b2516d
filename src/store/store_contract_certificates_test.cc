// The one path: reservations, certificates, renewals, keys and grants.
#include <algorithm>

#include "store/store_contract.h"

namespace certwright::store::contract {
namespace {

using Numbers = std::vector<std::uint64_t>;

TEST_P(StoreContract, ReservesASerialOnce) {
  EXPECT_EQ(outcome({ReserveSerial{reservation(1), {}}}), "ok");
  EXPECT_EQ(outcome_with_field({ReserveSerial{reservation(1), {}}}), "conflict:serial");
  auto same_id = reservation(1);
  same_id.serial = x509::SerialNumber::from_id(id_of(1), {9, 9, 9, 9, 9, 9, 9, 9});
  EXPECT_EQ(outcome_with_field({ReserveSerial{same_id, {}}}), "conflict:serial");
  const auto found = store().find_reservation(id_of(1)).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->serial, serial_of(1));
  EXPECT_EQ(found->ca, "issuing");
  EXPECT_EQ(found->profile, "tls-server");
  EXPECT_EQ(found->principal, "alice");
  EXPECT_EQ(found->tbs_sha256, hash_of(1));
  EXPECT_EQ(found->reserved_at, reservation(1).reserved_at);
  EXPECT_EQ(found->not_after, reservation(1).not_after);
  EXPECT_FALSE(store().find_reservation(id_of(2)).value());
  EXPECT_EQ(status(1), StatusKind::unknown);
}

TEST_P(StoreContract, KeepsIdempotencyKeysPerPrincipal) {
  const IdempotencyRecord key{"alice", "k", hash_of(7), id_of(1), kStart};
  EXPECT_EQ(outcome({ReserveSerial{reservation(1), key}}), "ok");
  EXPECT_EQ(outcome_with_field({ReserveSerial{reservation(2), key}}), "conflict:idempotency_key");
  EXPECT_FALSE(store().find_reservation(id_of(2)).value());
  EXPECT_EQ(outcome_with_field({ReserveSerial{reservation(1), key}}), "conflict:serial");
  auto of_bob = key;
  of_bob.principal = "bob";
  of_bob.certificate = id_of(3);
  EXPECT_EQ(outcome({ReserveSerial{reservation(3), of_bob}}), "ok");
  const auto found = store().find_idempotent("alice", "k").value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->principal, "alice");
  EXPECT_EQ(found->key, "k");
  EXPECT_EQ(found->certificate, id_of(1));
  EXPECT_EQ(found->request_sha256, hash_of(7));
  EXPECT_EQ(found->created_at, kStart);
  EXPECT_FALSE(store().find_idempotent("alice", "other").value());
}

TEST_P(StoreContract, NoCertificateIsRecordedForAKeyThatWasBlockedMeanwhile) {
  ASSERT_EQ(outcome({ReserveSerial{reservation(1), {}}}), "ok");
  ASSERT_EQ(outcome({BlockKey{certificate(1).subject_public_key_sha256, "lost"}}), "ok");
  EXPECT_EQ(outcome_with_field({RecordCertificate{certificate(1), 0, {}}}), "policy:key");
  EXPECT_FALSE(store().find_certificate(id_of(1)).value());
  // The intent is still open: whoever made it accounts for it.
  EXPECT_EQ(outcome({AbandonIntent{id_of(1)}}), "ok");
}

TEST_P(StoreContract, ReleasesAnIdempotencyKeyOfADeadRequestOnly) {
  const IdempotencyRecord key{"alice", "k", hash_of(7), id_of(1), kStart};
  ASSERT_EQ(outcome({ReserveSerial{reservation(1), key}}), "ok");
  EXPECT_EQ(outcome({ReleaseIdempotencyKey{"alice", "free", id_of(1)}}), "ok");
  EXPECT_EQ(outcome({ReleaseIdempotencyKey{"alice", "k", id_of(2)}}), "conflict");
  EXPECT_EQ(outcome({ReleaseIdempotencyKey{"alice", "k", id_of(1)}}), "ok");
  EXPECT_FALSE(store().find_idempotent("alice", "k").value());
  auto again = key;
  again.certificate = id_of(2);
  ASSERT_EQ(outcome({ReserveSerial{reservation(2), again}}), "ok");
  ASSERT_EQ(outcome({RecordCertificate{certificate(2), 0, {}}}), "ok");
  EXPECT_EQ(outcome({ReleaseIdempotencyKey{"alice", "k", id_of(2)}}), "conflict");
  EXPECT_TRUE(store().find_idempotent("alice", "k").value());
}

TEST_P(StoreContract, RecordsOnlyWhatWasReserved) {
  EXPECT_EQ(outcome_with_field({RecordCertificate{certificate(1), 0, {}}}), "conflict:serial");
  ASSERT_EQ(outcome({ReserveSerial{reservation(1), {}}}), "ok");
  auto other_serial = certificate(1);
  other_serial.serial = x509::SerialNumber::from_id(id_of(1), {9, 9, 9, 9, 9, 9, 9, 9});
  EXPECT_EQ(outcome_with_field({RecordCertificate{other_serial, 0, {}}}), "conflict:serial");
  auto other_ca = certificate(1);
  other_ca.ca = "root";
  EXPECT_EQ(outcome_with_field({RecordCertificate{other_ca, 0, {}}}), "conflict:serial");
  EXPECT_FALSE(store().find_certificate(id_of(1)).value());
  EXPECT_EQ(outcome({RecordCertificate{certificate(1), 0, {}}}), "ok");
  EXPECT_EQ(outcome_with_field({RecordCertificate{certificate(1), 0, {}}}), "conflict:serial");
}

TEST_P(StoreContract, FindsACertificateAsItWasRecorded) {
  issue(certificate(1));
  const auto by_serial = store().find_certificate(serial_of(1)).value();
  ASSERT_TRUE(by_serial);
  const auto& c = by_serial->certificate;
  const auto wanted = certificate(1);
  EXPECT_EQ(c.id, wanted.id);
  EXPECT_EQ(c.serial, wanted.serial);
  EXPECT_EQ(c.ca, wanted.ca);
  EXPECT_EQ(c.lineage, wanted.lineage);
  EXPECT_EQ(c.tenant, wanted.tenant);
  EXPECT_EQ(c.entity_type, wanted.entity_type);
  EXPECT_EQ(c.entity_id, wanted.entity_id);
  EXPECT_EQ(c.principal, wanted.principal);
  EXPECT_EQ(c.profile, wanted.profile);
  EXPECT_EQ(c.profile_version, wanted.profile_version);
  EXPECT_EQ(c.subject, wanted.subject);
  EXPECT_EQ(c.names, wanted.names);
  EXPECT_EQ(c.subject_public_key_sha256, wanted.subject_public_key_sha256);
  EXPECT_EQ(c.not_before, wanted.not_before);
  EXPECT_EQ(c.not_after, wanted.not_after);
  EXPECT_EQ(c.issued_at, wanted.issued_at);
  EXPECT_EQ(c.crl_shard, wanted.crl_shard);
  EXPECT_EQ(c.record_level, wanted.record_level);
  EXPECT_EQ(c.key_origin, wanted.key_origin);
  EXPECT_EQ(c.der, wanted.der);
  EXPECT_FALSE(by_serial->revocation);
  EXPECT_EQ(by_serial->current, id_of(1));
  const auto other_half = x509::SerialNumber::from_id(id_of(1), {9, 9, 9, 9, 9, 9, 9, 9});
  EXPECT_FALSE(store().find_certificate(other_half).value());
  EXPECT_FALSE(store().find_certificate(x509::SerialNumber::from_decimal("17").value()).value());
  EXPECT_FALSE(store().find_certificate(id_of(2)).value());
}

TEST_P(StoreContract, KeepsEveryListOfNamesAsItIs) {
  const std::vector<std::vector<std::string>> lists = {{}, {""}, {"a"}, {"", "b"}, {"a", "", "c"}};
  for (std::uint64_t n = 0; n < lists.size(); ++n) {
    auto record = certificate(n + 1);
    record.names = lists[n];
    issue(record);
    EXPECT_EQ(stored(n + 1).certificate.names, lists[n]) << n;
  }
}

TEST_P(StoreContract, KeepsADigestRecordWithoutDer) {
  auto record = certificate(1);
  record.record_level = RecordLevel::digest;
  record.key_origin = KeyOrigin::generated;
  record.der.clear();
  issue(record);
  EXPECT_EQ(stored(1).certificate.record_level, RecordLevel::digest);
  EXPECT_EQ(stored(1).certificate.key_origin, KeyOrigin::generated);
  EXPECT_TRUE(stored(1).certificate.der.empty());
}

TEST_P(StoreContract, RenewalJoinsTheLineage) {
  issue(certificate(1));
  auto second = renewal(2, 1);
  second.not_after = kStart + 200 * kDay;
  issue(second, 1);
  EXPECT_EQ(stored(1).current, id_of(2));
  EXPECT_EQ(stored(2).current, id_of(2));
  EXPECT_EQ(stored(2).certificate.lineage, id_of(1));
  const auto lineage = store().find_lineage(id_of(1)).value();
  ASSERT_EQ(lineage.size(), 2U);
  EXPECT_EQ(lineage[0].certificate.id, id_of(1));
  EXPECT_EQ(lineage[1].certificate.id, id_of(2));
  EXPECT_TRUE(store().find_lineage(id_of(2)).value().empty());
  const auto rows = store().list_lineages({}, {}).value();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].handle_serial, serial_of(1));
  EXPECT_EQ(rows[0].current_serial, serial_of(2));
  EXPECT_EQ(rows[0].not_after, second.not_after);
  EXPECT_EQ(store().count_lineages({}).value().value, 1U);
}

TEST_P(StoreContract, RefusesARenewalOfWhatIsNotNewest) {
  issue(certificate(1));
  issue(renewal(2, 1), 1);
  ASSERT_EQ(outcome({ReserveSerial{reservation(3), {}}}), "ok");
  EXPECT_EQ(outcome_with_field({RecordCertificate{renewal(3, 1), id_of(1), {}}}),
            "conflict:lineage");
  EXPECT_EQ(outcome_with_field({RecordCertificate{renewal(3, 9), id_of(1), {}}}),
            "not_found:lineage");
  EXPECT_EQ(outcome_with_field({RecordCertificate{renewal(3, 2), id_of(2), {}}}),
            "not_found:lineage");
  EXPECT_EQ(outcome({RecordCertificate{renewal(3, 1), id_of(2), {}}}), "ok");
  EXPECT_EQ(outcome_with_field({RecordCertificate{renewal(3, 1), id_of(3), {}}}),
            "conflict:serial");
}

TEST_P(StoreContract, RefusesARenewalOfWhatIsRevokedOrOnHold) {
  issue(certificate(1));
  ASSERT_EQ(
      outcome({RevokeLineage{id_of(1), revocation(x509::RevocationReason::certificate_hold)}}),
      "ok");
  ASSERT_EQ(outcome({ReserveSerial{reservation(2), {}}}), "ok");
  EXPECT_EQ(outcome_with_field({RecordCertificate{renewal(2, 1), id_of(1), {}}}),
            "conflict:lineage");
  ASSERT_EQ(outcome({ReleaseHold{id_of(1)}}), "ok");
  EXPECT_EQ(outcome({RecordCertificate{renewal(2, 1), id_of(1), {}}}), "ok");
}

TEST_P(StoreContract, ListsUnfinishedIntentsOldestFirst) {
  for (const std::uint64_t n : {3U, 1U, 2U, 4U})
    ASSERT_EQ(outcome({ReserveSerial{reservation(n), {}}}), "ok");
  ASSERT_EQ(outcome({RecordCertificate{certificate(2), 0, {}}}), "ok");
  const auto numbers = [&](Time before, std::uint32_t limit) {
    Numbers result;
    const auto open = store().unfinished_intents(before, limit).value();
    for (const auto& r : open) result.push_back(r.id - id_of(0));
    return result;
  };
  EXPECT_EQ(numbers(kStart + kDay, 10), (Numbers{1, 3, 4}));
  EXPECT_EQ(numbers(kStart + kDay, 2), (Numbers{1, 3}));
  EXPECT_EQ(numbers(kStart + Seconds(4), 10), (Numbers{1, 3}));  // reserved before, not at
  EXPECT_EQ(numbers(kStart, 10), Numbers{});
}

TEST_P(StoreContract, AnAbandonedIntentIsClosedForever) {
  const auto before = kStart + kDay;
  issue(certificate(1));
  ASSERT_EQ(outcome({ReserveSerial{reservation(2), {}}}), "ok");
  ASSERT_EQ(outcome({ReserveSerial{reservation(3), {}}}), "ok");
  EXPECT_EQ(outcome_with_field({AbandonIntent{id_of(1)}}), "conflict:serial") << "it was issued";
  EXPECT_EQ(outcome_with_field({AbandonIntent{id_of(9)}}), "conflict:serial") << "none was reserved";
  EXPECT_EQ(outcome_with_field({AbandonIntent{0}}), "invalid:serial");
  EXPECT_EQ(outcome({AbandonIntent{id_of(2)}, AppendAuditLeaf{{1}}}), "ok");
  EXPECT_EQ(store().audit_size().value(), 1U);
  EXPECT_EQ(outcome_with_field({AbandonIntent{id_of(2)}, AppendAuditLeaf{{2}}}), "conflict:serial");
  EXPECT_EQ(store().audit_size().value(), 1U) << "accounted for once";
  // Whoever still holds it records nothing: as a first certificate, as a renewal, after a restart.
  backend_->reopen();
  if (!store().find_reservation(id_of(2)).value()) return;  // it forgot everything
  EXPECT_EQ(outcome_with_field({RecordCertificate{certificate(2), 0, {}}, AppendAuditLeaf{{3}}}),
            "conflict:serial");
  EXPECT_EQ(outcome_with_field({RecordCertificate{renewal(2, 1), id_of(1), {}}}), "conflict:serial");
  EXPECT_EQ(store().audit_size().value(), 1U);
  EXPECT_FALSE(store().find_certificate(id_of(2)).value());
  EXPECT_EQ(stored(1).current, id_of(1));
  EXPECT_EQ(outcome_with_field({ReserveSerial{reservation(2), {}}}), "conflict:serial");
  const auto open = store().unfinished_intents(before, 10).value();
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].id, id_of(3));
  // In one transaction the later command meets what the earlier one did.
  EXPECT_EQ(outcome_with_field({RecordCertificate{certificate(3), 0, {}}, AbandonIntent{id_of(3)}}),
            "conflict:serial");
  EXPECT_EQ(outcome_with_field({AbandonIntent{id_of(3)}, RecordCertificate{certificate(3), 0, {}}}),
            "conflict:serial");
  EXPECT_EQ(outcome({RecordCertificate{certificate(3), 0, {}}}), "ok");
}

TEST_P(StoreContract, ForgetsIdempotencyKeysByTheirTime) {
  for (const std::uint64_t n : {1U, 2U, 3U})
    ASSERT_EQ(outcome({ReserveSerial{
                  reservation(n), IdempotencyRecord{"alice", "k" + std::to_string(n), hash_of(n),
                                                    id_of(n), kStart + Seconds(10 - n)}}}),
              "ok");
  ASSERT_EQ(outcome({RecordCertificate{certificate(2), 0, {}}}), "ok");
  const auto keys = [&](Time before, std::uint32_t limit) {
    std::vector<std::string> result;
    const auto records = store().idempotency_before(before, limit).value();
    for (const auto& r : records) result.push_back(r.key);
    return result;
  };
  using Keys = std::vector<std::string>;
  EXPECT_EQ(keys(kStart + kDay, 10), (Keys{"k3", "k2", "k1"}));
  EXPECT_EQ(keys(kStart + kDay, 2), (Keys{"k3", "k2"}));
  EXPECT_EQ(keys(kStart + Seconds(9), 10), (Keys{"k3", "k2"}));  // before, not at
  const auto oldest = store().idempotency_before(kStart + kDay, 1).value().at(0);
  EXPECT_EQ(oldest.principal, "alice");
  EXPECT_EQ(oldest.certificate, id_of(3));
  EXPECT_EQ(oldest.request_sha256, hash_of(3));
  EXPECT_EQ(oldest.created_at, kStart + Seconds(7));
  EXPECT_EQ(outcome({ForgetIdempotencyKey{"alice", "k2", id_of(2)}}), "ok") << "though it was issued";
  EXPECT_EQ(outcome({ForgetIdempotencyKey{"alice", "k3", id_of(1)}}), "ok") << "another's: it stays";
  EXPECT_EQ(outcome({ForgetIdempotencyKey{"bob", "k1", id_of(1)}}), "ok");
  EXPECT_EQ(keys(kStart + kDay, 10), (Keys{"k3", "k1"}));
  EXPECT_FALSE(store().find_idempotent("alice", "k2").value());
  EXPECT_TRUE(store().find_certificate(id_of(2)).value());
}

TEST_P(StoreContract, ErasesDownloadGrantsByTheirEnd) {
  issue(certificate(1));
  for (const std::uint64_t n : {1U, 2U, 3U})
    ASSERT_EQ(outcome({PutDownloadGrant{{hash_of(n), id_of(1), "alice", kStart + Seconds(10 - n)}}}),
              "ok");
  ASSERT_EQ(outcome({ConsumeDownloadGrant{hash_of(2), id_of(1), kStart}}), "ok");
  const auto grants = [&](Time before, std::uint32_t limit) {
    std::vector<Sha256> result;
    const auto records = store().download_grants_before(before, limit).value();
    for (const auto& g : records) result.push_back(g.secret_sha256);
    return result;
  };
  using Hashes = std::vector<Sha256>;
  EXPECT_EQ(grants(kStart + kDay, 10), (Hashes{hash_of(3), hash_of(2), hash_of(1)}));
  EXPECT_EQ(grants(kStart + kDay, 1), (Hashes{hash_of(3)}));
  EXPECT_EQ(grants(kStart + Seconds(9), 10), (Hashes{hash_of(3), hash_of(2)}));
  EXPECT_EQ(outcome({EraseDownloadGrant{hash_of(2)}, EraseDownloadGrant{hash_of(7)}}), "ok");
  EXPECT_EQ(grants(kStart + kDay, 10), (Hashes{hash_of(3), hash_of(1)}));
  EXPECT_EQ(outcome({ConsumeDownloadGrant{hash_of(2), id_of(1), kStart}}), "not_found");
}

TEST_P(StoreContract, KeepsManagedKeysUntilErased) {
  issue(certificate(1), 0, ManagedKeyRecord{id_of(1), {1, 2, 3}, true});
  const auto key = store().find_managed_key(id_of(1)).value();
  ASSERT_TRUE(key);
  EXPECT_EQ(key->certificate, id_of(1));
  EXPECT_EQ(key->sealed_pkcs8, (Bytes{1, 2, 3}));
  EXPECT_TRUE(key->erase_after_delivery);
  EXPECT_EQ(outcome({EraseManagedKey{id_of(1)}}), "ok");
  EXPECT_FALSE(store().find_managed_key(id_of(1)).value());
  EXPECT_EQ(outcome({PutSetting{"s", {1}}, EraseManagedKey{id_of(1)}}), "not_found");
  EXPECT_FALSE(store().find_setting("s").value());
}

TEST_P(StoreContract, TellsWhereManagedKeysEnd) {
  for (std::uint64_t n = 1; n <= 3; ++n)
    issue(certificate(n), 0, n == 2 ? std::nullopt : std::optional(ManagedKeyRecord{id_of(n), {1}, false}));
  const auto ids = [&](CertificateId after, std::uint32_t limit) {
    std::vector<CertificateId> found;
    const auto ends = store().managed_key_ends(after, limit).value();
    for (const auto& end : ends) {
      EXPECT_EQ(end.serial, certificate(1).serial.id() == end.certificate ? certificate(1).serial : certificate(3).serial);
      EXPECT_EQ(end.not_after, certificate(1).not_after);
      found.push_back(end.certificate);
    }
    return found;
  };
  EXPECT_EQ(ids(0, 10), (std::vector<CertificateId>{id_of(1), id_of(3)}));
  EXPECT_EQ(ids(0, 1), (std::vector<CertificateId>{id_of(1)}));
  EXPECT_EQ(ids(id_of(1), 10), (std::vector<CertificateId>{id_of(3)}));
  EXPECT_TRUE(ids(id_of(3), 10).empty());
}

TEST_P(StoreContract, ManagedKeysAreWalkedInPiecesAndSealedAgain) {
  for (const std::uint64_t n : {3U, 1U, 4U, 2U})
    issue(certificate(n), 0, n == 2 ? std::nullopt
                                    : std::optional(ManagedKeyRecord{id_of(n), {static_cast<std::uint8_t>(n)}, n == 3}));
  const auto first = store().managed_keys(0, 2).value();
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].certificate, id_of(1));
  EXPECT_EQ(first[0].sealed_pkcs8, (Bytes{1}));
  EXPECT_EQ(first[1].certificate, id_of(3));
  EXPECT_TRUE(first[1].erase_after_delivery);
  const auto rest = store().managed_keys(id_of(3), 2).value();
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].certificate, id_of(4));
  EXPECT_TRUE(store().managed_keys(id_of(4), 2).value().empty());

  // What was replaced or erased meanwhile stays as it is, and does not fail the others.
  ASSERT_EQ(outcome({EraseManagedKey{id_of(4)}}), "ok");
  EXPECT_EQ(outcome({ResealManagedKey{id_of(1), {1}, {0x11}}, ResealManagedKey{id_of(3), {9}, {0x33}},
                     ResealManagedKey{id_of(4), {4}, {0x44}}}),
            "ok");
  const auto after = store().managed_keys(0, 10).value();
  ASSERT_EQ(after.size(), 2U);
  EXPECT_EQ(after[0].sealed_pkcs8, (Bytes{0x11}));
  EXPECT_EQ(after[1].sealed_pkcs8, (Bytes{3}));
  EXPECT_TRUE(after[1].erase_after_delivery);
  EXPECT_EQ(outcome_with_field({ResealManagedKey{0, {1}, {2}}}), "invalid:certificate");
}

TEST_P(StoreContract, SettingsAreWalkedInPiecesAndSealedAgain) {
  for (const char* name : {"walk-b", "walk-a", "walk-c"})
    ASSERT_EQ(outcome({PutSetting{name, to_bytes(as_bytes(std::string_view(name)))}}), "ok");
  const auto names = [&](std::string_view after, std::uint32_t limit) {
    std::vector<std::string> found;
    const auto settings = store().settings(after, limit).value();
    for (const auto& setting : settings) {
      EXPECT_EQ(setting.value, *store().find_setting(setting.name).value());
      found.push_back(setting.name);
    }
    return found;
  };
  EXPECT_EQ(names("", 2), (std::vector<std::string>{"walk-a", "walk-b"}));
  EXPECT_EQ(names("walk-b", 2), (std::vector<std::string>{"walk-c"}));
  EXPECT_TRUE(names("walk-c", 2).empty());
  EXPECT_EQ(outcome({ResealSetting{"walk-a", to_bytes(as_bytes(std::string_view("walk-a"))), {7}},
                     ResealSetting{"walk-b", {1}, {8}}, ResealSetting{"none", {1}, {9}}}),
            "ok");
  EXPECT_EQ(store().find_setting("walk-a").value(), (Bytes{7}));
  EXPECT_EQ(store().find_setting("walk-b").value(), to_bytes(as_bytes(std::string_view("walk-b"))));
  EXPECT_FALSE(store().find_setting("none").value());
}

TEST_P(StoreContract, ConsumesADownloadGrantOnce) {
  issue(certificate(1));
  issue(certificate(2));
  const DownloadGrantRecord grant{hash_of(5), id_of(1), "alice", kStart + Seconds(300)};
  ASSERT_EQ(outcome({PutDownloadGrant{grant}}), "ok");
  const auto found = store().find_download_grant(hash_of(5)).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->secret_sha256, hash_of(5));
  EXPECT_EQ(found->lineage, id_of(1));
  EXPECT_EQ(found->principal, "alice");
  EXPECT_EQ(found->expires_at, grant.expires_at);
  EXPECT_EQ(outcome({ConsumeDownloadGrant{hash_of(6), id_of(1), kStart}}), "not_found");
  EXPECT_EQ(outcome({ConsumeDownloadGrant{hash_of(5), id_of(2), kStart}}), "not_found");
  EXPECT_EQ(outcome({ConsumeDownloadGrant{hash_of(5), id_of(1), grant.expires_at}}), "gone");
  const auto last_moment = grant.expires_at - Duration(1);
  EXPECT_EQ(outcome({ConsumeDownloadGrant{hash_of(5), id_of(1), last_moment}}), "ok");
  EXPECT_EQ(outcome({ConsumeDownloadGrant{hash_of(5), id_of(1), kStart}}), "gone");
  EXPECT_FALSE(store().find_download_grant(hash_of(5)).value());
}

TEST_P(StoreContract, RefusesWhatIsOutOfLimits) {
  auto foreign = reservation(1);
  foreign.serial = serial_of(2);
  EXPECT_EQ(outcome_with_field({ReserveSerial{foreign, {}}}), "invalid:serial");
  auto line_feed = certificate(1);
  line_feed.names = {"a\nb"};
  EXPECT_EQ(outcome_with_field({RecordCertificate{line_feed, 0, {}}}), "invalid:names");
  auto nul = certificate(1);
  nul.names = {std::string("a\0b", 3)};
  EXPECT_EQ(outcome_with_field({RecordCertificate{nul, 0, {}}}), "invalid:names");
  auto long_name = certificate(1);
  long_name.names = {std::string(4097, 'a')};
  EXPECT_EQ(outcome_with_field({RecordCertificate{long_name, 0, {}}}), "too_large:names");
  IdempotencyRecord key{"alice", std::string(256, 'k'), hash_of(1), id_of(1), kStart};
  EXPECT_EQ(outcome_with_field({ReserveSerial{reservation(1), key}}), "too_large:idempotency_key");
  key.key.pop_back();
  EXPECT_EQ(outcome({ReserveSerial{reservation(1), key}}), "ok");
  EXPECT_EQ(outcome_with_field(
                {RevokeLineage{id_of(1), revocation(x509::RevocationReason::remove_from_crl)}}),
            "invalid:reason");
  EXPECT_EQ(outcome(Transaction(10'001, AppendAuditLeaf{{1}})), "too_large");
  EXPECT_EQ(store().audit_size().value(), 0U);
  EXPECT_EQ(outcome({}), "ok");
}

}  // namespace
}  // namespace certwright::store::contract
