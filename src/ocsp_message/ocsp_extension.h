#pragma once
#include <optional>

#include "bytes/bytes.h"
#include "der/writer.h"

namespace certwright::ocsp_message {

// What a responder and a client need to know of the extensions of a request or response, RFC 6960
// section 4.4. Views into the input; nothing is copied.
struct OcspExtensions {
  struct Nonce {
    ByteView octets;   // inside the OCTET STRING, or the whole value if it is none
    bool well_formed;  // it is an OCTET STRING
    bool critical;
  };
  std::optional<Nonce> nonce;
  bool unknown_critical = false;  // a critical one that is not the nonce

  // Reads SEQUENCE SIZE (1..MAX) OF Extension. Errors: bad_encoding, also for an extension that
  // comes twice; too_large above 16.
  static Result<OcspExtensions> parse(ByteView tlv);
};

// Extensions with only the nonce, RFC 9654 section 2.1.
void write_nonce_extensions(der::Writer& writer, ByteView nonce);

}  // namespace certwright::ocsp_message
