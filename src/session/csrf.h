#pragma once
// A cookie goes along with whatever a browser sends, whoever made it send that. So a form or script of ours
// also shows that it could read one of our pages: by the session's CSRF token.
#include <string>
#include <string_view>

namespace certwright::session {

// HMAC-SHA-256 under the session's id, 43 characters of base64url: nothing to store, another for each
// session, and says nothing of the id.
std::string csrf_token(std::string_view session_id);

// In constant time.
bool is_csrf_token(std::string_view session_id, std::string_view presented) noexcept;

}  // namespace certwright::session
