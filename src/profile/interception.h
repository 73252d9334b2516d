#pragma once
// Interception certificates: what a server's certificate lends to the one that stands in for it.
// Rights are never lent: extKeyUsage is serverAuth, keyUsage the upstream's cut to what a TLS server
// does, names are host names and addresses that the upstream has, and nothing else is copied.
#include <optional>
#include <string_view>

#include "crypto/algorithm.h"
#include "der/encoding.h"
#include "profile/build.h"
#include "profile/interception_usage.h"
#include "profile/profile.h"
#include "x509/serial_number.h"

namespace certwright::profile {

// An upstream certificate that is larger is not looked at.
inline constexpr std::size_t kUpstreamOctetsMax = 65'507;
// Names beyond it are trimmed whatever is asked for, so that there is room for the rest of a
// certificate below x509::Certificate::kMaxOctets.
inline constexpr std::size_t kInterceptionNamesOctetsMax = 48 * 1024;

// Of an upstream's subject, which has no limit of its own: with a longer one no answer would fit.
inline constexpr std::size_t kInterceptionSubjectOctetsMax = 1024;

struct InterceptionSource {
  std::string_view host;           // as a client sent it: any octets
  InterceptionUsage usage = InterceptionUsage::tls_server;
  ByteView upstream_certificate;   // DER, or anything, or empty
  std::size_t names_octets_max = kInterceptionNamesOctetsMax;  // of all GeneralNames with their tags
};

// Everything of a certificate but its key and its serial.
struct InterceptionPlan {
  Bytes subject_tlv;               // a Name; 30 00 for none
  Bytes names;                     // GeneralNames, one behind the other; empty: no subjectAltName
  Time not_before{}, not_after{};  // whole seconds, not after the issuer's end, in order
  bool expired = false;            // the upstream is: its dates are kept
  std::string_view key_algorithm;  // what to make if it can be had: crypto's name, or "sm2"
  InterceptionUsage usage = InterceptionUsage::tls_server;
  std::optional<x509::KeyUsage> upstream_key_usage;
  bool identity_from_upstream = false;  // subject and names are the upstream's; else made of the host
  bool names_trimmed = false;
};

// What a certificate for `source` looks like under a profile with an InterceptionRule:
//   subject    the upstream's, byte for byte, if it is a well-formed Name that x509::Name::check_characters() takes,
//              of at most kInterceptionSubjectOctetsMax
//   names      the upstream's dNSNames and iPAddresses that are well formed, none twice, at most
//              x509::kMaxGeneralNames; where they exceed names_octets_max, only those that cover
//              `host` (as many as fit, at least one), or the first ones if none does
//   validity   the upstream's cut to the issuer's; an expired upstream keeps its dates, and one that
//              is not valid yet begins when it begins
//   key        by the rule's policy
// Without upstream, or where that has neither subject nor names: CN and name are the host (IDNA,
// IPv4, IPv6, with or without brackets, one wildcard label), with the profile's default validity. A
// host over 64 characters is a name only. What is no host name at all gives a subject that says so.
// Never fails. `issuer` is alive at `now`.
InterceptionPlan plan_interception(const Profile& profile, const InterceptionSource& source,
                                   const Issuer& issuer, Time now);

// keyUsage of a certificate with this key: usages 11 and 12 have their own; 1 has digitalSignature,
// keyEncipherment and keyAgreement as far as the key can; 0 has what upstream has of these three and
// the key can, and always digitalSignature, which every handshake of today needs.
x509::KeyUsage interception_key_usage(InterceptionUsage usage,
                                      const std::optional<x509::KeyUsage>& upstream,
                                      std::string_view key_algorithm) noexcept;
// May a certificate under an interception profile have this keyUsage with a key of this family?
bool is_interception_key_usage(x509::KeyUsage usage, std::optional<crypto::KeyFamily> family) noexcept;
// Host names as they are found in the field: also `_`, and up to 255 octets.
bool is_interception_dns_name(std::string_view name) noexcept;

// The parts of all certificates of one issuer, encoded once. Immutable; any thread.
class InterceptionTemplate {
 public:
  explicit InterceptionTemplate(const Issuer& issuer);
  // `spki_tlv` is a well-formed SubjectPublicKeyInfo. Extensions: keyUsage (critical), extKeyUsage,
  // subjectAltName (critical if the subject is empty), subjectKeyIdentifier, authorityKeyIdentifier.
  // Errors: invalid if spki_tlv is not one.
  Result<der::TbsCertificateDer> build(const InterceptionPlan& plan, const x509::SerialNumber& serial,
                                       ByteView spki_tlv, std::string_view key_algorithm) const;

 private:
  Bytes signature_and_issuer_;
  Bytes ext_key_usage_;
  Bytes authority_key_identifier_;
};

}  // namespace certwright::profile
