#include "idna/idna.h"

#include <gtest/gtest.h>

namespace certwright::idna {
namespace {

struct Row { const char* name; std::string_view host; std::string_view ascii; };
constexpr Row kRows[] = {
    {"Plain", "www.example.com", "www.example.com"},
    {"UpperCase", "WWW.Example.COM", "www.example.com"},
    {"UnderscoreAndStarStay", "*._x.Example", "*._x.example"},
    {"Umlaut", "B\xc3\xbc" "cher.example", "xn--bcher-kva.example"},
    {"SharpSStays", "stra\xc3\x9f" "e.example", "xn--strae-oqa.example"},
    {"Japanese", "\xe4\xbe\x8b\xe3\x81\x88.jp", "xn--r8jz45g.jp"},
    {"Empty", "", ""},
};
class ToAscii : public testing::TestWithParam<Row> {};
TEST_P(ToAscii, Gives) {
  const auto result = to_ascii(GetParam().host);
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_EQ(*result, GetParam().ascii);
}
INSTANTIATE_TEST_SUITE_P(Rfc5891, ToAscii, testing::ValuesIn(kRows), [](const auto& row) { return row.param.name; });

TEST(ToAscii, RefusesWhatIsNoName) {
  EXPECT_FALSE(to_ascii("\xff\xfe.example"));
  EXPECT_FALSE(to_ascii(std::string_view("b\xc3\xbc\0c", 5)));
  EXPECT_FALSE(to_ascii(std::string(300, 'a')));
  EXPECT_TRUE(to_ascii(std::string(255, 'a')));
}

}  // namespace
}  // namespace certwright::idna
