#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "bytes/bytes.h"
#include "bytes/secret_bytes.h"
#include "gateway/certgen/request.h"

namespace certwright::gateway::certgen {

// The client's buffer: a longer answer reaches it cut off, and is dropped.
inline constexpr std::size_t kResponseOctetsMax = 16'384;

// An answer is a map of six in the order 1 host, 2 service, 6 usage, 3 cert, 4 key, 5 ttl: what the
// client sent, then what does not depend on the client, then what depends on the time. The three parts
// are sent as they lie, one after another.

// What the client sent. Octets needed for a host of this size, at most.
inline constexpr std::size_t kHeadOctetsMax = 12;
constexpr std::size_t head_octets_max(std::size_t host_octets) noexcept { return kHeadOctetsMax + host_octets; }
// Writes into `buffer`, of at least head_octets_max() octets; returns how many it took.
std::size_t encode_head(const Request& request, std::span<std::uint8_t> buffer) noexcept;

// `chain_pem`: the leaf, then its issuers. `key_der`: as OpenSSL's d2i_AutoPrivateKey reads it.
SecretBytes encode_body(std::string_view chain_pem, ByteView key_der);
std::size_t body_octets(std::size_t chain_pem_octets, std::size_t key_octets) noexcept;

inline constexpr std::size_t kTailOctetsMax = 6;
std::size_t encode_tail(std::uint32_t ttl_s, std::span<std::uint8_t, kTailOctetsMax> buffer) noexcept;

// An answer as a client reads it.
struct Response {
  std::string host;
  std::uint8_t service = kServiceHttp;
  issuance::InterceptionUsage usage = issuance::InterceptionUsage::tls_server;
  std::string chain_pem;
  SecretBytes private_key;
  bool key_is_pem = false;
  std::uint32_t ttl_s = 0;  // 0: the client's own choice
};

// Reads an answer as g3proxy does: keys by name or number in any order, unknown ones ignored; cert is
// PEM as text, octets or an array of them; key is PEM as text or DER as octets; ttl a number or its
// decimal text.
// Errors: bad_encoding where the client would drop the answer; too_large over kResponseOctetsMax.
Result<Response> decode_response(ByteView datagram);

}  // namespace certwright::gateway::certgen
