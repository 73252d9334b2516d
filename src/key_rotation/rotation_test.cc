#include "key_rotation/rotation.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "audit/events.h"
#include "clock/clock.h"
#include "store/sqlite/sqlite_store.h"
#include "store/testing_forwarding_store.h"

namespace certwright::key_rotation {
namespace {

namespace fs = std::filesystem;
using keys::KeyEncryptionKey;

constexpr std::uint64_t kFirst = 0x0190'0000'0000'0000U;

// An installation's state directory; `start()` is what a process does when it opens it.
class RotationTest : public testing::Test {
 protected:
  RotationTest() {
    char name[] = "/tmp/certwright-rotation-XXXXXX";
    directory_ = ::mkdtemp(name);
    source_.state_directory = directory_;
    source_.passphrase_cost = {1, 8};
    start();
  }
  ~RotationTest() override {
    rotation_.reset();
    store_.reset();
    fs::remove_all(directory_);
  }

  struct Failing final : store::testing::ForwardingStore {
    using ForwardingStore::ForwardingStore;
    Result<void> apply(const store::Transaction& transaction) override {
      const bool has_record = std::ranges::any_of(transaction, [](const store::Command& command) {
        return std::holds_alternative<store::AppendAuditLeaf>(command);
      });
      if (fail || (fail_records && has_record)) return certwright::fail(Errc::unavailable, "the disk is gone");
      return ForwardingStore::apply(transaction);
    }
    bool fail = false, fail_records = false;
  };

  void start() {
    rotation_.reset();
    journal_.reset();
    front_.reset();
    store_.reset();
    sealer_.reset();
    auto kek = keys::choose_source(source_, random_).value()->load();
    ASSERT_TRUE(kek) << kek.error().detail;
    sealer_ = std::make_unique<keys::Sealer>(*std::move(kek), random_);
    auto retired = keys::load_retired(source_).value();
    for (auto& old : retired) ASSERT_TRUE(sealer_->add(std::move(old)));
    store_ = store::SqliteStore::open((directory_ / "store.db").string()).value();
    front_ = std::make_unique<Failing>(*store_);
    journal_ = std::make_unique<audit::Journal>(*front_, clock_);
    rotation_ = std::make_unique<Rotation>(
        Rotation::Dependencies{*front_, *journal_, *sealer_, random_, source_}, options_);
  }

  void write_credential(const std::string& name, const KeyEncryptionKey& kek) {
    source_.credentials_directory = directory_ / "credentials";
    fs::create_directories(source_.credentials_directory);
    const auto path = source_.credentials_directory / name;
    fs::remove(path);
    std::ofstream(path) << to_hex(kek.secret().reveal()) << "\n";
    fs::permissions(path, fs::perms(0400));
  }

  void write_passphrase(const std::string& text) {
    source_.passphrase_file = directory_ / "passphrase";
    std::ofstream(source_.passphrase_file) << text;
    fs::permissions(source_.passphrase_file, fs::perms(0600));
  }

  static Bytes secret_of(std::uint64_t n) { return to_bytes(as_bytes("secret " + std::to_string(n))); }

  void add_managed_key(std::uint64_t n, std::optional<Bytes> sealed = {}) {
    const auto id = kFirst + n;
    const auto serial = x509::SerialNumber::from_id(id, {1, 2, 3, 4, 5, 6, 7, 8});
    if (!sealed) sealed = sealer_->seal("managed-key:" + std::to_string(id), secret_of(n)).value();
    store::CertificateRecord record{.id = id, .serial = serial};
    record.lineage = id;
    const auto done = front_->apply(
        {store::ReserveSerial{{.id = id, .serial = serial}, {}},
         store::RecordCertificate{record, 0, store::ManagedKeyRecord{id, *std::move(sealed), false}}});
    ASSERT_TRUE(done) << done.error().detail;
  }

  // A CA, sealed settings of both kinds and one that is not sealed, and `count` managed keys.
  void fill(std::uint64_t count) {
    store::CaRecord ca;
    ca.id = "root";
    ca.sealed_key = sealer_->seal("ca-key:root", secret_of(1000)).value();
    ca.revision = 1;
    store::CaRecord offline;
    offline.id = "offline";
    offline.revision = 1;
    ASSERT_TRUE(front_->apply(
        {store::PutCa{ca}, store::PutCa{offline}, store::PutSetting{"plain", secret_of(1)},
         store::PutSetting{"audit-log-key", sealer_->seal("audit-log-key", secret_of(1001)).value()},
         store::PutSetting{"grants", sealer_->seal("setting:grants", secret_of(1002)).value()}}));
    for (std::uint64_t n = 0; n < count; ++n) add_managed_key(n);
  }

