#include "delivery/grant_token.h"

#include <gtest/gtest.h>

#include "crypto/digest.h"

namespace certwright::delivery {
namespace {

const Bytes kKey(32, 0x42);

GrantToken make_token() {
  GrantToken token;
  token.secret.fill(7);
  token.expires_at_s = 1'767'323'345;
  return token;
}

std::string signed_by(ByteView key, std::string_view header, std::string_view claims) {
  const std::string text = to_base64url(as_bytes(header)) + "." + to_base64url(as_bytes(claims));
  return text + "." + to_base64url(crypto::hmac_sha256(key, as_bytes(text)));
}

constexpr std::string_view kHeader = R"({"alg":"HS256","typ":"JWT"})";
const std::string kJti = to_base64url(Bytes(32, 7));
const std::string kClaims =
    R"({"exp":1767323345,"iss":"Certwright","sub":"certs","jti":")" + kJti + "\"}";

TEST(GrantTokenRfc7515, IsTheExpectedText) {
  EXPECT_EQ(make_token().sign(kKey), signed_by(kKey, kHeader, kClaims));
}

TEST(GrantTokenRfc7515, ComesBack) {
  const auto token = GrantToken::verify(make_token().sign(kKey), kKey);
  ASSERT_TRUE(token.has_value());
  EXPECT_EQ(token->secret, make_token().secret);
  EXPECT_EQ(token->expires_at_s, make_token().expires_at_s);
}

struct RefusedCase {
  const char* name;
  std::string token;
};

std::vector<RefusedCase> refused() {
  const std::string good = make_token().sign(kKey);
  std::string other_signature = good;
  other_signature.back() = other_signature.back() == 'A' ? 'E' : 'A';
  const auto claims = [](std::string text) { return signed_by(kKey, kHeader, text); };
  return {
      {"Empty", ""},
      {"NoDots", "abc"},
      {"TwoParts", "a.b"},
      {"FourParts", good + ".x"},
      {"OtherKey", make_token().sign(Bytes(32, 0x43))},
      {"EmptyKey", make_token().sign({})},
      {"OtherSignature", other_signature},
      {"NoSignature", good.substr(0, good.rfind('.') + 1)},
      {"SignatureCut", good.substr(0, good.size() - 4)},
      {"Padded", good + "="},
      {"AlgNone", signed_by(kKey, R"({"alg":"none","typ":"JWT"})", kClaims)},
      {"AlgHs512", signed_by(kKey, R"({"alg":"HS512","typ":"JWT"})", kClaims)},
      {"HeaderReordered", signed_by(kKey, R"({"typ":"JWT","alg":"HS256"})", kClaims)},
      {"HeaderWithKid", signed_by(kKey, R"({"alg":"HS256","typ":"JWT","kid":"1"})", kClaims)},
      {"NoJson", claims("hello")},
      {"NoObject", claims("[]")},
      {"NoExp", claims(R"({"iss":"Certwright","sub":"certs","jti":")" + kJti + "\"}")},
      {"ExpIsText",
       claims(R"({"exp":"1767323345","iss":"Certwright","sub":"certs","jti":")" + kJti + "\"}")},
      {"ExpIsFraction",
       claims(R"({"exp":1767323345.5,"iss":"Certwright","sub":"certs","jti":")" + kJti + "\"}")},
      {"OtherIssuer",
       claims(R"({"exp":1767323345,"iss":"Ultraviolet","sub":"certs","jti":")" + kJti + "\"}")},
      {"OtherSubject",
       claims(R"({"exp":1767323345,"iss":"Certwright","sub":"ca","jti":")" + kJti + "\"}")},
      {"NoJti", claims(R"({"exp":1767323345,"iss":"Certwright","sub":"certs"})")},
      {"ShortJti", claims(R"({"exp":1767323345,"iss":"Certwright","sub":"certs","jti":"AAAA"})")},
      {"MoreClaims",
       claims(R"({"exp":1767323345,"iss":"Certwright","sub":"certs","aud":"x","jti":")" + kJti +
              "\"}")},
      {"TooLong", good + std::string(GrantToken::kMaxOctets, 'A')},
  };
}

class GrantTokenRefusal : public ::testing::TestWithParam<RefusedCase> {};

TEST_P(GrantTokenRefusal, IsAlwaysTheSame) {
  const auto token = GrantToken::verify(GetParam().token, kKey);
  ASSERT_FALSE(token.has_value());
  EXPECT_EQ(token.error(), GrantToken::verify("", kKey).error());
  EXPECT_EQ(token.error().code, Errc::unauthenticated);
}

INSTANTIATE_TEST_SUITE_P(Tokens, GrantTokenRefusal, ::testing::ValuesIn(refused()),
                         [](const auto& c) { return std::string(c.param.name); });

}  // namespace
}  // namespace certwright::delivery
