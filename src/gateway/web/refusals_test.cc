#include "gateway/web/refusals.h"

#include <gtest/gtest.h>

#include <vector>

#include "json/value.h"
#include "store/memory/memory_store.h"

namespace certwright::gateway::web {
namespace {

class RefusalsTest : public testing::Test {
 protected:
  void deny(const std::string& principal, int times = 1) {
    for (int i = 0; i < times; ++i)
      refusals_.denied({.principal = principal, .tenant = "default", .door = "test", .remote = "192.0.2.1"},
                       access::Action::ca_manage, "issuing", Errc::not_permitted);
  }
  // What each record stands for.
  std::vector<std::string> counts() const {
    std::vector<std::string> all;
    const auto leaves = store_.audit_leaves(0, 1000).value();
    for (const auto& leaf : leaves) all.push_back(*json::parse(as_text(leaf.record))->find("fields")->find("count")->if_string());
    return all;
  }

  ManualClock clock_{from_unix_s(1'700'000'000)};
  store::MemoryStore store_;
  audit::Journal journal_{store_, clock_};
  Refusals refusals_{&journal_, clock_};
};

// Else whoever may do nothing fills the audit log.
TEST_F(RefusalsTest, ManyDenialsOfOnePrincipalAreCountedTogether) {
  deny("mallory", 25);
  EXPECT_EQ(counts(), std::vector<std::string>(Refusals::kDeniedInFull, "1"));
  deny("alice");
  EXPECT_EQ(counts().size(), Refusals::kDeniedInFull + 1);
  clock_.advance(Refusals::kWindow);
  deny("mallory", 2);
  const auto all = counts();
  ASSERT_EQ(all.size(), Refusals::kDeniedInFull + 3);
  EXPECT_EQ(all[Refusals::kDeniedInFull + 1], "6");
  EXPECT_EQ(all.back(), "1");
}

}  // namespace
}  // namespace certwright::gateway::web
