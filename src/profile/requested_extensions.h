#pragma once
// What a certification request's extensions may bring into a certificate.
#include <vector>

#include "errors/result.h"
#include "profile/build.h"
#include "profile/profile.h"
#include "x509/extension.h"

namespace certwright::profile {

// Checks every extension asked for against the profile and returns those to copy, in their order.
// Errors: as build_tbs_certificate(), with the field "extensions[<OID>]".
Result<std::vector<const x509::Extension*>> select_requested_extensions(
    const Profile& profile, const std::vector<x509::Extension>& requested);

// What of `requested` is allowed to be asked for and still is in no certificate of this profile: neither copied,
// nor one that is checked and then decided by profile and CA (names, usages, basic constraints, key identifier).
// In their order.
std::vector<der::Oid> ignored_extensions(const Profile& profile, const x509::Extensions& requested);

// May a profile list this extension as one to copy? False for all that the profile or the CA decides:
// every extension of RFC 5280 (id-ce), AIA and SIA, nocheck, SCTs, Netscape's certificate type.
bool may_be_copied(const der::Oid& oid) noexcept;

}  // namespace certwright::profile
