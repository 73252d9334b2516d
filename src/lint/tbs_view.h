#pragma once
#include <vector>

#include "bytes/bytes.h"
#include "clock/clock.h"
#include "der/oid.h"
#include "der/tag.h"
#include "errors/result.h"

namespace certwright::lint {

struct ExtensionView {
  der::Oid oid;
  bool critical = false;
  ByteView value;
};

// TBSCertificate, RFC 5280 section 4.1, as it is written: what other readers smooth over (which form
// of time, an extension that comes twice) stays visible. Views into the octets it was read from.
struct TbsView {
  ByteView tlv;
  std::uint64_t version = 0;      // the INTEGER: 0 is v1, 2 is v3
  ByteView serial_number_content;  // minimal INTEGER content of any sign and length
  ByteView signature_algorithm_tlv;
  ByteView issuer_tlv;
  der::Tag not_before_tag{}, not_after_tag{};
  Time not_before{}, not_after{};
  ByteView subject_tlv;
  ByteView subject_public_key_info_tlv;
  ByteView subject_public_key_bits;
  bool has_unique_ids = false;
  std::vector<ExtensionView> extensions;

  // The first with this OID; null if there is none.
  const ExtensionView* find(const der::Oid& oid) const noexcept;
};

// Strict DER with nothing after it, of at most 64 KiB. Does not look into names, algorithms and
// extension values beyond their being DER of the right outer type (extension values: not at all).
// Errors: bad_encoding, too_large.
Result<TbsView> parse_tbs(ByteView tbs_tlv);

}  // namespace certwright::lint
