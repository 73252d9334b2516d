#include "crypto/self_test.h"

#include <gtest/gtest.h>

namespace certwright::crypto {
namespace {

TEST(SelfTest, Passes) {
  const auto result = self_test();
  EXPECT_TRUE(result) << result.error().detail;
}

}  // namespace
}  // namespace certwright::crypto
