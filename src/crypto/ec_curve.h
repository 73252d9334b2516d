#pragma once
// Private to crypto: the NIST curves and the fixed octets around their keys.
#include "bytes/bytes.h"
#include "crypto/algorithm.h"
#include "crypto/openssl_handle.h"

namespace certwright::crypto {

struct EcCurve {
  static constexpr std::size_t kMaxFieldOctets = 66;
  static constexpr std::size_t kMaxPointOctets = 1 + 2 * kMaxFieldOctets;

  std::size_t index;  // of the thread's objects for this curve
  const KeyAlgorithm* algorithm;
  int nid;
  std::size_t field_octets;
  std::uint8_t first_octet_mask;  // of a scalar: P-521 uses one bit of its first octet
  ByteView curve_oid_tlv;
  // SubjectPublicKeyInfo (RFC 5480) up to the point.
  ByteView spki_head;
  // PKCS#8 (RFC 5208, RFC 5915) up to the scalar, and between scalar and point.
  ByteView pkcs8_head;
  ByteView pkcs8_middle;

  std::size_t point_octets() const noexcept { return 1 + 2 * field_octets; }
  std::size_t spki_octets() const noexcept { return spki_head.size() + point_octets(); }

  // Made on first use, shared by all threads, never changed or freed.
  const EC_GROUP* group() const noexcept;
  // A key object of this curve for the calling thread: load a point into it and verify.
  EC_KEY* thread_key() const noexcept;
  BN_CTX* thread_bignum_context() const noexcept;

  // point = scalar * G, uncompressed. False unless 0 < scalar < order.
  bool multiply_generator(ByteView scalar, std::span<std::uint8_t> point) const noexcept;
};

std::span<const EcCurve> ec_curves() noexcept;
// nullptr for a key algorithm that is not ECDSA.
const EcCurve* find_curve(const KeyAlgorithm& algorithm) noexcept;
// nullptr for a curve without a row.
const EcCurve* find_curve_by_nid(int nid) noexcept;

// Whether `signature` is a DER ECDSA-Sig-Value (RFC 3279 section 2.2.3) of two positive INTEGERs of
// at most field_octets each and nothing else.
bool is_strict_ecdsa_signature(ByteView signature, std::size_t field_octets) noexcept;

}  // namespace certwright::crypto
