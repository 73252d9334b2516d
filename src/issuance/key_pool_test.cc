#include "issuance/key_pool.h"

#include <gtest/gtest.h>

#include "registration/testing_world.h"

namespace certwright::issuance {
namespace key_pool_test {

Result<crypto::PrivateKey> quick_key(const std::stop_token&) { return registration::testing::new_key("ecdsa-p256"); }

template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 5000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

TEST(KeyPool, FillsAndGivesEachKeyOnce) {
  KeyPool pool(4, quick_key);
  ASSERT_TRUE(eventually([&] { return pool.depth() == 4; }));
  std::set<Bytes> seen;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(eventually([&] { return pool.depth() > 0; }));
    const auto key = pool.take();
    ASSERT_TRUE(key);
    EXPECT_TRUE(seen.insert(to_bytes(key->subject_public_key_info_tlv())).second);
  }
  EXPECT_EQ(pool.dry_count(), 0U);
  EXPECT_GE(pool.made_count(), 20U);
}

TEST(KeyPool, DryIsCountedAndNeverWaits) {
  KeyPool none(0, quick_key);
  EXPECT_FALSE(none.take());
  EXPECT_FALSE(none.take());
  EXPECT_EQ(none.dry_count(), 2U);
  KeyPool failing(2, [](const std::stop_token&) { return Result<crypto::PrivateKey>(fail(Errc::unavailable, "no")); });
  EXPECT_FALSE(failing.take());
  EXPECT_EQ(failing.depth(), 0U);
}

// Whoever ends the pool does not wait for keys, nor for the next try after a failure.
TEST(KeyPool, EndsInTheMiddleOfAKey) {
  std::atomic<bool> making = false;
  {
    KeyPool pool(1, [&making](const std::stop_token& stop) {
      making = true;
      while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return Result<crypto::PrivateKey>(fail(Errc::unavailable, "stopped"));
    });
    ASSERT_TRUE(eventually([&] { return making.load(); }));
  }
  const auto* const largest = registration::testing::must(crypto::find_key_algorithm("rsa-4096"));
  making = false;
  KeyPool pool(100, [&](const std::stop_token& stop) {
    making = true;
    return crypto::PrivateKey::generate(*largest, stop);
  });
  EXPECT_TRUE(eventually([&] { return making.load(); }));
}

}  // namespace key_pool_test
}  // namespace certwright::issuance
