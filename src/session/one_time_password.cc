#include "session/one_time_password.h"

#include <string_view>

namespace certwright::session {

SecretBytes make_one_time_password(crypto::Random& random) {
  constexpr std::string_view kAlphabet = "abcdefghjkmnpqrstuvwxyz23456789+";
  constexpr std::size_t kGroups = 4, kGroup = 5;
  SecretBytes octets(kGroups * kGroup), text(kGroups * (kGroup + 1) - 1);
  random.fill(octets.writable());
  std::size_t at = 0;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    if (i != 0 && i % kGroup == 0) text.writable()[at++] = '-';
    text.writable()[at++] = static_cast<std::uint8_t>(kAlphabet[octets.reveal()[i] & 31]);
  }
  return text;
}

}  // namespace certwright::session
