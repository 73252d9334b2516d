#include "session/csrf.h"

#include "bytes/bytes.h"
#include "crypto/digest.h"

namespace certwright::session {

std::string csrf_token(std::string_view session_id) {
  return to_base64url(crypto::hmac_sha256(as_bytes(session_id), as_bytes("certwright csrf token")));
}

bool is_csrf_token(std::string_view session_id, std::string_view presented) noexcept {
  return equal_constant_time(as_bytes(csrf_token(session_id)), as_bytes(presented));
}

}  // namespace certwright::session
