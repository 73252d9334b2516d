#include "crypto/secure_memory.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>

namespace certwright::crypto {
namespace {

[[noreturn]] void harden_and_exit() {
  const bool nothing_refused = harden_process().empty();
  rlimit core{1, 1};
  rlimit locked{};
  getrlimit(RLIMIT_CORE, &core);
  getrlimit(RLIMIT_MEMLOCK, &locked);
  const bool hardened = core.rlim_cur == 0 && core.rlim_max == 0 &&
                        prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 &&
                        locked.rlim_cur == locked.rlim_max;
  std::_Exit(nothing_refused && hardened ? 0 : 1);
}

// In a child, because the hardening would stay with the other tests.
TEST(HardenProcess, TurnsDumpsOff) {
  EXPECT_EXIT(harden_and_exit(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace certwright::crypto
