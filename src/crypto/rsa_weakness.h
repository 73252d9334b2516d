#pragma once
// Private to crypto: RSA moduli whose factors can be found.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bytes/bytes.h"

namespace certwright::crypto {

// Primes below this are tried as factors.
inline constexpr std::uint32_t kTrialDivisionLimit = 1u << 14;

// A 64-bit limb each, least significant first.
std::vector<std::uint64_t> to_limbs(ByteView magnitude);

// The smallest prime below kTrialDivisionLimit that divides the odd number `limbs`; 0 if none does.
std::uint32_t small_factor(std::span<const std::uint64_t> limbs) noexcept;

// Whether the modulus is a power of 65537 modulo each of the first 38 odd primes. The Infineon
// generator of CVE-2017-15361 (ROCA) makes only such; of other moduli one in 2^27 is.
bool has_roca_fingerprint(std::span<const std::uint64_t> limbs) noexcept;

// Whether Fermat's method splits it within 100 steps (CVE-2022-26320), a perfect square included.
bool has_close_factors(ByteView modulus) noexcept;

}  // namespace certwright::crypto
