#include "issuance/serial_source.h"

#include <algorithm>
#include <array>

namespace certwright::issuance {

x509::SerialNumber SerialSource::next() {
  std::array<std::uint8_t, 11> random{};
  random_.fill(random);
  const auto ms = static_cast<std::uint64_t>(to_unix_us(clock_.now()) / 1000);
  const std::uint64_t start = (std::uint64_t{random[8]} << 16 | std::uint64_t{random[9]} << 8 | random[10]) & 0x7ffff;
  const std::uint64_t fresh = ms << 20 | start;
  std::uint64_t last = last_id_.load();
  std::uint64_t id;
  do {
    id = std::max(last + 1, fresh);
  } while (!last_id_.compare_exchange_weak(last, id));
  std::array<std::uint8_t, 8> tail{};
  std::copy_n(random.begin(), tail.size(), tail.begin());
  return x509::SerialNumber::from_id(id, tail);
}

void SerialSource::raise(std::uint64_t id) noexcept {
  std::uint64_t last = last_id_.load();
  while (last + 1 < id && !last_id_.compare_exchange_weak(last, id - 1)) {
  }
}

}  // namespace certwright::issuance