  bool opens(std::string_view context, const Bytes& sealed, std::uint64_t n) const {
    const auto opened = sealer_->open(context, sealed);
    return opened && to_bytes(opened->reveal()) == secret_of(n);
  }
  bool all_open(std::uint64_t count) const {
    bool all = true;
    const auto cas = store_->list_cas().value();
    for (const auto& ca : cas)
      if (ca.id == "root") all = all && opens("ca-key:root", ca.sealed_key, 1000);
    all = all && opens("audit-log-key", *store_->find_setting("audit-log-key").value(), 1001);
    all = all && opens("setting:grants", *store_->find_setting("grants").value(), 1002);
    for (std::uint64_t n = 0; n < count; ++n)
      all = all && opens("managed-key:" + std::to_string(kFirst + n),
                         store_->find_managed_key(kFirst + n).value()->sealed_pkcs8, n);
    return all && store_->find_setting("plain").value() == secret_of(1);
  }

  void run() {
    for (int i = 0; i < 100'000; ++i) {
      const auto more = rotation_->step();
      ASSERT_TRUE(more) << more.error().detail;
      if (!*more) return;
    }
    FAIL() << "it does not end";
  }

  std::size_t recorded(std::string_view event) const {
    std::size_t count = 0;
    const auto leaves = store_->audit_leaves(0, 1000).value();
    for (const auto& leaf : leaves)
      if (as_text(leaf.record).find("\"" + std::string(event) + "\"") != std::string_view::npos) ++count;
    return count;
  }

