#pragma once
// Which sign-in names there are, and which passwords are worth the trouble (NIST SP 800-63B section 5.1.1:
// length counts, composition does not).
#include <string>
#include <string_view>

#include "errors/result.h"

namespace certwright::session {

inline constexpr std::size_t kMinPasswordCharacters = 12;
inline constexpr std::size_t kMaxPasswordCharacters = 128;
inline constexpr std::size_t kMaxSignInNameOctets = 254;

// The form in which sign-in names are stored and compared: ASCII in lower case, blanks at the ends taken
// away. Errors: invalid, field "sign_in_name", unless it is then 1 to 254 octets of UTF-8 in NFC without
// control characters.
Result<std::string> sign_in_name_of(std::string_view text);

// May this password be chosen? `sign_in_name` as sign_in_name_of() gives it. Errors: invalid, field
// "new_password": not UTF-8, not in NFC, control characters, under 12 or over 128 characters, (almost) the
// sign-in name, too few different characters, or among the first that anybody tries.
Result<void> check_new_password(std::string_view password, std::string_view sign_in_name);

}  // namespace certwright::session
