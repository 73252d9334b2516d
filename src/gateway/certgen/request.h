#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "bytes/bytes.h"
#include "errors/result.h"
#include "issuance/interception.h"

namespace certwright::gateway::certgen {

// The largest datagram of IPv4; ours is never truncated.
inline constexpr std::size_t kRequestOctetsMax = 65'507;
// A longer host could not be echoed beside a certificate. SNI is at most 255.
inline constexpr std::size_t kHostOctetsMax = 4'096;

// TLS service types of the protocol. Only echoed, so others are kept as they came.
inline constexpr std::uint8_t kServiceHttp = 0, kServiceSmtp = 1, kServiceImap = 2;

// One request. Views into the datagram, or into the decoder where the datagram had another form.
struct Request {
  std::string_view host;  // any octets, may be empty
  std::uint8_t service = kServiceHttp;
  issuance::InterceptionUsage usage = issuance::InterceptionUsage::tls_server;
  ByteView upstream_certificate;  // DER, not looked at; empty if there was none

  friend bool operator==(const Request& a, const Request& b) noexcept;
};

// Reads requests as g3proxy and older clients send them, and more leniently than g3fcgen does, whose
// silence costs the client ten seconds of refused connections:
// - a map with keys by number (1 host, 2 service, 3 cert, 4 usage) or by name in any case, `-` for `_`;
//   or, as the oldest clients do, the host alone. Unknown keys and what follows the first value are
//   ignored; of duplicate keys the last one wins.
// - host: text, octets or an integer (its decimal text). service, usage: a number, or a name in any
//   case with or without `_`. cert: PEM (the first certificate) or DER, as text or as octets.
// - a certificate that cannot be used, whatever it is, is as none.
// Errors: bad_encoding if there is no host, or it is no MessagePack of this kind; invalid for a usage
// that is not in the protocol or a service that is no name of it and no number below 256; too_large for
// a host over kHostOctetsMax.
class RequestDecoder {
 public:
  // Valid until the next call, and as long as the datagram.
  Result<Request> decode(ByteView datagram);

 private:
  std::string number_;  // a host that was an integer
  Bytes der_;           // a certificate that was PEM
};

// The form g3proxy sends: numbers for keys, in the order 1 2 4 3, the certificate as octets.
Bytes encode_request(const Request& request);

// The protocol's names, for people: "http", "tls_server"; a service without a name as its number.
std::string service_name(std::uint8_t service);
std::string_view usage_name(issuance::InterceptionUsage usage) noexcept;
// Names and decimal numbers. Errors: invalid.
Result<std::uint8_t> parse_service(std::string_view text);
Result<issuance::InterceptionUsage> parse_usage(std::string_view text);

}  // namespace certwright::gateway::certgen
