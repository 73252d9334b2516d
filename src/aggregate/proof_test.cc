#include "aggregate/proof.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "aggregate/log.h"
#include "crypto/digest.h"

namespace certwright::aggregate {
namespace proof_test {

constexpr std::int64_t kStart_s = 1'767'323'045;

class AggregateProof : public ::testing::Test {
 protected:
  AggregateProof() {
    char name[] = "/tmp/certwright-proof-XXXXXX";
    folder = ::mkdtemp(name);
    log = Log::open({.folder = folder, .sync_every = {}, .background = false}, clock,
                    [](const ClosedInterval&) -> Result<void> { return {}; }).value();
  }
  ~AggregateProof() override {
    log.reset();
    std::filesystem::remove_all(folder);
  }
  std::uint64_t id_now(std::uint64_t counter) const {
    return static_cast<std::uint64_t>(to_unix_us(clock.now()) / 1000) << 20 | counter;
  }
  static x509::SerialNumber serial_of(std::uint64_t id) { return x509::SerialNumber::from_id(id, {1, 2, 3, 4, 5, 6, 7, 8}); }
  static Sha256 digest_of(std::uint64_t id) { return crypto::sha256(serial_of(id).integer_content()); }
  void record(std::uint64_t id) {
    Entry entry{.serial = {}, .certificate_sha256 = digest_of(id)};
    std::ranges::copy(serial_of(id).integer_content(), entry.serial.begin());
    ASSERT_TRUE(log->add(log->begin(id).value(), entry));
  }
  void close_interval() {
    clock.advance(Seconds(70));
    ASSERT_TRUE(log->run_once());
  }
  Result<Proof> prove_id(std::uint64_t id) { return prove(folder, serial_of(id), digest_of(id), clock.now()); }
  // Through text, as it travels.
  Result<Verdict> verdict(std::uint64_t id) {
    CERTWRIGHT_TRY(const auto proof, prove_id(id));
    CERTWRIGHT_TRY(const auto read, read_proof(write_proof(proof)));
    EXPECT_EQ(write_proof(read), write_proof(proof));
    return verify_proof(read);
  }

  ManualClock clock{from_unix_s(kStart_s)};
  std::filesystem::path folder;
  std::unique_ptr<Log> log;
};

TEST_F(AggregateProof, ShowsWhatWasIssuedAndWhatWasNot) {
  for (const std::uint64_t size : {1U, 2U, 3U, 7U, 8U, 100U}) {
    const auto begin = id_now(1000);
    for (std::uint64_t i = 0; i < size; ++i) record(begin + 2 * i);
    close_interval();
    for (std::uint64_t i = 0; i < 2 * size; ++i) {
      const auto expected = i % 2 == 0 ? Verdict::issued : Verdict::not_issued;
      const auto shown = verdict(begin + i);
      ASSERT_TRUE(shown) << size << " " << i << ": " << shown.error().detail;
      EXPECT_EQ(*shown, expected) << size << " " << i;
    }
    EXPECT_EQ(verdict(begin - 1).value(), Verdict::not_issued);
  }
}

TEST_F(AggregateProof, AnotherCertificateWithOurSerialIsNotOurs) {
  const auto id = id_now(5);
  record(id);
  close_interval();
  const auto proof = prove(folder, serial_of(id), crypto::sha256(as_bytes("forged")), clock.now());
  ASSERT_TRUE(proof);
  EXPECT_EQ(verify_proof(*proof).value(), Verdict::other_certificate);
}

TEST_F(AggregateProof, AnIntervalWithoutCertificates) {
  record(id_now(0));
  close_interval();
  const auto empty = id_now(7);
  clock.advance(Seconds(300));
  EXPECT_EQ(prove_id(empty).error().code, Errc::conflict);  // until a later one is closed
  record(id_now(0));
  close_interval();
  EXPECT_EQ(verdict(empty).value(), Verdict::interval_empty);
}

TEST_F(AggregateProof, WhatCannotBeProvenSaysWhy) {
  const auto id = id_now(0);
  record(id);
  EXPECT_EQ(prove_id(id).error().code, Errc::conflict);  // still open
  close_interval();
  EXPECT_EQ(prove_id(id - (std::uint64_t{86'400'000} << 20)).error().code, Errc::not_found);
  EXPECT_EQ(prove_id(id + (std::uint64_t{86'400'000} << 20)).error().code, Errc::invalid);
  const auto foreign = x509::SerialNumber::from_text("0x1234").value();
  EXPECT_EQ(prove(folder, foreign, {}, clock.now()).error().code, Errc::invalid);
}

TEST_F(AggregateProof, AChangedProofDoesNotHold) {
  const auto begin = id_now(100);
  for (std::uint64_t i = 0; i < 9; ++i) record(begin + 2 * i);
  close_interval();
  const auto good = prove_id(begin + 5).value();
  ASSERT_EQ(good.entries.size(), 2U);
  const auto refused = [](const Proof& proof) { return !verify_proof(proof); };
  auto changed = good;
  changed.closed.root[0] ^= 1;
  EXPECT_TRUE(refused(changed));
  changed = good;
  changed.entries[0].entry.certificate_sha256[3] ^= 1;
  EXPECT_TRUE(refused(changed));
  changed = good;
  changed.entries.erase(changed.entries.begin());  // one neighbour alone proves nothing inside
  EXPECT_TRUE(refused(changed));
  changed = good;
  changed.entries[1] = prove_id(begin + 8).value().entries[0];  // in the tree, but not next to it
  EXPECT_TRUE(refused(changed));
  changed = good;
  changed.closed.interval += 1;
  EXPECT_TRUE(refused(changed));
  changed = good;
  changed.subject.serial[15] ^= 1;
  EXPECT_TRUE(verify_proof(changed));  // also not issued: between the same two
  changed.entries.clear();
  EXPECT_TRUE(refused(changed));
}

TEST(ProofText, RefusesOtherForms) {
  Proof proof;
  proof.subject.serial[0] = 1;
  const std::string good = write_proof(proof);
  ASSERT_TRUE(read_proof(good));
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(read_proof(good.substr(0, size))) << size;
  EXPECT_FALSE(read_proof(good + "more 1\n"));
  std::string padded = good;
  padded.replace(padded.find("count 0"), 7, "count 00");
  EXPECT_FALSE(read_proof(padded));
}

}  // namespace proof_test
}  // namespace certwright::aggregate
