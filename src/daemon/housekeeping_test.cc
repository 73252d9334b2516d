#include "daemon/housekeeping.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

namespace certwright::daemon {
namespace {

using namespace std::chrono_literals;

// A process that ends because memory was short for a moment would take every door with it.
TEST(HousekeepingTest, AJobThatThrowsRunsAgain) {
  std::atomic<int> runs{0};
  {
    const Housekeeping housekeeping({{"throwing", 1ms, [&]() -> Result<void> {
                                        if (++runs == 1) throw std::runtime_error("no memory");
                                        return {};
                                      }}});
    for (int waited = 0; runs < 2 && waited < 2'000; ++waited) std::this_thread::sleep_for(5ms);
  }
  EXPECT_GE(runs, 2);
}

}  // namespace
}  // namespace certwright::daemon
