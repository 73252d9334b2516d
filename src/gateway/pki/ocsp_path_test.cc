#include "gateway/pki/ocsp_path.h"

#include <gtest/gtest.h>

namespace certwright::gateway::pki {
namespace {

// DER whose base64 has '+', "//" and padding: "MP/7//8=" stands for 30 ff fb ff ff.
struct PathCase { const char* name; const char* path; const char* hex; };
constexpr PathCase kCases[] = {
    {"Bare", "MP/7//8=", "30fffbffff"},
    {"Encoded", "MP%2F7%2F%2F8%3D", "30fffbffff"},
    {"LowerCaseEncoded", "MP%2f7%2f%2f8%3d", "30fffbffff"},
    {"WithoutPadding", "MP/7//8", "30fffbffff"},
    {"PlusBare", "MP++", "30ffbe"},
    {"PlusEncoded", "MP%2B%2B", "30ffbe"},
    {"SlashBefore", "/MP++", "30ffbe"},
    {"NotBase64", "MP*+", nullptr},
    {"BadTriplet", "MP%2", nullptr},
    {"Empty", "", nullptr},
};
class OcspPath : public testing::TestWithParam<PathCase> {};
TEST_P(OcspPath, GivesTheRequestsOctets) {
  const auto decoded = decode_ocsp_path(GetParam().path);
  if (GetParam().hex == nullptr) {
    EXPECT_FALSE(decoded && !decoded->empty());
    return;
  }
  ASSERT_TRUE(decoded) << decoded.error().detail;
  EXPECT_EQ(to_hex(*decoded), GetParam().hex);
}
INSTANTIATE_TEST_SUITE_P(Rfc6960AppendixA1, OcspPath, testing::ValuesIn(kCases),
                         [](const auto& c) { return std::string(c.param.name); });

}  // namespace
}  // namespace certwright::gateway::pki
