#pragma once
// Random octets, injected like Clock, so that a test can reproduce a certificate.
#include <array>
#include <cstdint>
#include <mutex>
#include <span>

#include "bytes/bytes.h"

namespace certwright::crypto {

class Random {
 public:
  virtual ~Random() = default;
  // Fills all of `out`; safe to call from any thread. Cannot fail: an implementation that has no
  // randomness ends the process, because a certificate without it must never be signed.
  virtual void fill(std::span<std::uint8_t> out) noexcept = 0;
};

// The operating system's randomness through the library's CSPRNG. Small requests (serials, nonces,
// tokens) are served from a buffer of the calling thread; an octet leaves it once and is wiped
// there. A forked child never sees its parent's buffer.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) noexcept override;
};

// FOR TESTS ONLY: a stream that its seed decides (SHA-256 in counter mode). Predictable.
class DeterministicRandom final : public Random {
 public:
  explicit DeterministicRandom(std::uint64_t seed) noexcept : seed_(seed) {}
  void fill(std::span<std::uint8_t> out) noexcept override;

 private:
  std::mutex mutex_;
  std::uint64_t seed_;
  std::uint64_t counter_ = 0;
  std::array<std::uint8_t, 32> block_{};
  std::size_t used_ = 32;
};

}  // namespace certwright::crypto
