#pragma once
#include <optional>

#include "bytes/bytes.h"
#include "clock/clock.h"
#include "x509/extension.h"

namespace certwright::x509 {

// What can be read of a certificate that somebody else made, that Certificate::parse() may refuse,
// and that nobody here trusts: real servers send padded lengths, negative serials, times without
// seconds, extensions twice. Nothing here is checked beyond where it begins and ends, so nothing may
// be copied from here into a certificate without being read strictly first.
// All members are views into the octets that were read, or values; absent means not there, or not
// readable.
struct LenientCertificate {
  std::optional<Time> not_before, not_after;
  ByteView subject_tlv;             // an element with the tag of a SEQUENCE
  ByteView key_algorithm_oid;       // content octets
  ByteView key_parameters_tlv;      // of the key's AlgorithmIdentifier
  std::optional<KeyUsage> key_usage;
  bool has_ext_key_usage = false;
  ByteView subject_alt_name_content;  // the GeneralNames inside the SEQUENCE

  // The next GeneralName of `rest`, which it is cut from. Nothing at the end, or where what follows
  // is no element. `tag` is the identifier octet.
  struct Name {
    std::uint8_t tag;
    ByteView content;
  };
  static std::optional<Name> take_name(ByteView& rest) noexcept;
};

// Never fails: what cannot be read is absent, and so is all behind a part whose end cannot be found.
// Reads definite lengths of any form, ignores what follows the certificate, looks at no more than
// kMaxLenientExtensions extensions and does not recurse. Of an extension that comes twice the first
// counts.
inline constexpr std::size_t kMaxLenientExtensions = 128;
LenientCertificate read_leniently(ByteView der) noexcept;

}  // namespace certwright::x509
