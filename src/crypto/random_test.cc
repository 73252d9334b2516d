#include "crypto/random.h"

#include <algorithm>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace certwright::crypto {
namespace {

Bytes drawn(Random& random, std::size_t octets) {
  Bytes out(octets);
  random.fill(out);
  return out;
}

// Around the size that is served from the thread's buffer, and around the buffer's own.
TEST(SystemRandom, NeverRepeats) {
  SystemRandom random;
  std::set<Bytes> seen;
  for (int i = 0; i < 200; ++i)
    for (const std::size_t octets : {16u, 20u, 63u, 64u, 65u, 512u, 513u})
      ASSERT_TRUE(seen.insert(drawn(random, octets)).second);
}

TEST(SystemRandom, FillsEveryOctet) {
  SystemRandom random;
  for (const std::size_t octets : {1u, 8u, 64u, 65u, 2000u}) {
    Bytes ever(octets);
    for (int i = 0; i < 64; ++i) {
      const Bytes next = drawn(random, octets);
      for (std::size_t at = 0; at < octets; ++at) ever[at] = ever[at] | next[at];
    }
    EXPECT_EQ(std::count(ever.begin(), ever.end(), 0), 0) << octets;
  }
  random.fill({});
}

TEST(SystemRandom, ThreadsDoNotShareAStream) {
  std::array<Bytes, 4> drawn_by_thread;
  std::vector<std::thread> threads;
  for (auto& mine : drawn_by_thread)
    threads.emplace_back([&mine] {
      SystemRandom random;
      mine = drawn(random, 32);
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(std::set<Bytes>(drawn_by_thread.begin(), drawn_by_thread.end()).size(), 4u);
}

TEST(SystemRandom, ForkedChildHasItsOwn) {
  SystemRandom random;
  (void)drawn(random, 16);  // the buffer is full now
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const Bytes mine = drawn(random, 32);
    ::_exit(::write(ends[1], mine.data(), mine.size()) == 32 ? 0 : 1);
  }
  const Bytes ours = drawn(random, 32);
  Bytes theirs(32);
  ASSERT_EQ(::read(ends[0], theirs.data(), theirs.size()), 32);
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_NE(ours, theirs);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(DeterministicRandom, IsItsSeedsStream) {
  DeterministicRandom whole(42);
  DeterministicRandom parts(42);
  DeterministicRandom other(43);
  const Bytes expected = drawn(whole, 100);
  // SHA-256 of the seed and the counter, eight octets each, little end first: stored in no file,
  // but golden certificates of other rooms depend on it.
  EXPECT_EQ(to_hex(ByteView(expected).first(32)),
            "aefdce03def94ffed42159e55677ec20e91200e1981f25b1f271b6fd99c3c263");
  Bytes joined;
  for (const std::size_t octets : {1u, 31u, 1u, 32u, 0u, 35u}) {
    const Bytes part = drawn(parts, octets);
    joined.insert(joined.end(), part.begin(), part.end());
  }
  EXPECT_EQ(joined, expected);
  EXPECT_NE(drawn(other, 100), expected);
}

}  // namespace
}  // namespace certwright::crypto
