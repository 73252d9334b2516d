#include "revocation/revoked_entries.h"

#include <map>
#include <random>

#include <gtest/gtest.h>

namespace certwright::revocation {
namespace {

using x509::RevocationReason;

x509::SerialNumber serial(std::uint64_t n) {
  return x509::SerialNumber::from_id((std::uint64_t{1} << 60) + n, {1, 2, 3, 4, 5, 6, 7, 8});
}
Time at(std::int64_t s) { return from_unix_s(1'700'000'000 + s); }

TEST(RevokedEntries, KeepsWhatX509Encodes) {
  RevokedEntries entries;
  Bytes expected;
  for (std::uint64_t i = 0; i < 300; ++i) {
    entries.put(serial(i), at(0), RevocationReason::superseded, at(1000));
    x509::encode_revoked_entry(serial(i), at(0), RevocationReason::superseded, expected);
  }
  EXPECT_EQ(to_bytes(entries.encoded()), expected);
  EXPECT_EQ(entries.size(), 300U);
}

TEST(RevokedEntries, ReplacesInPlaceAndWithAnotherSize) {
  RevokedEntries entries;
  entries.put(serial(1), at(0), RevocationReason::certificate_hold, at(1000));
  entries.put(serial(2), at(0), RevocationReason::unspecified, at(1000));
  entries.put(serial(1), at(0), RevocationReason::key_compromise, at(1000));  // same size
  Bytes expected;
  x509::encode_revoked_entry(serial(1), at(0), RevocationReason::key_compromise, expected);
  x509::encode_revoked_entry(serial(2), at(0), RevocationReason::unspecified, expected);
  EXPECT_EQ(to_bytes(entries.encoded()), expected);

  entries.put(serial(1), at(0), RevocationReason::unspecified, at(1000));  // shorter
  expected.clear();
  x509::encode_revoked_entry(serial(2), at(0), RevocationReason::unspecified, expected);
  x509::encode_revoked_entry(serial(1), at(0), RevocationReason::unspecified, expected);
  EXPECT_EQ(to_bytes(entries.encoded()), expected);
  EXPECT_EQ(entries.size(), 2U);
}

TEST(RevokedEntries, WhatIsAppendedReplacesToo) {
  RevokedEntries entries;
  for (std::uint64_t i = 1; i <= 300; ++i)
    entries.append(serial(i), at(0), RevocationReason::certificate_hold, at(1000));
  entries.append(serial(300), at(0), RevocationReason::key_compromise, at(1000));  // changed meanwhile
  for (std::uint64_t i = 3; i < 300; ++i) EXPECT_TRUE(entries.remove(serial(i))) << i;
  entries.append(serial(2), at(0), RevocationReason::unspecified, at(1000));
  entries.put(serial(1), at(0), RevocationReason::superseded, at(1000));
  Bytes expected;
  x509::encode_revoked_entry(serial(1), at(0), RevocationReason::superseded, expected);
  x509::encode_revoked_entry(serial(300), at(0), RevocationReason::key_compromise, expected);
  x509::encode_revoked_entry(serial(2), at(0), RevocationReason::unspecified, expected);
  EXPECT_EQ(to_bytes(entries.encoded()), expected);
  EXPECT_EQ(entries.size(), 3U);
  EXPECT_TRUE(entries.remove(serial(2)));
  EXPECT_FALSE(entries.remove(serial(2)));
}

TEST(RevokedEntries, RemovesAndAddsAgain) {
  RevokedEntries entries;
  EXPECT_FALSE(entries.remove(serial(1)));
  entries.put(serial(1), at(0), RevocationReason::certificate_hold, at(1000));
  EXPECT_TRUE(entries.remove(serial(1)));
  EXPECT_FALSE(entries.remove(serial(1)));
  EXPECT_EQ(entries.size(), 0U);
  EXPECT_TRUE(entries.encoded().empty());
  entries.put(serial(1), at(0), RevocationReason::certificate_hold, at(1000));
  EXPECT_EQ(entries.size(), 1U);
}

TEST(Section3_3, AnEntryGoesOnlyAfterACrlIssuedAfterNotAfter) {
  RevokedEntries entries;
  entries.put(serial(1), at(0), RevocationReason::unspecified, at(1000));
  entries.mark_published(at(999));
  entries.prune(at(2000));
  EXPECT_EQ(entries.size(), 1U) << "the last CRL was issued before notAfter";
  entries.mark_published(at(1000));
  entries.prune(at(2000));
  EXPECT_EQ(entries.size(), 1U) << "at notAfter the certificate is still valid";
  entries.mark_published(at(1001));
  entries.prune(at(2000));
  EXPECT_EQ(entries.size(), 0U);
}

TEST(Section3_3, AnEntryThatWasOnNoCrlStays) {
  RevokedEntries entries;
  entries.put(serial(1), at(0), RevocationReason::unspecified, at(10));
  entries.mark_published(at(5));
  entries.put(serial(2), at(0), RevocationReason::unspecified, at(1));  // expired already
  entries.prune(at(20));
  EXPECT_EQ(entries.size(), 2U);
  entries.mark_published(at(20));
  entries.prune(at(20));
  EXPECT_EQ(entries.size(), 0U);
}

TEST(RevokedEntries, PruningWaitsUntilItIsWorthAPass) {
  RevokedEntries entries;
  for (std::uint64_t i = 0; i < 200; ++i)
    entries.put(serial(i), at(0), RevocationReason::unspecified, at(i < 2 ? 10 : 1'000'000));
  entries.put(serial(1000), at(0), RevocationReason::unspecified, at(1));
  entries.mark_published(at(5));
  entries.prune(at(6));  // the first time is always worth it
  EXPECT_EQ(entries.size(), 200U);
  entries.mark_published(at(20));
  entries.prune(at(21));
  EXPECT_EQ(entries.size(), 200U) << "2 of 200 are less than one in 64";
  entries.prune(at(6) + std::chrono::hours(24));
  EXPECT_EQ(entries.size(), 198U);
}

// Against a map, with every operation in random order.
TEST(RevokedEntries, AgreesWithAMapOverRandomChanges) {
  std::mt19937 random(7);  // NOLINT: a fixed seed, so that a failure can be repeated
  RevokedEntries entries;
  std::map<std::uint64_t, Bytes> model;
  for (int step = 0; step < 20'000; ++step) {
    const std::uint64_t n = random() % 500;
    if (random() % 3 == 0) {
      EXPECT_EQ(entries.remove(serial(n)), model.erase(n) != 0);
    } else {
      const auto reason = static_cast<RevocationReason>(random() % 7);
      Bytes encoded;
      x509::encode_revoked_entry(serial(n), at(step), reason, encoded);
      if (random() % 4 == 0) {
        entries.append(serial(n), at(step), reason, at(1'000'000));
        (void)entries.encoded();
      } else {
        entries.put(serial(n), at(step), reason, at(1'000'000));
      }
      model[n] = encoded;
    }
    ASSERT_EQ(entries.size(), model.size());
    if (step % 997 != 0) continue;
    Bytes sorted_ours = to_bytes(entries.encoded());
    std::size_t octets = 0;
    for (const auto& [key, encoded] : model) {
      octets += encoded.size();
      EXPECT_NE(std::search(sorted_ours.begin(), sorted_ours.end(), encoded.begin(), encoded.end()),
                sorted_ours.end());
    }
    EXPECT_EQ(sorted_ours.size(), octets);
    EXPECT_EQ(entries.encoded_octets(), octets);
  }
}

}  // namespace
}  // namespace certwright::revocation
