#pragma once
// Key usage (RFC 5280 section 4.2.1.3) of a profile, cut to what a kind of key can do.
#include "crypto/algorithm.h"
#include "profile/profile.h"
#include "x509/extension.h"

namespace certwright::profile {

// What certificates of such keys may say: RSA neither keyAgreement nor what depends on it
// (RFC 3279 section 2.3.1), elliptic-curve keys no encipherment (RFC 8813 section 3), Ed25519 and
// the post-quantum signatures only signing (RFC 8410 section 5, RFC 9881 section 3).
x509::KeyUsage possible_key_usage(crypto::KeyFamily family) noexcept;

// The profile's key usage for such a key. Names that are no key usage are left out (parse_profile()
// lets none pass); encipherOnly and decipherOnly go where keyAgreement goes. May be empty.
x509::KeyUsage key_usage_for(const Profile& profile, crypto::KeyFamily family) noexcept;

}  // namespace certwright::profile
