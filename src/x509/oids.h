#pragma once
// Object identifiers by the names of their standards.
#include "der/oid.h"

namespace certwright::x509::oids {

using der::Oid;

// Attribute types of names: X.520, RFC 4519, RFC 2985.
inline constexpr Oid kCommonName = Oid::of({2, 5, 4, 3});
inline constexpr Oid kSurname = Oid::of({2, 5, 4, 4});
inline constexpr Oid kSerialNumber = Oid::of({2, 5, 4, 5});
inline constexpr Oid kCountryName = Oid::of({2, 5, 4, 6});
inline constexpr Oid kLocalityName = Oid::of({2, 5, 4, 7});
inline constexpr Oid kStateOrProvinceName = Oid::of({2, 5, 4, 8});
inline constexpr Oid kStreetAddress = Oid::of({2, 5, 4, 9});
inline constexpr Oid kOrganizationName = Oid::of({2, 5, 4, 10});
inline constexpr Oid kOrganizationalUnitName = Oid::of({2, 5, 4, 11});
inline constexpr Oid kTitle = Oid::of({2, 5, 4, 12});
inline constexpr Oid kPostalCode = Oid::of({2, 5, 4, 17});
inline constexpr Oid kGivenName = Oid::of({2, 5, 4, 42});
inline constexpr Oid kDomainComponent = Oid::of({0, 9, 2342, 19200300, 100, 1, 25});
inline constexpr Oid kUserId = Oid::of({0, 9, 2342, 19200300, 100, 1, 1});
inline constexpr Oid kEmailAddress = Oid::of({1, 2, 840, 113549, 1, 9, 1});

// Certificate and CRL extensions: RFC 5280 sections 4.2 and 5.2, RFC 6960 section 4.2.2.2.1.
inline constexpr Oid kSubjectKeyIdentifier = Oid::of({2, 5, 29, 14});
inline constexpr Oid kKeyUsage = Oid::of({2, 5, 29, 15});
inline constexpr Oid kSubjectAltName = Oid::of({2, 5, 29, 17});
inline constexpr Oid kIssuerAltName = Oid::of({2, 5, 29, 18});
inline constexpr Oid kBasicConstraints = Oid::of({2, 5, 29, 19});
inline constexpr Oid kCrlNumber = Oid::of({2, 5, 29, 20});
inline constexpr Oid kReasonCode = Oid::of({2, 5, 29, 21});
inline constexpr Oid kInvalidityDate = Oid::of({2, 5, 29, 24});
inline constexpr Oid kDeltaCrlIndicator = Oid::of({2, 5, 29, 27});
inline constexpr Oid kIssuingDistributionPoint = Oid::of({2, 5, 29, 28});
inline constexpr Oid kCertificateIssuer = Oid::of({2, 5, 29, 29});
inline constexpr Oid kNameConstraints = Oid::of({2, 5, 29, 30});
inline constexpr Oid kCrlDistributionPoints = Oid::of({2, 5, 29, 31});
inline constexpr Oid kCertificatePolicies = Oid::of({2, 5, 29, 32});
inline constexpr Oid kPolicyMappings = Oid::of({2, 5, 29, 33});
inline constexpr Oid kAuthorityKeyIdentifier = Oid::of({2, 5, 29, 35});
inline constexpr Oid kPolicyConstraints = Oid::of({2, 5, 29, 36});
inline constexpr Oid kExtKeyUsage = Oid::of({2, 5, 29, 37});
inline constexpr Oid kFreshestCrl = Oid::of({2, 5, 29, 46});
inline constexpr Oid kInhibitAnyPolicy = Oid::of({2, 5, 29, 54});
inline constexpr Oid kAuthorityInfoAccess = Oid::of({1, 3, 6, 1, 5, 5, 7, 1, 1});
inline constexpr Oid kTlsFeature = Oid::of({1, 3, 6, 1, 5, 5, 7, 1, 24});
inline constexpr Oid kOcspBasic = Oid::of({1, 3, 6, 1, 5, 5, 7, 48, 1, 1});
inline constexpr Oid kOcspNonce = Oid::of({1, 3, 6, 1, 5, 5, 7, 48, 1, 2});
inline constexpr Oid kOcspNoCheck = Oid::of({1, 3, 6, 1, 5, 5, 7, 48, 1, 5});

// Extended key usages: RFC 5280 section 4.2.1.12.
inline constexpr Oid kAnyExtendedKeyUsage = Oid::of({2, 5, 29, 37, 0});
inline constexpr Oid kServerAuth = Oid::of({1, 3, 6, 1, 5, 5, 7, 3, 1});
inline constexpr Oid kClientAuth = Oid::of({1, 3, 6, 1, 5, 5, 7, 3, 2});
inline constexpr Oid kCodeSigning = Oid::of({1, 3, 6, 1, 5, 5, 7, 3, 3});
inline constexpr Oid kEmailProtection = Oid::of({1, 3, 6, 1, 5, 5, 7, 3, 4});
inline constexpr Oid kTimeStamping = Oid::of({1, 3, 6, 1, 5, 5, 7, 3, 8});
inline constexpr Oid kOcspSigning = Oid::of({1, 3, 6, 1, 5, 5, 7, 3, 9});

// Access methods (RFC 5280 section 4.2.2.1) and the policy that stands for all.
inline constexpr Oid kAccessOcsp = Oid::of({1, 3, 6, 1, 5, 5, 7, 48, 1});
inline constexpr Oid kAccessCaIssuers = Oid::of({1, 3, 6, 1, 5, 5, 7, 48, 2});
inline constexpr Oid kAnyPolicy = Oid::of({2, 5, 29, 32, 0});

// Keys and signatures: RFC 3279, 4055, 5480, 5758, 8410.
inline constexpr Oid kRsaEncryption = Oid::of({1, 2, 840, 113549, 1, 1, 1});
inline constexpr Oid kRsassaPss = Oid::of({1, 2, 840, 113549, 1, 1, 10});
inline constexpr Oid kSha1WithRsaEncryption = Oid::of({1, 2, 840, 113549, 1, 1, 5});
inline constexpr Oid kSha256WithRsaEncryption = Oid::of({1, 2, 840, 113549, 1, 1, 11});
inline constexpr Oid kSha384WithRsaEncryption = Oid::of({1, 2, 840, 113549, 1, 1, 12});
inline constexpr Oid kSha512WithRsaEncryption = Oid::of({1, 2, 840, 113549, 1, 1, 13});
inline constexpr Oid kEcPublicKey = Oid::of({1, 2, 840, 10045, 2, 1});
inline constexpr Oid kEcdsaWithSha256 = Oid::of({1, 2, 840, 10045, 4, 3, 2});
inline constexpr Oid kEcdsaWithSha384 = Oid::of({1, 2, 840, 10045, 4, 3, 3});
inline constexpr Oid kEcdsaWithSha512 = Oid::of({1, 2, 840, 10045, 4, 3, 4});
inline constexpr Oid kSecp256r1 = Oid::of({1, 2, 840, 10045, 3, 1, 7});
inline constexpr Oid kSecp384r1 = Oid::of({1, 3, 132, 0, 34});
inline constexpr Oid kSecp521r1 = Oid::of({1, 3, 132, 0, 35});
inline constexpr Oid kEd25519 = Oid::of({1, 3, 101, 112});
inline constexpr Oid kSha1 = Oid::of({1, 3, 14, 3, 2, 26});
inline constexpr Oid kSha256 = Oid::of({2, 16, 840, 1, 101, 3, 4, 2, 1});
inline constexpr Oid kSha384 = Oid::of({2, 16, 840, 1, 101, 3, 4, 2, 2});
inline constexpr Oid kSha512 = Oid::of({2, 16, 840, 1, 101, 3, 4, 2, 3});

// Attributes of certification requests: RFC 2985 section 5.4.
inline constexpr Oid kExtensionRequest = Oid::of({1, 2, 840, 113549, 1, 9, 14});
inline constexpr Oid kChallengePassword = Oid::of({1, 2, 840, 113549, 1, 9, 7});

}  // namespace certwright::x509::oids
