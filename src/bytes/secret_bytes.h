#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "bytes/bytes.h"

namespace certwright {

// Octets that must not outlive their use: private keys, key-encryption keys, tokens.
// Move-only; the memory is wiped on destruction, on assignment and on move, and locked against
// swapping where RLIMIT_MEMLOCK allows. There is no conversion to Bytes and no stream operator:
// reveal() is the one grep-able way to look.
class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(std::size_t size);  // zero-filled
  static SecretBytes copy_of(ByteView bytes);
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes();

  ByteView reveal() const noexcept { return {data_.get(), size_}; }
  std::span<std::uint8_t> writable() noexcept { return {data_.get(), size_}; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  SecretBytes clone() const { return copy_of(reveal()); }

 private:
  void wipe() noexcept;
  std::unique_ptr<std::uint8_t[]> data_;
  std::size_t size_ = 0;
};

// Overwrites memory in a way the compiler may not drop.
void wipe_memory(void* data, std::size_t size_octets) noexcept;
inline void wipe(Bytes& bytes) noexcept { wipe_memory(bytes.data(), bytes.size()); bytes.clear(); }
inline void wipe(std::string& text) noexcept { wipe_memory(text.data(), text.size()); text.clear(); }

// Room for `more` octets in a Bytes or a std::string that may hold a secret: where it has to move, its
// old place is wiped. Grows as push_back() does.
template <class Octets>
void reserve_wiping(Octets& octets, std::size_t more) {
  if (octets.capacity() - octets.size() >= more) return;
  Octets larger;
  larger.reserve(std::max(2 * octets.capacity(), octets.size() + more));
  larger.assign(octets.begin(), octets.end());
  wipe(octets);
  octets.swap(larger);
}

}  // namespace certwright
