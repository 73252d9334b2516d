#include "issuance/key_slots.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

namespace certwright::issuance {
namespace {

using std::chrono::milliseconds;

TEST(KeySlots, AsManyAsThereAre) {
  KeySlots slots(2, 0, milliseconds(0));
  auto one = slots.take().value();
  const auto two = slots.take().value();
  const auto third = slots.take();
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, Errc::too_many_requests);
  one.reset();
  EXPECT_TRUE(slots.take());
  EXPECT_TRUE(slots.take()) << "the last one was given back at once";
}

TEST(KeySlots, WhoWaitsGetsTheNextOneOrLosesPatience) {
  KeySlots impatient(1, 1, milliseconds(1));
  const auto held = impatient.take();
  ASSERT_TRUE(held);
  EXPECT_FALSE(impatient.take());

  KeySlots slots(1, 1, std::chrono::seconds(30));
  auto running = slots.take().value();
  std::atomic<bool> got = false;
  std::thread waiting([&] { got = slots.take().has_value(); });
  running.reset();
  waiting.join();
  EXPECT_TRUE(got);
}

}  // namespace
}  // namespace certwright::issuance
