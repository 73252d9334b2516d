#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "bytes/bytes.h"
#include "clock/clock.h"
#include "der/encoding.h"
#include "der/reader.h"
#include "x509/extension.h"
#include "x509/name.h"
#include "x509/revocation_reason.h"
#include "x509/serial_number.h"

namespace certwright::x509 {

// An entry of revokedCertificates, RFC 5280 section 5.1.2.6. Views into the list.
struct RevokedCertificate {
  ByteView serial_number_content;  // INTEGER content
  Time revocation_date{};
  RevocationReason reason = RevocationReason::unspecified;  // also if the entry gives none
  std::optional<Time> invalidity_date;
  bool unknown_critical_extension = false;  // certificateIssuer counts as unknown
};

// CertificateList, RFC 5280 section 5.1. Owns its octets. Immutable.
class CertificateList {
 public:
  static constexpr std::size_t kMaxOctets = 256 * 1024 * 1024;

  // Strict DER with nothing after it; every entry is checked once, in one pass without copying.
  // Versions 1 and 2; inner and outer signature algorithm must be equal. Does not verify the
  // signature, and does not check order or uniqueness of serials.
  // Errors: bad_encoding, too_large.
  static Result<CertificateList> parse(Bytes der);

  // Walks the entries; the list must outlive it.
  class Entries {
   public:
    // False at the end.
    bool next(RevokedCertificate& entry);

   private:
    friend class CertificateList;
    explicit Entries(ByteView content) noexcept : reader_(content) {}
    der::Reader reader_;
  };
  Entries entries() const noexcept { return Entries(view(entries_)); }
  std::size_t size() const noexcept { return size_; }
  // Scans from the front. For one look-up; build an index for many.
  std::optional<RevokedCertificate> find(ByteView serial_number_content) const;

  ByteView der() const noexcept { return der_; }
  ByteView tbs_tlv() const noexcept { return view(tbs_); }
  int version() const noexcept { return version_; }
  ByteView signature_algorithm_tlv() const noexcept { return view(signature_algorithm_); }
  ByteView issuer_tlv() const noexcept { return view(issuer_); }
  Name issuer() const;
  Time this_update() const noexcept { return this_update_; }
  std::optional<Time> next_update() const noexcept { return next_update_; }
  const Extensions& extensions() const noexcept { return extensions_; }
  ByteView signature_value() const noexcept { return view(signature_); }

 private:
  struct Range {
    std::uint32_t offset = 0, size = 0;
  };
  CertificateList() = default;
  Range range_of(ByteView part) const noexcept;
  ByteView view(Range r) const noexcept { return ByteView(der_).subspan(r.offset, r.size); }
  Result<void> parse_tbs(ByteView tbs_content);

  Bytes der_;
  Range tbs_, signature_algorithm_, issuer_, entries_, signature_;
  int version_ = 1;
  std::size_t size_ = 0;
  Time this_update_{};
  std::optional<Time> next_update_;
  Extensions extensions_;
};

// Appends one entry to `out`, so that a CRL is built from entries that were encoded when their
// certificates were revoked. `unspecified` is left out, as RFC 5280 section 5.3.1 asks.
void encode_revoked_entry(const SerialNumber& serial_number, Time revocation_date,
                          RevocationReason reason, Bytes& out);

// Always v2. Times are truncated to seconds.
struct TbsCertList {
  Bytes signature_algorithm_tlv;
  Bytes issuer_tlv;
  Time this_update{};
  Time next_update{};
  Extensions extensions;  // authorityKeyIdentifier and cRLNumber at least
};
// A CertificateList that is made in one buffer, because one of megabytes costs more to copy than to
// hash: the TBSCertList is written where it stays, and signed there.
class CertificateListBuffer {
 public:
  // `revoked_entries` is encode_revoked_entry()'s output, concatenated; it may be empty, and
  // revokedCertificates is then absent. One copy is made, also for a million entries; a list that is
  // costly to move has room for any signature. Errors: invalid as for TbsCertificate.
  static Result<CertificateListBuffer> begin(const TbsCertList& fields, ByteView revoked_entries);
  // Valid as long as any copy of it. Let it go before finish().
  der::SharedTbsCertListDer tbs() const;
  // The whole list. Errors: internal if a tbs() is still held.
  Result<std::shared_ptr<const Bytes>> finish(ByteView signature_algorithm_tlv,
                                              ByteView signature) &&;

 private:
  CertificateListBuffer(std::shared_ptr<Bytes> octets, std::size_t offset)
      : octets_(std::move(octets)), tbs_offset_(offset) {}
  std::shared_ptr<Bytes> octets_;  // room for the outer header, then the TBSCertList
  std::size_t tbs_offset_;
};

}  // namespace certwright::x509
