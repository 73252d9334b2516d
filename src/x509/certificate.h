#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bytes/bytes.h"
#include "clock/clock.h"
#include "der/encoding.h"
#include "x509/algorithm_identifier.h"
#include "x509/extension.h"
#include "x509/name.h"
#include "x509/serial_number.h"
#include "x509/subject_public_key_info.h"

namespace certwright::x509 {

// Certificate, RFC 5280 section 4.1. Owns its octets; copying copies them, moving keeps views
// valid. Views stay valid as long as the Certificate they came from (or was moved to). Immutable,
// so it may be shared between threads.
class Certificate {
 public:
  static constexpr std::size_t kMaxOctets = 64 * 1024;

  // Strict DER with nothing after it. Reads what the field has: any version with the fields it may
  // have, serials of up to 64 octets with any sign, empty subjects, unknown extensions.
  // Inner and outer signature algorithm must be equal, byte for byte.
  // Does not verify the signature, does not check that notBefore <= notAfter (lint does), and does
  // not look into extension values except for those it has a function for, when that is called.
  // Errors: bad_encoding, too_large.
  static Result<Certificate> parse(Bytes der);

  ByteView der() const noexcept { return der_; }
  ByteView tbs_tlv() const noexcept { return view(tbs_); }
  int version() const noexcept { return version_; }  // 1, 2 or 3
  // Errors: bad_encoding where the serial is not one that RFC 5280 lets a CA issue.
  Result<SerialNumber> serial_number() const;
  ByteView serial_number_content() const noexcept { return view(serial_); }  // INTEGER content
  ByteView signature_algorithm_tlv() const noexcept { return view(signature_algorithm_); }
  ByteView issuer_tlv() const noexcept { return view(issuer_); }
  Time not_before() const noexcept { return not_before_; }
  Time not_after() const noexcept { return not_after_; }
  ByteView subject_tlv() const noexcept { return view(subject_); }
  ByteView subject_public_key_info_tlv() const noexcept { return view(spki_); }
  ByteView subject_public_key() const noexcept { return view(key_bits_); }
  const Extensions& extensions() const noexcept { return extensions_; }
  const Extension* find_extension(const der::Oid& oid) const noexcept {
    return extensions_.find(oid);
  }
  ByteView signature_value() const noexcept { return view(signature_); }  // whole octets

  Name issuer() const;
  Name subject() const;
  // Issuer and subject are the same octets. Says nothing about who signed it.
  bool is_self_issued() const noexcept;
  // A well-formed basicConstraints with cA TRUE.
  bool is_ca() const noexcept;
  // Empty if absent or malformed.
  Bytes subject_key_identifier() const;
  Bytes authority_key_identifier() const;
  // Empty if absent. Errors: bad_encoding.
  Result<std::vector<GeneralName>> subject_alt_names() const;
  std::string pem() const;

  friend bool operator==(const Certificate& a, const Certificate& b) noexcept {
    return a.der_ == b.der_;
  }

 private:
  struct Range {
    std::uint32_t offset = 0, size = 0;
  };
  Certificate() = default;
  Range range_of(ByteView part) const noexcept;
  ByteView view(Range r) const noexcept { return ByteView(der_).subspan(r.offset, r.size); }
  Result<void> parse_tbs(ByteView tbs_content);

  Bytes der_;
  Range tbs_, serial_, signature_algorithm_, issuer_, subject_, spki_, key_bits_, signature_;
  int version_ = 1;
  Time not_before_{}, not_after_{};
  Extensions extensions_;
};

// The certificates of a PEM text, in order; at least one. Errors: bad_encoding, too_large.
Result<std::vector<Certificate>> parse_certificates_pem(std::string_view pem);

}  // namespace certwright::x509