  crypto::SystemRandom random_;
  SystemClock clock_;
  fs::path directory_;
  keys::SourceOptions source_;
  Rotation::Options options_{.batch = 3, .settle = {}, .retry = {}};
  std::unique_ptr<keys::Sealer> sealer_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Failing> front_;
  std::unique_ptr<audit::Journal> journal_;
  std::unique_ptr<Rotation> rotation_;
  const audit::Actor alice_{.principal = "alice", .tenant = "default", .door = "admin", .remote = "192.0.2.1"};
};

TEST_F(RotationTest, EverythingIsSealedAgainAndTheOldKeyForgotten) {
  fill(10);
  EXPECT_FALSE(rotation_->step().value()) << "nothing to do";
  const auto rotated = rotation_->rotate(alice_).value();
  EXPECT_TRUE(rotated.switched);
  EXPECT_EQ(rotated.active, sealer_->active_id_hex());
  EXPECT_TRUE(keys::is_kept(source_, rotated.retired));
  auto progress = rotation_->progress();
  EXPECT_EQ(progress.phase, Phase::counting);
  EXPECT_EQ(progress.retired, std::vector{rotated.retired});
  EXPECT_FALSE(progress.remaining);
  EXPECT_EQ(rotation_->rotate(alice_).error().code, Errc::conflict) << "one at a time";
  while (rotation_->progress().phase == Phase::counting) ASSERT_TRUE(rotation_->step().value());
  EXPECT_EQ(rotation_->progress().remaining, 13U);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(rotation_->step().value());
  progress = rotation_->progress();
  EXPECT_EQ(progress.resealed + progress.remaining.value(), 13U);
  EXPECT_GT(progress.resealed, 0U);
  run();
  progress = rotation_->progress();
  EXPECT_EQ(progress.phase, Phase::idle);
  EXPECT_EQ(progress.remaining, 0U);
  EXPECT_EQ(progress.resealed, 13U);
  EXPECT_TRUE(progress.retired.empty());
  EXPECT_EQ(sealer_->ids_hex(), std::vector{rotated.active});
  EXPECT_FALSE(keys::is_kept(source_, rotated.retired));
  EXPECT_TRUE(all_open(10));
  EXPECT_EQ(recorded("KEK_ROTATED"), 1U);
  EXPECT_EQ(recorded("KEK_FORGOTTEN"), 1U);
  start();
  EXPECT_TRUE(all_open(10)) << "with the new key alone";
  EXPECT_EQ(rotation_->progress().phase, Phase::idle);
}

// Stops after every possible number of steps, as a crash would, and goes on with what is on disk.
TEST_F(RotationTest, ACrashBetweenAnyTwoStepsLosesNothing) {
  fill(5);
  bool ended = false;
  for (int stop = 0; !ended; ++stop) {
    ASSERT_TRUE(rotation_->rotate(alice_));
    bool more = true;
    for (int i = 0; i < stop && more; ++i) more = rotation_->step().value();
    ended = !more;
    start();
    ASSERT_TRUE(all_open(5)) << "after " << stop << " steps";
    EXPECT_EQ(rotation_->progress().phase, ended ? Phase::idle : Phase::counting);
    run();
    ASSERT_EQ(sealer_->ids_hex().size(), 1U) << "after " << stop << " steps";
    ASSERT_TRUE(all_open(5));
  }
}

TEST_F(RotationTest, AFailedCommitIsTriedAgain) {
  fill(4);
  ASSERT_TRUE(rotation_->rotate(alice_));
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(rotation_->step().value());
  front_->fail = true;
  bool failed = false;
  for (int i = 0; i < 6; ++i) failed = failed || !rotation_->step();
  EXPECT_TRUE(failed);
  EXPECT_EQ(sealer_->ids_hex().size(), 2U);
  front_->fail = false;
  run();
  EXPECT_EQ(sealer_->ids_hex().size(), 1U);
  EXPECT_TRUE(all_open(4));
}

// Nothing is changed if the audit log cannot be written.
TEST_F(RotationTest, NoRotationWithoutItsRecord) {
  const auto before = sealer_->active_id_hex();
  front_->fail = true;
  EXPECT_EQ(rotation_->rotate(alice_).error().code, Errc::unavailable);
  EXPECT_EQ(sealer_->active_id_hex(), before);
  EXPECT_EQ(keys::choose_source(source_, random_).value()->load().value().id_hex(), before);
}

// What was sealed before the switch and is stored after the walk has passed.
TEST_F(RotationTest, WhatWasOnItsWayIsFoundBeforeTheOldKeyGoes) {
  options_.settle = std::chrono::seconds(1);  // the first walk ends sooner, on a busy machine too
  const auto settled = options_.settle + std::chrono::milliseconds(20);
  start();
  fill(3);
  const Bytes late = sealer_->seal("managed-key:" + std::to_string(kFirst + 1), secret_of(1)).value();
  Bytes on_its_way = sealer_->seal("managed-key:" + std::to_string(kFirst + 77), secret_of(77)).value();
  ASSERT_TRUE(front_->apply({store::EraseManagedKey{kFirst + 1}}));
  ASSERT_TRUE(rotation_->rotate(alice_));
  run();
  EXPECT_EQ(rotation_->progress().phase, Phase::settling);
  EXPECT_EQ(sealer_->ids_hex().size(), 2U);
  add_managed_key(77, std::move(on_its_way));
  const auto now = store_->find_managed_key(kFirst).value()->sealed_pkcs8;
  add_managed_key(78, late);  // sealed for another row: does not open, so the old key has to stay
  std::this_thread::sleep_for(settled);
  Result<bool> last = true;
  while (last && *last) last = rotation_->step();
  EXPECT_FALSE(last);
  EXPECT_EQ(rotation_->progress().phase, Phase::blocked);
  EXPECT_NE(rotation_->progress().problem.find(std::to_string(kFirst + 78)), std::string::npos);
  EXPECT_EQ(sealer_->ids_hex().size(), 2U);
  ASSERT_TRUE(front_->apply({store::EraseManagedKey{kFirst + 78}}));
  std::this_thread::sleep_for(settled);
  run();
  EXPECT_EQ(rotation_->progress().phase, Phase::idle);
  EXPECT_EQ(rotation_->progress().problem, "");
  EXPECT_TRUE(opens("managed-key:" + std::to_string(kFirst + 77),
                    store_->find_managed_key(kFirst + 77).value()->sealed_pkcs8, 77));
  EXPECT_EQ(store_->find_managed_key(kFirst).value()->sealed_pkcs8, now) << "sealed again once";
}

TEST_F(RotationTest, OfAKeyThatIsNotHereNothingIsExpected) {
  fill(1);
  keys::Sealer stranger(KeyEncryptionKey::generate(random_), random_);
  ASSERT_TRUE(front_->apply({store::PutSetting{"lost", stranger.seal("lost", secret_of(1)).value()}}));
  ASSERT_TRUE(rotation_->rotate(alice_));
  run();
  EXPECT_EQ(rotation_->progress().phase, Phase::idle);
}

TEST_F(RotationTest, APassphraseChangesWithoutARestart) {
  write_passphrase("the first passphrase");
  start();
  run();  // the key file of before is forgotten
  EXPECT_FALSE(fs::exists(directory_ / "kek"));
  fill(2);
  const auto kept = rotation_->rotate(alice_).value();
  EXPECT_FALSE(kept.switched);
  EXPECT_TRUE(rotation_->progress().kept);
  EXPECT_EQ(rotation_->progress().phase, Phase::idle);
  EXPECT_EQ(recorded("KEK_KEPT"), 1U);
  write_passphrase("the second passphrase");
  const auto switched = rotation_->rotate(alice_).value();
  EXPECT_TRUE(switched.switched);
  EXPECT_EQ(switched.retired, kept.active);
  EXPECT_FALSE(rotation_->progress().kept);
  run();
  EXPECT_FALSE(keys::is_kept(source_, kept.active));
  start();
  EXPECT_EQ(sealer_->ids_hex(), std::vector{switched.active});
  EXPECT_TRUE(all_open(2));
}

TEST_F(RotationTest, ACredentialChangesWithARestart) {
  write_credential("certwright.kek", KeyEncryptionKey::generate(random_));
  start();
  run();
  fill(2);
  const auto kept = rotation_->rotate(alice_).value();
  EXPECT_FALSE(kept.switched);
  write_credential("certwright.kek", KeyEncryptionKey::generate(random_));
  start();
  EXPECT_NE(sealer_->active_id_hex(), kept.active);
  EXPECT_TRUE(all_open(2)) << "under the kept key";
  run();
  EXPECT_EQ(sealer_->ids_hex().size(), 1U);
  EXPECT_FALSE(keys::is_kept(source_, kept.active));
  EXPECT_TRUE(all_open(2));
}

// Only the operator can delete it: it is here at every start, and nothing was forgotten.
TEST_F(RotationTest, ARetiredCredentialIsNotOnRecordAsForgotten) {
  write_credential("certwright.kek", KeyEncryptionKey::generate(random_));
  const auto old = KeyEncryptionKey::generate(random_);
  start();
  run();  // the key file of before is forgotten
  const auto before = recorded("KEK_FORGOTTEN");
  write_credential("certwright.kek." + old.id_hex(), old);
  for (int i = 0; i < 2; ++i) {
    start();
    EXPECT_EQ(sealer_->ids_hex().size(), 2U);
    run();
    EXPECT_EQ(rotation_->progress().phase, Phase::idle);
    EXPECT_EQ(sealer_->ids_hex().size(), 1U);
  }
  EXPECT_EQ(recorded("KEK_FORGOTTEN"), before);
}

// It says that the key was deleted, so it is not said before, and said once.
TEST_F(RotationTest, WhatCannotBeDeletedIsNotOnRecordAsForgotten) {
  const auto rotated = rotation_->rotate(alice_).value();
  const auto file = directory_ / ("kek." + rotated.retired);
  fs::rename(file, directory_ / "aside");
  fs::create_directories(file / "in the way");
  Result<bool> more = true;
  while (more && *more) more = rotation_->step();
  EXPECT_FALSE(more);
  EXPECT_EQ(rotation_->progress().phase, Phase::blocked);
  EXPECT_EQ(recorded("KEK_FORGOTTEN"), 0U);
  fs::remove_all(file);
  fs::rename(directory_ / "aside", file);
  run();
  EXPECT_FALSE(fs::exists(file));
  EXPECT_EQ(recorded("KEK_FORGOTTEN"), 1U);
}

TEST_F(RotationTest, ADeletedKeyGetsItsRecordAfterACrashToo) {
  const auto rotated = rotation_->rotate(alice_).value();
  front_->fail_records = true;
  Result<bool> more = true;
  while (more && *more) more = rotation_->step();
  EXPECT_FALSE(more);
  EXPECT_FALSE(keys::is_kept(source_, rotated.retired));
  EXPECT_EQ(recorded("KEK_FORGOTTEN"), 0U);
  for (int i = 0; i < 2; ++i) {
    start();
    run();
    EXPECT_EQ(recorded("KEK_FORGOTTEN"), 1U);
  }
}

// Others write and erase while it runs; whatever is there at the end opens.
TEST_F(RotationTest, OthersGoOnMeanwhile) {
  options_.settle = std::chrono::seconds(2);
  start();
  fill(20);
  std::atomic<std::uint64_t> next{100};
  std::atomic<bool> stop{false};
  std::atomic<int> refused{0};
  std::thread writer([&] {
    while (!stop) {
      const auto n = next++;
      add_managed_key(n);
      if (n % 3 == 0 && !front_->apply({store::EraseManagedKey{kFirst + n}})) ++refused;
      if (!sealer_->open("managed-key:" + std::to_string(kFirst),
                         store_->find_managed_key(kFirst).value()->sealed_pkcs8))
        ++refused;
    }
  });
  EXPECT_TRUE(rotation_->rotate(alice_));
  while (rotation_->progress().phase != Phase::idle) {
    const auto more = rotation_->step();
    if (!more) {
      ADD_FAILURE() << more.error().detail;
      break;
    }
    if (!*more) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  stop = true;
  writer.join();
  EXPECT_EQ(refused, 0);
  EXPECT_GT(next, 100U);
  EXPECT_EQ(sealer_->ids_hex().size(), 1U);
  EXPECT_TRUE(all_open(20));
  for (std::uint64_t n = 100; n < next; ++n)
    if (const auto key = store_->find_managed_key(kFirst + n).value()) {
      EXPECT_TRUE(opens("managed-key:" + std::to_string(kFirst + n), key->sealed_pkcs8, n)) << n;
    }
}

}  // namespace
}  // namespace certwright::key_rotation
