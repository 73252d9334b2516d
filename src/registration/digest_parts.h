#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "bytes/bytes.h"
#include "crypto/digest.h"
#include "store/records.h"

namespace certwright::registration {

// SHA-256 over a list of parts. Each is preceded by its length, so that no two lists give the same octets.
class DigestParts {
 public:
  void add(ByteView part) {
    const std::uint64_t size = part.size();
    std::array<std::uint8_t, 8> length{};
    for (std::size_t i = 0; i < 8; ++i) length[i] = static_cast<std::uint8_t>(size >> (56 - 8 * i));
    hash_.update(length);
    hash_.update(part);
  }
  void add(std::string_view part) { add(as_bytes(part)); }
  store::Sha256 finish() { return hash_.finish(); }

 private:
  crypto::Sha256 hash_;
};

}  // namespace certwright::registration
