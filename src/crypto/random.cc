#include "crypto/random.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include <pthread.h>

#include "bytes/secret_bytes.h"
#include "crypto/digest.h"
#include "crypto/openssl_handle.h"

namespace certwright::crypto {
namespace {

// The library's private generator, one per thread, reseeded by itself and after a fork.
void fill_from_library(std::uint8_t* out, std::size_t size_octets) noexcept {
  constexpr std::size_t kMaxRequest = 1u << 20;
  while (size_octets != 0) {
    const std::size_t part = std::min(size_octets, kMaxRequest);
    if (RAND_priv_bytes(out, static_cast<int>(part)) != 1) abort_without("random numbers");
    out += part;
    size_octets -= part;
  }
}

// Counts forks, so that a child drops what its parent had drawn ahead.
std::atomic<std::uint32_t>& fork_count() noexcept {
  static std::atomic<std::uint32_t> count{0};
  static const bool registered =
      pthread_atfork(nullptr, nullptr, [] { fork_count().fetch_add(1); }) == 0;
  if (!registered) abort_without("watching for forks");
  return count;
}

struct RandomBuffer {
  static constexpr std::size_t kOctets = 512;
  std::array<std::uint8_t, kOctets> octets;
  std::size_t used = kOctets;
  std::uint32_t forks = 0;
  ~RandomBuffer() { wipe_memory(octets.data(), octets.size()); }
};

}  // namespace

void SystemRandom::fill(std::span<std::uint8_t> out) noexcept {
  constexpr std::size_t kLargestBuffered = 64;
  if (out.empty()) return;
  if (out.size() > kLargestBuffered) return fill_from_library(out.data(), out.size());
  thread_local RandomBuffer buffer;
  const std::uint32_t forks = fork_count().load(std::memory_order_relaxed);
  if (buffer.used + out.size() > RandomBuffer::kOctets || buffer.forks != forks) {
    fill_from_library(buffer.octets.data(), RandomBuffer::kOctets);
    buffer.used = 0;
    buffer.forks = forks;
  }
  std::uint8_t* const from = buffer.octets.data() + buffer.used;
  std::memcpy(out.data(), from, out.size());
  wipe_memory(from, out.size());
  buffer.used += out.size();
}

void DeterministicRandom::fill(std::span<std::uint8_t> out) noexcept {
  const std::lock_guard lock(mutex_);
  for (std::uint8_t& octet : out) {
    if (used_ == block_.size()) {
      std::array<std::uint8_t, 16> input;
      for (std::size_t i = 0; i < 8; ++i) {
        input[i] = static_cast<std::uint8_t>(seed_ >> (8 * i));
        input[8 + i] = static_cast<std::uint8_t>(counter_ >> (8 * i));
      }
      block_ = sha256(input);
      ++counter_;
      used_ = 0;
    }
    octet = block_[used_++];
  }
}

}  // namespace certwright::crypto
