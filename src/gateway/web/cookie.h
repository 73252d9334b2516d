#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace certwright::gateway::web {

// The prefix binds the cookie to this very host, and to HTTPS (RFC 6265bis section 4.1.3.2).
inline constexpr std::string_view kSessionCookie = "__Host-certwright";

// The value of the session's cookie: 43 characters of base64url. Nothing if there is none, if it has
// another form, or if there are two: somebody planted one of them.
std::optional<std::string> session_cookie(const http::Headers& headers);

// Values for Set-Cookie: a session of the browser's, kept from scripts and from what other sites send, but
// for links that lead here; and its end.
std::string set_session_cookie(std::string_view id);
std::string clear_session_cookie();

}  // namespace certwright::gateway::web
