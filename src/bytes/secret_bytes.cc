#include "bytes/secret_bytes.h"

#include <algorithm>
#include <cstring>

#include <sys/mman.h>

namespace certwright {

void wipe_memory(void* data, std::size_t size_octets) noexcept {
  if (size_octets != 0) explicit_bzero(data, size_octets);
}

SecretBytes::SecretBytes(std::size_t size)
    : data_(size == 0 ? nullptr : std::make_unique<std::uint8_t[]>(size)), size_(size) {
  if (size_ != 0) (void)mlock(data_.get(), size_);  // best effort: unprivileged limits are small
}

SecretBytes SecretBytes::copy_of(ByteView bytes) {
  SecretBytes copy(bytes.size());
  std::ranges::copy(bytes, copy.data_.get());
  return copy;
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) {
    wipe();
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

SecretBytes::~SecretBytes() { wipe(); }

// Pages are not unlocked: another secret may live on the same page.
void SecretBytes::wipe() noexcept {
  wipe_memory(data_.get(), size_);
  data_.reset();
  size_ = 0;
}

}  // namespace certwright
