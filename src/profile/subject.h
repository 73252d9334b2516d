#pragma once
// The subject of a certificate: the names of its attributes in documents and requests, and the
// template that a profile lays over what is asked for.
#include <optional>
#include <span>
#include <string_view>

#include "der/oid.h"
#include "errors/result.h"
#include "profile/build.h"
#include "profile/profile.h"
#include "x509/name.h"

namespace certwright::profile {

// "common_name", "organization", "organizational_unit", "country", "state_or_province", "locality",
// "street_address", "postal_code", "serial_number", "email_address", "user_id", "domain_component",
// "surname", "given_name", "title".
std::span<const std::string_view> subject_attribute_names() noexcept;
std::optional<der::Oid> subject_attribute_oid(std::string_view name) noexcept;
// The other way; empty for a type without a name here.
std::string_view subject_attribute_name(const der::Oid& oid) noexcept;

// The attributes asked for, in their order, after those fixed attributes that the request leaves
// out. One RDN per attribute; only organizational_unit and domain_component may come twice.
// Errors: policy for an attribute that the profile does not let a requester set, a fixed one with
// another value, a missing common name; invalid for a value. The field is "subject.<attribute>".
Result<x509::Name> build_subject(const Profile& profile, const CertificateRequest& request);

}  // namespace certwright::profile
