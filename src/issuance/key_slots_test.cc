#include "issuance/key_slots.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

namespace certwright::issuance {
namespace {

using std::chrono::milliseconds;

TEST(KeySlots, AsManyAsThereAre) {
  KeySlots slots({.running = 2, .waiting = 0, .patience = milliseconds(0)});
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
  KeySlots impatient({.running = 1, .waiting = 1, .patience = milliseconds(1)});
  const auto held = impatient.take();
  ASSERT_TRUE(held);
  EXPECT_FALSE(impatient.take());

  KeySlots slots({.running = 1, .waiting = 1, .patience = std::chrono::seconds(30)});
  auto running = slots.take().value();
  std::atomic<bool> got = false;
  std::thread waiting([&] { got = slots.take().has_value(); });
  running.reset();
  waiting.join();
  EXPECT_TRUE(got);
}

struct OfCase {
  const char* name;
  std::size_t workers;
  unsigned cores, running, waiting;
};
constexpr OfCase kOf[] = {
    {"OneWorker", 1, 2, 1, 1},
    {"FewWorkers", 7, 64, 1, 1},
    {"TheDefaultOnTwoCores", 64, 2, 2, 16},
    {"TheDefaultOnManyCores", 64, 64, 16, 16},
    {"CoresAreNotKnown", 64, 0, 1, 16},
};
class KeySlotsOf : public testing::TestWithParam<OfCase> {};
TEST_P(KeySlotsOf, AQuarterOfTheWorkersMakesAndAQuarterWaits) {
  const auto limits = KeySlots::Limits::of(GetParam().workers, GetParam().cores);
  EXPECT_EQ(limits.running, GetParam().running);
  EXPECT_EQ(limits.waiting, GetParam().waiting);
}
INSTANTIATE_TEST_SUITE_P(Workers, KeySlotsOf, testing::ValuesIn(kOf),
                         [](const auto& c) { return std::string(c.param.name); });

}  // namespace
}  // namespace certwright::issuance
