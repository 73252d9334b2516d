#include "bytes/bytes.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "bytes/secret_bytes.h"

namespace certwright {
namespace {

struct Base64Case { const char* name; std::string_view raw, standard, url; };
constexpr Base64Case kRfc4648Section10[] = {
    {"Empty", "", "", ""}, {"F", "f", "Zg==", "Zg"}, {"Fo", "fo", "Zm8=", "Zm8"},
    {"Foo", "foo", "Zm9v", "Zm9v"}, {"Foobar", "foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"LastLetters", "\xfb\xff\xfe", "+//+", "-__-"}};

class Base64 : public testing::TestWithParam<Base64Case> {};
TEST_P(Base64, RoundTrips) {
  const auto& c = GetParam();
  EXPECT_EQ(to_base64(as_bytes(c.raw)), c.standard);
  EXPECT_EQ(to_base64url(as_bytes(c.raw)), c.url);
  EXPECT_EQ(as_text(from_base64(c.standard).value()), c.raw);
  EXPECT_EQ(as_text(from_base64url(c.url).value()), c.raw);
}
INSTANTIATE_TEST_SUITE_P(Rfc4648Section10, Base64, testing::ValuesIn(kRfc4648Section10),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(Base64Strict, RefusesWhatIsNotCanonical) {
  for (const char* bad : {"Zg", "Zg=", "Zh==", "Zm9v\n", "Z===", "=", "Zg==Zg==", "Zm-v"})
    EXPECT_FALSE(from_base64(bad)) << bad;
  for (const char* bad : {"Zg==", "Zh", "Z", "Zm+v"}) EXPECT_FALSE(from_base64url(bad)) << bad;
}

TEST(Hex, RefusesOddAndForeign) {
  EXPECT_EQ(to_hex(from_hex("00fFAb").value()), "00ffab");
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("0g"));
}

TEST(SecretBytes, AMovedFromSecretIsEmpty) {
  SecretBytes a = SecretBytes::copy_of(as_bytes("secret"));
  SecretBytes b = std::move(a);
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): that is the guarantee
  EXPECT_EQ(as_text(b.reveal()), "secret");
}

// Sees what is in memory when it is given back.
bool something_was_left = false;
template <class T>
struct Watching {
  using value_type = T;
  Watching() = default;
  template <class Other>
  Watching(const Watching<Other>&) {}
  T* allocate(std::size_t count) { return new T[count]{}; }
  void deallocate(T* at, std::size_t count) {
    something_was_left |= std::any_of(at, at + count, [](T octet) { return octet != T{}; });
    delete[] at;
  }
  friend bool operator==(const Watching&, const Watching&) { return true; }
};
using WatchedText = std::basic_string<char, std::char_traits<char>, Watching<char>>;
void wipe(WatchedText& text) { wipe_memory(text.data(), text.size()); text.clear(); }

TEST(ReserveWiping, LeavesNothingWhereTheTextWas) {
  something_was_left = false;
  std::size_t moves = 0;
  {
    WatchedText text;
    std::string expected;
    for (int i = 0; i < 5'000; ++i) {
      const auto capacity = text.capacity();
      reserve_wiping(text, 3);
      if (text.capacity() != capacity) ++moves;
      text += "key";
      expected += "key";
    }
    EXPECT_EQ(text, expected.c_str());
    EXPECT_GT(moves, 3U);
    EXPECT_LT(moves, 20U) << "it grows by halves and more, not by three octets";
    wipe(text);
  }
  EXPECT_FALSE(something_was_left);
  Bytes octets;
  reserve_wiping(octets, 10);
  EXPECT_GE(octets.capacity(), 10U);
  EXPECT_TRUE(octets.empty());
}

TEST(EqualConstantTime, ComparesContentAndLength) {
  EXPECT_TRUE(equal_constant_time(as_bytes("abc"), as_bytes("abc")));
  EXPECT_FALSE(equal_constant_time(as_bytes("abc"), as_bytes("abd")));
  EXPECT_FALSE(equal_constant_time(as_bytes("abc"), as_bytes("ab")));
}

}  // namespace
}  // namespace certwright
