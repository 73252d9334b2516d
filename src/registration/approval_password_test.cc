#include "registration/approval_password.h"

#include <gtest/gtest.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "registration/testing_world.h"
#include "store/memory/memory_store.h"

namespace certwright::registration {
namespace {

using testing::kStart_s;
using testing::must;

constexpr std::string_view kRight = "correct horse battery";

// "right", "wrong" or "locked" (and recorded), "no" (nothing to record), or the error.
std::string outcome_of(const Result<ApprovalPasswords::Checked>& checked) {
  if (!checked) return std::string(name_of(checked.error().code));
  if (checked->right) return "right";
  if (!checked->evidence) return "no";
  return checked->evidence->type == audit::EventType::approval_password_locked ? "locked" : "wrong";
}

class Passwords : public ::testing::Test {
 protected:
  Passwords() { must(passwords.set("issuing", secret(kRight), {})); }

  static SecretBytes secret(std::string_view text) { return SecretBytes::copy_of(as_bytes(text)); }
  std::string check(std::string_view password, const std::string& principal = "alice", std::string_view ca = "issuing") {
    return outcome_of(passwords.check(ca, secret(password), {.principal = principal, .tenant = "t", .door = "d", .remote = "r"}));
  }

  ManualClock clock{from_unix_s(kStart_s)};
  store::MemoryStore store;
  audit::Journal journal{store, clock};
  crypto::SystemRandom random;
  ApprovalPasswords passwords{store, journal, random, clock,
                              {.hashes_at_once = 1, .waiting_max = 1, .operations = 1, .memory_octets = 8192,
                               .failures_max = 3, .tenant_failures_max = 200, .ca_failures_max = 400,
                               .window = Seconds(900), .tracked_max = 4}};
};

TEST_F(Passwords, OnlyTheRightOneOfThisCaIsRight) {
  EXPECT_EQ(check(kRight), "right");
  EXPECT_EQ(check("correct horse batterz"), "wrong");
  EXPECT_EQ(check(""), "no");
  EXPECT_EQ(check(kRight, "alice", "other"), "wrong");
  must(passwords.set("issuing", secret("another long password"), {}));
  EXPECT_EQ(check(kRight), "wrong");
  must(passwords.clear("issuing", {}));
  EXPECT_EQ(check("another long password", "bob"), "wrong");
  EXPECT_EQ(check("", "bob"), "no");
  EXPECT_FALSE(must(passwords.is_set("issuing")));
}

TEST_F(Passwords, HaveALength) {
  const auto set = [&](std::size_t octets) {
    const auto done = passwords.set("issuing", SecretBytes(octets), {});
    return done ? std::string("ok") : std::string(name_of(done.error().code));
  };
  EXPECT_EQ(set(11), "invalid");
  EXPECT_EQ(set(257), "too_large");
  must(passwords.set("issuing", secret("a phrase of 12"), {}));
  EXPECT_EQ(check(std::string(100'000, 'x')), "wrong");
}

// One that many share is not worse chosen than one of a person.
TEST_F(Passwords, AreChosenLikeThoseOfPeople) {
  for (const char* bad : {"shorter", "aaaaaaaaaaaaaaaa", "12345678901234", "password1234", "tab\tin the middle", "issuing-2026",
                          "my issuing", "\xff\xfe not text at all"}) {
    const auto done = passwords.set("issuing", secret(bad), {});
    ASSERT_FALSE(done) << bad;
    EXPECT_EQ(done.error().code, Errc::invalid) << bad;
    EXPECT_EQ(done.error().field, "password") << bad;
  }
  EXPECT_EQ(check(kRight), "right");
}

class ManyAccounts : public Passwords {
 protected:
  // As check(), and of a lock its scope and count.
  std::string by(const std::string& principal, const std::string& tenant, std::string_view password, std::string_view ca = "issuing") {
    const auto checked = few.check(ca, secret(password), {.principal = principal, .tenant = tenant, .door = "d", .remote = "r"});
    std::string told = outcome_of(checked);
    if (told == "locked")
      for (const auto& [name, value] : checked->evidence->fields)
        if (name != "ca") told += " " + value;
    return told;
  }
  ApprovalPasswords few{store, journal, random, clock,
                        {.hashes_at_once = 1, .waiting_max = 1, .operations = 1, .memory_octets = 8192, .failures_max = 3,
                         .tenant_failures_max = 5, .ca_failures_max = 8, .window = Seconds(900), .tracked_max = 100}};
};

TEST_F(ManyAccounts, OfOneTenantCountTogether) {
  for (const char* who : {"m1", "m2", "m3", "m4"}) EXPECT_EQ(by(who, "team", "wrong password 1"), "wrong");
  EXPECT_EQ(by("m4", "team", kRight), "right") << "which takes nothing back of the tenant's";
  EXPECT_EQ(by("m5", "team", "wrong password 1"), "locked 5 tenant");
  EXPECT_EQ(by("m6", "team", kRight), "no");
  EXPECT_EQ(by("m6", "team", "wrong password 1"), "no");
  EXPECT_EQ(by("other", "acme", kRight), "right");
  must(few.set("two", secret(kRight), {}));
  EXPECT_EQ(by("m6", "team", kRight, "two"), "right");
  clock.advance(Seconds(899));
  EXPECT_EQ(by("m6", "team", kRight), "no");
  clock.advance(Seconds(1));
  EXPECT_EQ(by("m6", "team", kRight), "right");
  EXPECT_EQ(by("m1", "team", "wrong password 1"), "wrong") << "it begins anew";
}

TEST_F(ManyAccounts, OfAllTenantsCountTogether) {
  for (const char* tenant : {"a", "b", "c", "d", "e", "f", "g"})
    EXPECT_EQ(by(std::string("m-") + tenant, tenant, "wrong password 1"), "wrong");
  EXPECT_EQ(by("m-h", "h", "wrong password 1"), "locked 8 ca");
  EXPECT_EQ(by("n", "i", kRight), "no");
  must(few.set("two", secret(kRight), {}));
  EXPECT_EQ(by("n", "i", kRight, "two"), "right");
  clock.advance(Seconds(900));
  EXPECT_EQ(by("n", "i", kRight), "right");
}

// The widest lock is what is told.
TEST_F(ManyAccounts, OneFailureReachesSeveral) {
  EXPECT_EQ(by("m1", "team", "wrong password 1"), "wrong");
  EXPECT_EQ(by("m1", "team", "wrong password 1"), "wrong");
  EXPECT_EQ(by("m2", "team", "wrong password 1"), "wrong");
  EXPECT_EQ(by("m2", "team", "wrong password 1"), "wrong");
  EXPECT_EQ(by("m2", "team", "wrong password 1"), "locked 5 tenant");
}

TEST_F(Passwords, FailuresLockAPrincipalOutOfOneCaForAWhile) {
  EXPECT_EQ(check("wrong password 1"), "wrong");
  EXPECT_EQ(check("wrong password 2"), "wrong");
  EXPECT_EQ(check("wrong password 3"), "locked");
  EXPECT_EQ(check(kRight), "no");  // not even the right one, and nothing says so
  EXPECT_EQ(check(kRight, "bob"), "right");
  clock.advance(Seconds(899));
  EXPECT_EQ(check(kRight), "no");
  clock.advance(Seconds(1));
  EXPECT_EQ(check(kRight), "right");
  EXPECT_EQ(check("wrong password 1"), "wrong");  // it begins anew
}

TEST_F(Passwords, OldFailuresAreForgotten) {
  check("wrong password 1");
  check("wrong password 2");
  clock.advance(Seconds(900));
  EXPECT_EQ(check("wrong password 3"), "wrong");
  EXPECT_EQ(check(kRight), "right");
}

// The oldest of those that are not locked out is forgotten, and never one that is.
TEST_F(Passwords, MemoryIsBoundedAndForgetsNoLock) {
  for (int i = 0; i < 3; ++i) check("wrong password 1", "locked");
  EXPECT_EQ(check(kRight, "locked"), "no");
  EXPECT_EQ(check("wrong password 1", "first"), "wrong");
  EXPECT_EQ(check("wrong password 1", "first"), "wrong");
  for (int i = 0; i < 100; ++i) {
    clock.advance(Seconds(1));
    EXPECT_EQ(check("wrong password 1", "p" + std::to_string(i)), "wrong");
  }
  EXPECT_EQ(check(kRight, "locked"), "no");
  EXPECT_EQ(check("wrong password 1", "first"), "wrong") << "two were forgotten, or it would be locked";
}

TEST_F(Passwords, WhereAllThatAreRememberedAreLockedOutNobodyElseTries) {
  for (const char* who : {"a", "b", "c", "d"})
    for (int i = 0; i < 3; ++i) check("wrong password 1", who);
  EXPECT_EQ(check(kRight, "e"), "too_many_requests");
  EXPECT_EQ(check("", "e"), "no");
  clock.advance(Seconds(900));
  EXPECT_EQ(check(kRight, "e"), "right");
}

TEST_F(Passwords, APrincipalTriesAFewTimesAMinute) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(check(kRight), "right");
  EXPECT_EQ(check(kRight), "too_many_requests");
  EXPECT_EQ(check(""), "no");
  EXPECT_EQ(check(kRight, "bob"), "right");
  clock.advance(Seconds(60));
  EXPECT_EQ(check(kRight), "right");
}

// A request without a password is no try: it costs nobody a try, and nobody is refused for it.
TEST_F(Passwords, NoneGivenCountsNowhere) {
  for (int i = 0; i < 30; ++i) EXPECT_EQ(check(""), "no");
  EXPECT_EQ(check("wrong horse battery"), "wrong");
  EXPECT_EQ(check(kRight), "right");
  for (int i = 0; i < 8; ++i) EXPECT_EQ(check(kRight), "right");
  EXPECT_EQ(check(kRight), "too_many_requests");
  EXPECT_EQ(check(""), "no");
}

// Of the thread's own time, so that the machine's other work does not count.
TEST_F(Passwords, RightWrongMissingAndLockedOutCostTheSame) {
  ApprovalPasswords costly(store, journal, random, clock,
                           {.hashes_at_once = 1, .waiting_max = 1, .operations = 2, .memory_octets = 8 * 1024 * 1024,
                            .failures_max = 3, .window = Seconds(900), .tracked_max = 100});
  must(costly.set("issuing", secret(kRight), {}));
  const auto cost_us = [&](std::string_view password, const char* principal, const char* ca = "issuing") {
    const auto now = [] {
      timespec time{};
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
      return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
    };
    const SecretBytes given = secret(password);
    double least = 1e12;
    for (int i = 0; i < 5; ++i) {
      const double before = now();
      must(costly.check(ca, given, {.principal = principal, .tenant = "", .door = "", .remote = ""}));
      least = std::min(least, now() - before);
    }
    return least;
  };
  const double right = cost_us(kRight, "alice");
  const std::pair<const char*, double> others[] = {{"wrong, then locked out", cost_us("wrong horse battery", "bob")},
                                                   {"right, locked out", cost_us(kRight, "bob")},
                                                   {"a CA that has none", cost_us(kRight, "carol", "other")},
                                                   {"none given", cost_us("", "dave")},
                                                   {"none given at a CA that has none", cost_us("", "erin", "other")}};
  for (const auto& [name, cost] : others) {
    EXPECT_GT(cost, right * 0.4) << name;
    EXPECT_LT(cost, right * 2.5) << name;
  }
}

class Busy : public ::testing::Test {
 protected:
  Busy() { must(slow.set("issuing", SecretBytes::copy_of(as_bytes(kRight)), {})); }
  struct Counts { int right = 0, refused = 0; };
  Counts at_once(int threads_count, bool one_principal) {
    std::atomic<int> right = 0, refused = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < threads_count; ++i)
      threads.emplace_back([&, i] {
        const std::string who = one_principal ? "alice" : std::to_string(i);
        const auto checked = slow.check("issuing", SecretBytes::copy_of(as_bytes(kRight)),
                                        {.principal = who, .tenant = "", .door = "", .remote = ""});
        if (checked) right += checked->right ? 1 : 0;
        else if (checked.error().code == Errc::too_many_requests) ++refused;
      });
    for (auto& thread : threads) thread.join();
    return {right, refused};
  }
  ManualClock clock{from_unix_s(kStart_s)};
  store::MemoryStore store;
  audit::Journal journal{store, clock};
  crypto::SystemRandom random;
  // A hash takes much longer than starting twelve threads.
  ApprovalPasswords slow{store, journal, random, clock,
                         {.hashes_at_once = 1, .waiting_max = 1, .operations = 16, .memory_octets = 32 * 1024 * 1024,
                          .failures_max = 1'000, .window = Seconds(900), .tries_max = 100, .tracked_max = 100}};
};

TEST_F(Busy, HashesAtOnceAndTheirQueueAreBounded) {
  const auto counts = at_once(12, false);
  EXPECT_EQ(counts.right + counts.refused, 12);
  EXPECT_GE(counts.right, 1);
  EXPECT_GE(counts.refused, 1) << "one hashes and one waits, of twelve";
}

TEST_F(Busy, ATenantDoesNotTakeAllPlaces) {
  ApprovalPasswords patient(store, journal, random, clock,
                            {.hashes_at_once = 1, .waiting_max = 32, .tenant_places_max = 2, .operations = 16,
                             .memory_octets = 32 * 1024 * 1024, .tries_max = 100, .tracked_max = 100});
  std::atomic<int> right = 0, refused = 0;
  const auto check = [&](const std::string& who, const std::string& tenant) {
    const auto checked = patient.check("issuing", SecretBytes::copy_of(as_bytes(kRight)),
                                       {.principal = who, .tenant = tenant, .door = "", .remote = ""});
    if (checked) right += checked->right ? 1 : 0;
    else if (checked.error().code == Errc::too_many_requests) ++refused;
  };
  std::vector<std::thread> crowd;
  for (int i = 0; i < 8; ++i) crowd.emplace_back(check, std::to_string(i), "team");
  while (refused == 0 && right < 8) std::this_thread::yield();
  EXPECT_GE(refused, 1) << "of eight at once two have places";
  EXPECT_EQ(outcome_of(patient.check("issuing", SecretBytes::copy_of(as_bytes(kRight)),
                               {.principal = "other", .tenant = "acme", .door = "", .remote = ""})),
            "right");
  for (auto& thread : crowd) thread.join();
  EXPECT_EQ(right + refused, 8);
  EXPECT_GE(right, 1);
}

TEST_F(Busy, APrincipalHashesOnceAtATime) {
  const auto counts = at_once(6, true);
  EXPECT_EQ(counts.right + counts.refused, 6);
  EXPECT_GE(counts.right, 1);
  EXPECT_GE(counts.refused, 1);
}

}  // namespace
}  // namespace certwright::registration
