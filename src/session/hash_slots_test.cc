#include "session/hash_slots.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

namespace certwright::session {
namespace {

TEST(HashSlots, SendAwayWhoeverFindsThemAndTheQueueFull) {
  HashSlots slots(2, 0);
  auto first = slots.take("alice", "192.0.2.1"), second = slots.take("bob", "192.0.2.2");
  ASSERT_TRUE(first && second);
  const auto third = slots.take("carol", "192.0.2.3");
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, Errc::too_many_requests);
  { const auto gives_back = *std::move(first); }
  EXPECT_TRUE(slots.take("carol", "192.0.2.3"));
}

TEST(HashSlots, NobodyTakesThemAll) {
  HashSlots slots(10, 10);
  auto first = slots.take("alice", "192.0.2.1");
  const auto second = slots.take("alice", "192.0.2.2");
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(slots.take("alice", "192.0.2.3")) << "the same account";
  const auto bob = slots.take("bob", "192.0.2.1"), carol = slots.take("carol", "192.0.2.1"),
             dora = slots.take("dora", "192.0.2.1");
  ASSERT_TRUE(bob && carol && dora);
  EXPECT_FALSE(slots.take("emil", "192.0.2.1")) << "the same address";
  EXPECT_TRUE(slots.take("emil", "192.0.2.2"));
  { const auto gives_back = *std::move(first); }
  EXPECT_TRUE(slots.take("emil", "192.0.2.1"));
  EXPECT_TRUE(slots.take("alice", "192.0.2.1"));
}

TEST(HashSlots, NeverMoreAtOnceThanThereArePlaces) {
  HashSlots slots(3, 100);
  std::atomic<int> inside = 0, most = 0, done = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t)
    threads.emplace_back([&, name = std::to_string(t)] {
      for (int i = 0; i < 50; ++i) {
        const auto slot = slots.take(name, name);
        if (!slot) continue;
        const int now = ++inside;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        std::this_thread::yield();
        --inside;
        ++done;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_LE(most, 3);
  EXPECT_EQ(done, 16 * 50);
}

}  // namespace
}  // namespace certwright::session
