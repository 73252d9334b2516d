#include "delivery/grant_token.h"

#include <algorithm>

#include "crypto/digest.h"
#include "json/value.h"
#include "json/writer.h"

namespace certwright::delivery {
namespace {

constexpr std::string_view kHeaderJson = R"({"alg":"HS256","typ":"JWT"})";
constexpr std::string_view kIssuer = "Certwright";
constexpr std::string_view kSubject = "certs";
constexpr std::size_t kClaims = 4;

tl::unexpected<Error> not_ours() {
  return fail_field(Errc::unauthenticated, "token", "this is not a valid download token");
}

bool is_text(const json::Value* value, std::string_view expected) {
  return value != nullptr && value->if_string() != nullptr && *value->if_string() == expected;
}

}  // namespace

std::string GrantToken::sign(ByteView key) const {
  json::Writer claims;
  claims.begin_object()
      .member("exp", expires_at_s)
      .member("iss", kIssuer)
      .member("sub", kSubject)
      .member("jti", to_base64url(secret))
      .end_object();
  std::string token =
      to_base64url(as_bytes(kHeaderJson)) + "." + to_base64url(as_bytes(claims.text()));
  const auto signature = crypto::hmac_sha256(key, as_bytes(token));
  return token + "." + to_base64url(signature);
}

Result<GrantToken> GrantToken::verify(std::string_view token, ByteView key) {
  if (token.size() > kMaxOctets) return not_ours();
  const std::size_t first = token.find('.'), last = token.rfind('.');
  if (first == std::string_view::npos || first == last) return not_ours();
  const std::string_view payload = token.substr(first + 1, last - first - 1);
  if (payload.find('.') != std::string_view::npos) return not_ours();
  if (token.substr(0, first) != to_base64url(as_bytes(kHeaderJson))) return not_ours();

  const auto signature = from_base64url(token.substr(last + 1));
  const auto expected = crypto::hmac_sha256(key, as_bytes(token.substr(0, last)));
  if (!signature || !equal_constant_time(*signature, expected)) return not_ours();

  const auto text = from_base64url(payload);
  if (!text) return not_ours();
  const auto claims = json::parse(as_text(*text), {.size_octets = kMaxOctets, .depth = 1});
  if (!claims || claims->if_object() == nullptr || claims->if_object()->size() != kClaims)
    return not_ours();
  const json::Value* exp = claims->find("exp");
  const json::Value* jti = claims->find("jti");
  if (!is_text(claims->find("iss"), kIssuer) || !is_text(claims->find("sub"), kSubject) ||
      exp == nullptr || exp->if_int64() == nullptr || jti == nullptr || jti->if_string() == nullptr)
    return not_ours();
  const auto secret = from_base64url(*jti->if_string());
  if (!secret || secret->size() != kSecretOctets) return not_ours();
  GrantToken parsed;
  std::ranges::copy(*secret, parsed.secret.begin());
  parsed.expires_at_s = *exp->if_int64();
  return parsed;
}

}  // namespace certwright::delivery
