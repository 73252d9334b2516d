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
  auto first = slots.take(), second = slots.take();
  ASSERT_TRUE(first && second);
  const auto third = slots.take();
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, Errc::too_many_requests);
  { const auto gives_back = *std::move(first); }
  EXPECT_TRUE(slots.take());
}

TEST(HashSlots, NeverMoreAtOnceThanThereArePlaces) {
  HashSlots slots(3, 100);
  std::atomic<int> inside = 0, most = 0, done = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const auto slot = slots.take();
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
