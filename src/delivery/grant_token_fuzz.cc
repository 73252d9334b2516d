// Whatever verifies was signed by us: it signs again to the same text. The first octet chooses
// whether the rest is a token, or a payload that is signed first, so that claims are reached.
#include <cstdlib>
#include <string>

#include "crypto/digest.h"
#include "delivery/grant_token.h"

using namespace certwright;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes key(32, 1);
  std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] & 1) {
    text = to_base64url(as_bytes(R"({"alg":"HS256","typ":"JWT"})")) + "." +
           to_base64url(as_bytes(text));
    text += "." + to_base64url(crypto::hmac_sha256(key, as_bytes(text)));
  }
  const auto token = delivery::GrantToken::verify(text, key);
  if (!token) return 0;
  const auto again = delivery::GrantToken::verify(token->sign(key), key);
  if (!again || again->secret != token->secret || again->expires_at_s != token->expires_at_s)
    std::abort();
  return 0;
}
