#pragma once
// Certificate profiles: what a certificate may be, as a versioned document.
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bytes/bytes.h"
#include "clock/clock.h"
#include "der/oid.h"
#include "errors/result.h"
#include "json/value.h"
#include "store/records.h"
#include "x509/extension.h"
#include "x509/general_name.h"

namespace certwright::profile {

// How long a private key that we generated for the holder is kept.
enum class KeyRetention : std::uint8_t { until_expiry, erase_after_delivery };

// Names of one type that a certificate may carry. A name is accepted if no deny pattern matches it
// and, where there are allow patterns, one of them does. Patterns: exact text, or `*` for one or more
// characters ("*.example.com" also matches "a.b.example.com"); IPs by CIDR prefix; URIs part by part.
struct NameRule {
  bool permitted = false;
  std::vector<std::string> allow;
  std::vector<std::string> deny;

  friend bool operator==(const NameRule&, const NameRule&) = default;
};

struct SubjectRule {
  bool common_name_required = false;
  std::vector<std::string> settable;  // attributes a requester may set: "common_name", ...
  std::vector<std::pair<std::string, std::string>> fixed;  // attribute, value: always there
  // A common name that is a valid name of a permitted SAN type is added to the SANs (CN-only CSRs).
  bool common_name_to_san = true;

  friend bool operator==(const SubjectRule&, const SubjectRule&) = default;
};

struct CopyRule {  // a CSR extension that may be copied verbatim
  der::Oid oid;
  std::size_t size_octets_max = 16'384;

  friend bool operator==(const CopyRule&, const CopyRule&) = default;
};

// Which keys interception certificates get.
enum class InterceptionKeys : std::uint8_t {
  like_upstream,  // P-256, P-384, RSA-2048, Ed25519 (SM2): the kind the upstream has
  always_p256,
};
// RSA keys come from a pool. What an RSA upstream gets when that is empty.
enum class RsaPoolDry : std::uint8_t { p256, refuse };

// Makes a profile one of the UDP certificate generator, and of no other door: names and dates follow
// an upstream certificate (profile/interception.h).
struct InterceptionRule {
  InterceptionKeys keys = InterceptionKeys::like_upstream;
  RsaPoolDry rsa_pool_dry = RsaPoolDry::p256;
  Seconds ttl_max{86'400};  // the longest that a client is told to keep an answer

  friend bool operator==(const InterceptionRule&, const InterceptionRule&) = default;
};

// A version never changes: a change is a new version (store::ProfileRecord).
struct Profile {
  std::string name;
  std::uint32_t version = 0;
  std::string description;
  bool internal = false;  // only the CA itself may use it; no door can name it

  Seconds validity_default{};
  Seconds validity_max{};
  Seconds backdate{};  // notBefore = now - backdate

  std::vector<std::string> key_algorithms;  // crypto's names; the first is what we generate
  std::vector<std::string> key_usage;       // RFC 5280 4.2.1.3 names; keyEncipherment: RSA keys only
  std::vector<der::Oid> extended_key_usage;
  bool ca = false;
  bool interception_ca = false;  // what it makes are CAs that intercept; ca only
  std::optional<std::uint32_t> path_length;  // of the certificates issued; ca only
  bool ocsp_nocheck = false;                 // id-pkix-ocsp-nocheck; internal only
  bool ocsp_url = true;                      // AIA carries the OCSP URL, if the CA has one

  SubjectRule subject;
  NameRule dns, ip, email, uri;
  bool dns_wildcards = false;
  std::size_t names_max = 100;
  bool names_required = false;  // at least one SAN

  std::vector<CopyRule> copy_extensions;
  KeyRetention key_retention = KeyRetention::until_expiry;
  store::RecordLevel record_level = store::RecordLevel::full;  // aggregate: interception only
  std::optional<InterceptionRule> interception;

  friend bool operator==(const Profile&, const Profile&) = default;
};

// Is it a profile of the hierarchy that intercepts, for its CAs or for what they issue? Such and others
// never share a root. What it says of itself decides, not its rights: other CAs too are for TLS servers only.
inline bool is_of_interception(const Profile& profile) {
  return profile.interception.has_value() || profile.interception_ca;
}

// Reads and checks a document; README.md describes its members. Errors: invalid with the field, also
// for a member that is not known (with the nearest one that is); too_large. Rights are checked against each
// other: OCSPSigning only when internal; keyCertSign iff ca; no copied extension that the profile or
// the CA itself decides (basicConstraints, key usages, SKI, AKI, SAN, CRL points, AIA, name
// constraints, policies, nocheck, SCTs, must-staple unless listed); validity_max <= 50 years; an
// interception profile has record level aggregate, purpose serverAuth and nothing to copy; one of CAs
// that intercept has purpose serverAuth.
Result<Profile> parse_profile(const json::Value& document);
// The same for a document that was published before, perhaps by an older version: a rule that came later
// does not stop a server that is upgraded. What such a rule refuses is read as more cautious: certificates
// are kept whole. Errors: as parse_profile(), for what no version would have taken.
Result<Profile> load_profile(const json::Value& document);
std::string write_profile(const Profile& profile);  // parse_profile(write_profile(p)) == p

// The documents shipped with the product, version 1: tls-server, tls-client, tls-server-client,
// intermediate-ca, code-signing, email-protection, ocsp-responder (internal), interception-ca,
// interception.
std::vector<Profile> shipped_profiles();

}  // namespace certwright::profile
